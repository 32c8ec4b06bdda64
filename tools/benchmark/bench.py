"""Runs the benchmark of requests and writes what came of it: `tools/bench --help`."""

import argparse
import contextlib
import datetime
import importlib.metadata
import json
import pathlib
import platform
import subprocess
import sys
import tempfile

import counts
import flood
import lookups
import machine
import nodes
import overload
import page

ROOT = pathlib.Path(__file__).resolve().parents[2]
COUNTS = ROOT / "docs/benchmarks/counts.json"
KINDS = ["ping", "find_nothing", "store_unsigned", "store_signed", "find_value"]
FULL = {
    "identities": 16001, "window": 32, "repetitions": 5, "seconds": 3.0, "open_repetitions": 2, "open_seconds": 5.0,
    "open_rate": 500}
QUICK = FULL | {
    "identities": 1501, "repetitions": 1, "seconds": 0.3, "open_repetitions": 1, "open_seconds": 0.5, "open_rate": 200}
REPETITIONS_MAX = 99
OPENDHT_SECONDS = {"full": 5.0, "quick": 0.5}


def main():
    """Measures, or reads results, and writes them."""
    options = arguments()
    if options.counts:
        sys.exit(count(options))
    if options.flood:
        sys.exit(show(flood, options))
    if options.overload:
        sys.exit(show(overload, options))
    if options.lookups:
        sys.exit(show(lookups, options))
    results = json.loads(options.results.read_text(encoding="utf-8")) if options.results else measured(options)
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "requests.json").write_text(page.as_json(results), encoding="utf-8")
    (options.output / "requests.svg").write_text(page.plot(results), encoding="utf-8")
    (options.output / "requests.md").write_text(page.text(results), encoding="utf-8")
    print(page.summary(results))
    print(f"Page, figures and plot: {options.output / 'requests.md'} (.json, .svg)")


def count(options):
    """Counts, and compares with what was counted before; 1 if there is more now."""
    found = counts.counted(options.programs.absolute(), writable_place())
    print(counts.table(found))
    if options.docs:
        COUNTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        return 0
    grown = counts.grown(found, json.loads(COUNTS.read_text(encoding="utf-8")))
    print("\n".join(grown or ["No more than in docs/benchmarks/counts.json."]))
    return 1 if grown else 0


def show(measurement, options):
    """Measures something of its own, and prints a table of it."""
    repetitions_given = options.repetitions or (1 if options.quick else measurement.REPETITIONS)
    result = measurement.measured(
        options.programs.absolute(), writable_place(), options.quick, repetitions=repetitions_given)
    print(measurement.table(result))
    return 0


def arguments():
    """What the command line says."""
    parser = argparse.ArgumentParser(
        prog="tools/bench",
        description="Measures what requests cost a Bristlecone node and a py-ipv8 node, in turns on this machine.")
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes; the figures are worth nothing")
    parser.add_argument(
        "--counts", action="store_true",
        help="count our node's instructions and allocations instead, and compare them with docs/benchmarks/counts.json")
    parser.add_argument(
        "--flood", action="store_true",
        help="measure finds without and with an HTTP flood instead, and print a table")
    parser.add_argument(
        "--overload", action="store_true",
        help="measure what a node does at twice the load that it can bear instead, and print a table")
    parser.add_argument(
        "--lookups", action="store_true",
        help="measure lookups, stores and connections among many nodes that are far apart instead, and print a table")
    parser.add_argument(
        "--repetitions", type=repetitions, metavar="NUMBER", help=f"how often costs are measured: 5, or 1 to {REPETITIONS_MAX}")
    parser.add_argument("--docs", action="store_true", help="write into docs/benchmarks instead of .build-bench/results")
    parser.add_argument("--output", type=pathlib.Path, metavar="FOLDER", help="write into this folder")
    parser.add_argument(
        "--programs", type=pathlib.Path, metavar="FOLDER", default=ROOT / ".build/release",
        help="use the programs in this folder and build none")
    parser.add_argument(
        "--from", dest="results", type=pathlib.Path, metavar="FILE",
        help="measure nothing: draw page and plot from the results of an earlier run")
    options = parser.parse_args()
    folder = "docs/benchmarks" if options.docs else ".build-bench/results"
    options.output = options.output or ROOT / folder
    return options


