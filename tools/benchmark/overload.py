"""What a node does when it is asked for more than it can do: `tools/bench --overload`.

Requests come in an open loop, so a node that falls behind gets no fewer. Eight contacts of the node ping it meanwhile, one after
the other."""

import contextlib
import pathlib
import statistics
import tempfile
import threading

import nodes
import page

KINDS = ["find_nothing", "store_unsigned"]
# Parts of what the node answers a second in a closed loop.
FACTORS = [0.5, 1.0, 2.0]
# Many peers, so that the limits for each one keep nothing back. What is answered after a second comes too late.
FULL = {"identities": 24001, "window": 32, "seconds": 3.0, "open_seconds": 6.0, "patience_seconds": 1.0, "contact_pings": 8.0}
QUICK = FULL | {"identities": 3001, "seconds": 0.3, "open_seconds": 1.0}
REPETITIONS = 3
MEMORY_EVERY = 0.05


def measured(programs, place, is_quick=False, repetitions=REPETITIONS):
    """Rows of all kinds and factors, in turns: `{"peaks": {kind: answers a second}, "rows": [...]}`."""
    settings = QUICK if is_quick else FULL

    def load(kind, **others):
        # Each time another node: the contacts of an earlier load have ended, and would keep the places of these.
        with contextlib.ExitStack() as stack:
            folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="overload-", dir=place)))
            address, pid = stack.enter_context(nodes.bristlecone(programs / "bristlecone", folder))
            memory = stack.enter_context(Memory(pid))
            subject = {"name": page.OURS, "address": address, "pid": pid, "kinds": [kind], "is_node": True}
            return nodes.load(programs / "BenchLoad", settings | others | {"nodes": [subject]}), memory

    peaks = {kind: peak(load(kind, repetitions=3, open_repetitions=0, open_rate=0)[0]) for kind in KINDS}
    rows = []
    for _ in range(repetitions):
        for kind in KINDS:
            for factor in FACTORS:
                # What follows the first one is measured at half of what a warm-up came to, and is of no use.
                (one, *_), memory = load(kind, repetitions=0, open_repetitions=1, open_rate=peaks[kind] * factor)
                rows.append({
                    "kind": kind, "factor": factor, "rate": one["intended_rate"],
                    "goodput": one["answered"] / settings["open_seconds"], "latency": one["latency"],
                    "lateness_p99": one["lateness"]["p99"], "memory": memory.most, "contacts": one["contacts"]})
    return {"peaks": peaks, "rows": rows}


def peak(closed):
    """What the node answers a second if it is asked no faster."""
    return statistics.median(one["answered"] / one["seconds"] for one in closed)


def table(result):
    """The medians over repetitions, as a table; of memory the most, of contacts' pings all together."""
    lines = []
    for kind in KINDS:
        for factor in FACTORS:
            rows = [row for row in result["rows"] if (row["kind"], row["factor"]) == (kind, factor)]
            goodput = statistics.median(row["goodput"] for row in rows)
            asked, answered = (sum(row["contacts"][name] for row in rows) for name in ("asked", "answered"))
            lines.append([
                page.KINDS[kind], f"{statistics.median(row['rate'] for row in rows):,.0f}", f"{goodput:,.0f}",
                f"{100 * goodput / result['peaks'][kind]:.0f} %", *(middle(rows, "latency", name) for name in ("p50", "p99")),
                f"{max(row['memory'] for row in rows) / 1024:.1f}", f"{answered} of {asked}",
                *(middle(rows, "contacts", "latency", name) for name in ("p50", "p99")),
                middle(rows, "lateness_p99")])
    head = [
        "requests", "asked a second", "answered a second", "of the peak", "p50, ms", "p99, ms", "memory, MiB",
        "contacts' pings answered", "p50, ms", "p99, ms", "generator late, ms"]
    return page.table(head, lines)


def middle(rows, *names):
    """The median of a time, in milliseconds."""
    def time(row):
        for name in names:
            row = row[name]
        return row / 1000
    return f"{statistics.median(map(time, rows)):.1f}"


class Memory:
    """The most memory that a process has, not counting what the system keeps of its files, until it is left; in KiB."""

    def __init__(self, pid):
        self.path = pathlib.Path(f"/proc/{pid}/status")
        self.most = 0
        self.ending = threading.Event()

    def __enter__(self):
        self.watching = threading.Thread(target=self.watch, daemon=True)
        self.watching.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.watching.join()

    def watch(self):
        """Looks again and again."""
        while True:
            line = next(line for line in self.path.read_text().splitlines() if line.startswith("RssAnon:"))
            self.most = max(self.most, int(line.split()[1]))
            if self.ending.wait(MEMORY_EVERY):
                return
