"""Counts the instructions and allocations of each request of our node, under valgrind. Unlike times, they are nearly the same
on any machine, busy or not, so a test can hold them. How many datagrams come in one burst differs, and a recurring task may fall
into a measurement, so the least of some repetitions counts."""

import contextlib
import json
import pathlib
import re
import subprocess
import tempfile

import nodes
import page

HERE = pathlib.Path(__file__).resolve().parent
REQUESTS = 1500
# The generator gives up what is not answered within five seconds, and a node under valgrind answers about fifty a second.
LOAD = {
    "identities": 1501, "window": 32, "repetitions": 3, "seconds": 0.1, "open_repetitions": 0, "open_seconds": 0, "open_rate": 0,
    "requests": REQUESTS}
NAMES = {"others": "instructions beside signatures", "allocations": "allocations"}
# How much more there may be than was counted before.
GROWTH_MAX, ALLOCATIONS_MORE_MAX = 0.1, 3
ALLOCATORS = {"malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc", "memalign"}
NAME = re.compile(r"(c?fn|c?ob)=\((\d+)\)(?: (.+))?")
COST = re.compile(r"[+*-]?\d* \d+$|[+-]\d+ \d+$|\* \d+$")


def counted(programs, place):
    """What each kind of request takes: `{kind: {"signatures": …, "others": …, "allocations": …}}`."""
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="counts-", dir=place)))
        library, program = folder / "smaller_map.so", folder / "bristlecone"
        subprocess.run(["cc", "-shared", "-fPIC", "-o", library, HERE / "smaller_map.c"], check=True)
        # Valgrind gives up at the form of debugging information that Swift writes; names of functions are enough.
        subprocess.run(["objcopy", "--strip-debug", programs / "bristlecone", program], check=True)
        under = [
            "env", f"LD_PRELOAD={library}", "valgrind", "--quiet", "--tool=callgrind", "--instr-atstart=no",
            f"--callgrind-out-file={folder}/counts"]
        address, pid = stack.enter_context(nodes.bristlecone(program, folder, under))
        load = stack.enter_context(nodes.running(programs / "BenchLoad", "run", log=None))
        subject = {"name": page.OURS, "address": address, "pid": pid, "kinds": list(page.KINDS), "is_node": True}
        say(load, json.dumps(LOAD | {"nodes": [subject]}))
        tell(pid, "instrumentation", "on")
        return least(each_kind(load, pid, folder))


def least(measured):
    """The least of each figure of each kind."""
    counts = {}
    for kind, one in measured:
        known = counts.setdefault(kind, one)
        counts[kind] = {name: min(known[name], number) for name, number in one.items()}
    return counts


def each_kind(load, pid, folder):
    """Counts from the announcement of each kind of request to its result."""
    dumps = 0
    for line in load.stdout:
        result = json.loads(line)
        if "waiting" in result:
            tell(pid, "zero")
            say(load, "")
        elif "measurement" in result:
            measurement = result["measurement"]
            if measurement["answered"] != REQUESTS or measurement["wrong"]:
                raise nodes.Broken(f"not every request was answered: {measurement}")
            tell(pid, "dump")
            dumps += 1
            yield measurement["kind"], read(folder / f"counts.{dumps}")


def say(process, line):
    """Writes a line to a process."""
    process.stdin.write(line + "\n")
    process.stdin.flush()


def tell(pid, *words):
    """Has valgrind do something."""
    subprocess.run(
        ["vgdb", f"--pid={pid}", "--wait=10", *words], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, timeout=120)


def read(path):
    """What a file of callgrind says, for one request: of the instructions those of libsodium apart."""
    names, objects = {}, {}
    place = callee = None
    signatures = others = allocations = 0
    is_call = False
    with open(path, encoding="utf-8") as file:
        for line in file:
            if found := NAME.match(line):
                kind, number, name = found.groups()
                table = objects if kind.endswith("ob") else names
                if name:
                    table[number] = name
                if kind == "ob":
                    place = number
                elif kind == "cfn":
                    callee = number
            elif line.startswith("calls="):
                is_call = True
                if names.get(callee) in ALLOCATORS:
                    allocations += int(line[6:].split()[0])
            elif COST.match(line):
                # The line after a call has what was spent in the called function, which has lines of its own.
                if not is_call:
                    if "libsodium" in objects.get(place, ""):
                        signatures += int(line.split()[1])
                    else:
                        others += int(line.split()[1])
                is_call = False
    return {
        "signatures": round(signatures / REQUESTS), "others": round(others / REQUESTS),
        "allocations": round(allocations / REQUESTS, 1)}


def table(counts):
    """The counts as a table."""
    rows = [[page.KINDS[kind], f"{one['signatures']:,}", f"{one['others']:,}", f"{one['allocations']:g}"]
            for kind, one in counts.items()]
    return page.table(["request", "instructions of signatures", "all other instructions", "allocations"], rows)


def grown(found, known):
    """Sentences on what is more than it was. The signatures are libsodium's own affair."""
    sentences = []
    for kind, one in found.items():
        for name, limit in (("others", known[kind]["others"] * (1 + GROWTH_MAX)),
                            ("allocations", known[kind]["allocations"] + ALLOCATIONS_MORE_MAX)):
            if one[name] > limit:
                sentences.append(
                    f"{page.KINDS[kind]}: {one[name]:,} {NAMES[name]}, {known[kind][name]:,} before. If that is worth it, "
                    "record it with tools/bench --counts --docs.")
    return sentences