def repetitions(text):
    """How often to measure, as the command line says it."""
    if not text.isdecimal() or not 1 <= int(text) <= REPETITIONS_MAX:
        raise argparse.ArgumentTypeError(f"'{text}' is no number from 1 to {REPETITIONS_MAX}")
    return int(text)


def measured(options):
    """Runs everything."""
    settings = dict(QUICK if options.quick else FULL)
    if options.repetitions is not None:
        settings["repetitions"] = options.repetitions
    with tempfile.TemporaryDirectory(prefix="bench-", dir=writable_place()) as name:
        folder = pathlib.Path(name)
        description = machine.describe(folder)
        slow = machine.slow_share(machine.SLOW_SECONDS["quick" if options.quick else "full"])
        watch = machine.Watch()
        signatures, measurements = loaded(options.programs.absolute(), folder, settings)
        noise = watch.result() | {"slow_share": slow}
    nodes.say("OpenDHT, for scale ...")
    return {
        "format": 1, "date": datetime.date.today().isoformat(), "quick": options.quick,
        "programs": versions(options.programs.absolute()), "machine": description, "noise": noise,
        "settings": settings, "signatures": signatures, "measurements": measurements,
        "opendht": nodes.opendht(OPENDHT_SECONDS["quick" if options.quick else "full"])}


def writable_place():
    """Where the node's data lies: beside the builds, since a temporary folder may be in memory."""
    place = ROOT / ".build-bench"
    place.mkdir(exist_ok=True)
    return place


def loaded(programs, folder, settings):
    """Starts the nodes and has them loaded; the generator's results."""
    generator = programs / "BenchLoad"
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(nodes.bristlecone(programs / "bristlecone", folder))
        theirs = stack.enter_context(nodes.py_ipv8())
        echo = stack.enter_context(nodes.echo(generator))
        instructions = settings | {"nodes": [
            subject("bristlecone", ours, KINDS), subject("py-ipv8", theirs, KINDS),
            subject("echo", echo, ["ping"], is_node=False)]}
        process = stack.enter_context(nodes.running(generator, "run", log=None))
        process.stdin.write(json.dumps(instructions) + "\n")
        process.stdin.close()
        return collected(process)


def subject(name, place, kinds, is_node=True):
    """A node as the generator is told of it."""
    address, pid = place
    return {"name": name, "address": address, "pid": pid, "kinds": kinds, "is_node": is_node}


def collected(process):
    """What the generator prints: costs of signatures, and measurements."""
    signatures, measurements = [], []
    for line in process.stdout:
        result = json.loads(line)
        if "signatures" in result:
            signatures.append(result["signatures"])
            continue
        measurement = result["measurement"]
        measurements.append(measurement)
        nodes.say(
            f"{measurement['repetition'] + 1}: {measurement['node']}, {measurement['kind']}, {measurement['loop']} loop: "
            f"{measurement['answered']} of {measurement['asked']} in {measurement['seconds']:.1f} s")
    if process.wait() != 0:
        raise nodes.Broken(f"the load generator ended with status {process.returncode}")
    return signatures, measurements


def versions(programs):
    """Which programs were measured."""
    ours = subprocess.run([programs / "bristlecone", "--version"], capture_output=True, text=True, check=True)
    return {
        "bristlecone": ours.stdout.strip(), "build": programs.name, "py_ipv8": importlib.metadata.version("pyipv8"),
        "python": platform.python_version()}


if __name__ == "__main__":
    try:
        main()
    except nodes.Broken as error:
        sys.exit(f"tools/bench: {error}.")
    except KeyboardInterrupt:
        sys.exit("tools/bench: ended before everything was measured; nothing was written.")
