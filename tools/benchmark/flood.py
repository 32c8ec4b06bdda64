"""How long finds wait at a node while an HTTP flood takes all that it can get: `tools/bench --flood`.

Finds come in an open loop at a fixed rate, so a node that stalls hides nothing. The flood is wrk, at the lowest priority: its own
processor time is not what is measured."""

import contextlib
import http.client
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import threading
import time

import nodes
import page

PATHS = ["/api/v1/status", "/metrics", "/health/ready", "/api/v1/network/values/flood"]
KIND = "find_nothing"
FULL = {"identities": 16001, "window": 32, "seconds": 3.0, "open_seconds": 5.0}
QUICK = FULL | {"identities": 1501, "seconds": 0.3, "open_seconds": 0.5}
SLOW_RATE = {"full": 500, "quick": 100}
REPETITIONS = 3
FLOOD_CONNECTIONS, FLOOD_SECONDS_MAX = 64, 120
HEALTH_EVERY, HEALTH_PATIENCE = 0.25, 30.0
QUIET = "none"


def measured(programs, place, is_quick=False, paths=PATHS, repetitions=REPETITIONS):
    """Latencies of finds at a slow rate and at half of what the node can do, without a flood and with one of each path:
    `{"rates": [...], "rows": [...]}`."""
    settings, slow_rate = (QUICK, SLOW_RATE["quick"]) if is_quick else (FULL, SLOW_RATE["full"])
    if shutil.which("wrk") is None:
        raise nodes.Broken("the Debian package wrk is not installed: tools/setup --benchmark installs it")
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="flood-", dir=place)))
        http_address = ("127.0.0.1", free_port())
        under = ["env", f"BRISTLECONE_HTTP_LISTEN={http_address[0]}:{http_address[1]}"]
        address, pid = stack.enter_context(nodes.bristlecone(programs / "bristlecone", folder, under))
        subject = {"name": page.OURS, "address": address, "pid": pid, "kinds": [KIND], "is_node": True}

        def load(**others):
            return nodes.load(programs / "BenchLoad", settings | others | {"nodes": [subject]})

        closed = load(repetitions=3, open_repetitions=0, open_rate=0)
        half = round(statistics.median(one["answered"] / one["seconds"] for one in closed) / 2)
        rows = []
        for _ in range(repetitions):
            for path in [QUIET, *paths]:
                for rate in (slow_rate, half):
                    with Flood(http_address, path) as flood:
                        # What follows the first one is measured at half of what a warm-up came to, and is of no use.
                        one = load(repetitions=0, open_repetitions=1, open_rate=rate)[0]
                    rows.append({
                        "flood": path, "rate": rate, "asked": one["asked"], "answered": one["answered"],
                        "p50": one["latency"]["p50"], "p99": one["latency"]["p99"], "max": one["latency"]["max"],
                        "lateness_p99": one["lateness"]["p99"], "flood_rate": flood.rate, "health": max(flood.health)})
        return {"rates": [slow_rate, half], "rows": rows}


def table(result):
    """The medians over repetitions, as a table; of health the worst."""
    lines = []
    for rate in result["rates"]:
        for path in dict.fromkeys(row["flood"] for row in result["rows"]):
            rows = [row for row in result["rows"] if (row["flood"], row["rate"]) == (path, rate)]
            lost = sum(row["asked"] - row["answered"] for row in rows)
            lines.append([
                f"{rate:,}", f"`{path}`" if path != QUIET else path, *(f"{middle(rows, name) / 1000:.1f}" for name in ("p50", "p99")),
                f"{max(row['max'] for row in rows) / 1000:.0f}", f"{lost:,}", f"{middle(rows, 'flood_rate'):,.0f}",
                f"{max(row['health'] for row in rows) * 1000:.0f}"])
    head = ["finds a second", "flood", "p50, ms", "p99, ms", "longest, ms", "unanswered", "HTTP answers a second", "slowest health check, ms"]
    return page.table(head, lines)


def middle(rows, name):
    """The median of a figure."""
    return statistics.median(row[name] for row in rows)


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Flood:
    """Requests for a path as fast as they are answered, and a health check now and then, until it is left."""

    def __init__(self, address, path):
        self.address, self.path = address, path
        self.rate, self.health = 0.0, []
        self.ending = threading.Event()

    def __enter__(self):
        self.process = None
        if self.path != QUIET:
            self.begun = time.monotonic()
            self.process = subprocess.Popen(
                ["nice", "-n", "19", "wrk", "-t1", f"-c{FLOOD_CONNECTIONS}", f"-d{FLOOD_SECONDS_MAX}s",
                 f"http://{self.address[0]}:{self.address[1]}{self.path}"],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.checking = threading.Thread(target=self.check_health, daemon=True)
        self.checking.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.checking.join()
        if self.process is not None:
            seconds = time.monotonic() - self.begun
            # It tells what it did so far.
            self.process.send_signal(signal.SIGINT)
            output, _ = self.process.communicate(timeout=30)
            found = re.search(r"(\d+) requests in", output)
            self.rate = int(found[1]) / seconds if found else 0.0

    def check_health(self):
        """Asks for the node's health, each time over a new connection."""
        while not self.ending.is_set() or not self.health:
            begun = time.monotonic()
            try:
                connection = http.client.HTTPConnection(*self.address, timeout=HEALTH_PATIENCE)
                connection.request("GET", "/health/live")
                connection.getresponse().read()
                connection.close()
                self.health.append(time.monotonic() - begun)
            except OSError:
                self.health.append(HEALTH_PATIENCE)
            self.ending.wait(HEALTH_EVERY)
