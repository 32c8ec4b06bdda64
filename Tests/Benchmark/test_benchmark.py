"""`tools/bench` measures what it says, and the page in the documents is what its figures give."""

import asyncio
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tools/benchmark"))

import bench  # noqa: E402
import flood  # noqa: E402
import lookups  # noqa: E402
import nodes  # noqa: E402
import overload  # noqa: E402
import page  # noqa: E402
from relay import ACCESS, Relay  # noqa: E402

NODES = (page.OURS, page.THEIRS)
STALL_SECONDS = 0.5
# Linux numbers its processes below this.
NO_PROCESS = 1 << 22


@pytest.fixture(scope="module")
def quick_run(tmp_path_factory):
    """What a quick run with the programs of the debug build wrote and printed."""
    folder = tmp_path_factory.mktemp("benchmark")
    completed = subprocess.run(
        [REPOSITORY / "tools/bench", "--quick", "--programs", REPOSITORY / ".build/debug", "--output", folder],
        capture_output=True, text=True, timeout=300, check=False)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    return folder, completed.stdout


@pytest.fixture(scope="module")
def results(quick_run):
    """Its figures."""
    return json.loads((quick_run[0] / "requests.json").read_text(encoding="utf-8"))


def test_every_request_was_answered_and_every_answer_was_right(results):
    wrong = [one for one in results["measurements"]
             if one["answered"] != one["asked"] or one["wrong"] or one["asked"] < 60]
    assert not wrong, json.dumps(wrong, indent=1)


def test_every_kind_of_request_was_measured_on_both_nodes(results):
    for node in NODES:
        for kind in page.KINDS:
            (closed,) = page.of(results, node, kind)
            assert closed["node_microseconds"] > 0 and closed["generator_microseconds"] > 0
            rates = [one["intended_rate"] for one in page.of(results, node, kind, "open")]
            assert len(rates) == 2 and rates[0] == results["settings"]["open_rate"]
    assert page.of(results, page.ECHO, "ping") and page.of(results, page.ECHO, "ping", "open")
    assert all(one["nodes_named"] == 8 for node in NODES for one in page.of(results, node, "find_nothing"))
    assert page.signature(results, "verify") > page.signature(results, "sign") > 0


def test_percentiles_do_not_fall(results):
    for one in results["measurements"]:
        latencies = [one["latency"][name] for name in ("p50", "p90", "p99", "p999", "max")]
        assert latencies == sorted(latencies) and latencies[0] > 0


def test_it_prints_the_table_and_writes_page_and_plot(quick_run, results):
    folder, printed = quick_run
    assert page.cost_table(results) in printed
    for kind in page.KINDS.values():
        assert f"| {kind}" in printed
    assert (folder / "requests.md").read_text(encoding="utf-8") == page.text(results)
    assert (folder / "requests.svg").read_text(encoding="utf-8") == page.plot(results)
    assert "This was a quick run" in page.text(results)


def test_other_dhts_are_measured_or_said_not_to_be(results):
    if "absent" in results["opendht"]:
        assert results["opendht"]["absent"] in page.text(results)
    else:
        for kind in page.OPENDHT_KINDS:
            assert results["opendht"][kind]["answered"] > 0, results["opendht"]


def test_a_stall_counts_for_every_request_that_was_due_meanwhile():
    settings = bench.QUICK | {"seconds": 0.1, "open_rate": 400, "open_seconds": 2.0}
    generator = REPOSITORY / ".build/debug/BenchLoad"
    with nodes.echo(generator) as (address, pid), nodes.running(generator, "run", log=None) as load:
        load.stdin.write(json.dumps(settings | {"nodes": [bench.subject("echo", (address, pid), ["ping"], False)]}))
        load.stdin.close()
        assert "signatures" in json.loads(load.stdout.readline())
        assert json.loads(load.stdout.readline())["measurement"]["loop"] == "closed"
        os.kill(pid, signal.SIGSTOP)
        try:
            deadline = time.monotonic() + 60
            while not has_datagrams_waiting(address):
                assert time.monotonic() < deadline, "the open loop did not begin"
                time.sleep(0.01)
            time.sleep(STALL_SECONDS)
        finally:
            os.kill(pid, signal.SIGCONT)
        opened = json.loads(load.stdout.readline())["measurement"]
    # A quarter of all requests was due during the stall, and waited for a quarter of a second on average.
    assert opened["loop"] == "open" and opened["answered"] == opened["asked"] == 800
    assert opened["latency"]["max"] > 0.8 * STALL_SECONDS * 1e6
    assert opened["latency"]["p90"] > 0.2 * STALL_SECONDS * 1e6


@pytest.mark.full
@pytest.mark.skipif(shutil.which("wrk") is None, reason="tools/setup --benchmark installs wrk")
def test_finds_are_measured_with_and_without_floods():
    rows, output = quick_table("--flood")
    assert [row[1] for row in rows] == 2 * [flood.QUIET, *(f"`{path}`" for path in flood.PATHS)]
    # Lookups are so few that there may be none in the time of a quick run.
    answers = {row[1]: row[6] for row in rows if "network" not in row[1]}
    assert answers.pop(flood.QUIET) == "0" and "0" not in answers.values(), output
    assert all(float(row[2]) <= float(row[3]) for row in rows), output


@pytest.mark.full
def test_twice_the_bearable_load_is_measured():
    rows, output = quick_table("--overload")
    assert len(rows) == len(overload.KINDS) * len(overload.FACTORS), output
    for row in rows:
        asked, answered = (float(cell.replace(",", "")) for cell in row[1:3])
        assert 0 < answered <= 1.2 * asked and float(row[6]) > 0, output
        pings_answered, pings = map(int, row[7].split(" of "))
        assert 0 < pings_answered <= pings, output


@pytest.mark.full
def test_lookups_stores_and_connections_of_both_kinds_of_nodes_are_measured():
    rows, output = quick_table("--lookups")
    measured = {(row[2], row[3]): row for row in rows if len(row) > 1}
    assert set(measured) == {(name, kind) for name in lookups.COMMANDS.values() for kind in NODES}, output
    for row in measured.values():
        times = [float(cell.replace(",", "")) for cell in row[5:8]]
        assert times == sorted(times) and times[2] < 1000 * lookups.ANSWER_SECONDS_MAX, output
        assert int(row[9]) < int(row[4]) == lookups.QUICK["askers"], output


async def test_the_relay_passes_datagrams_on_late_and_from_where_their_sender_is_seen():
    async with far_apart() as (relay, (left, right)):
        begun = time.monotonic()
        for number in range(100):
            left.sendto(bytes(22) + bytes([7, number]), relay.seen(1))
        loop = asyncio.get_running_loop()
        data, sender = await asyncio.wait_for(loop.sock_recvfrom(right, 100), 10)
        assert time.monotonic() - begun > 2 * ACCESS[0]
        assert data[:23] == bytes(22) + b"\x07" and sender == relay.seen(0)
        arrived = 1 + await received(right, 1.0)
        assert 80 < arrived <= 100 and relay.sent[0, 7] == 100 and relay.sent[1, 7] == 0


async def test_the_relay_loses_what_silent_nodes_send_and_get():
    async with far_apart() as (relay, (left, right)):
        relay.silent = {1}
        for number in range(20):
            left.sendto(bytes(22) + bytes([7, number]), relay.seen(1))
            right.sendto(bytes(22) + bytes([8, number]), relay.seen(0))
        assert [await received(end, 0.5) for end in (left, right)] == [0, 0]
        relay.silent = set()
        for number in range(20):
            right.sendto(bytes(22) + bytes([8, number]), relay.seen(0))
        assert await received(left, 1.0) > 10


@contextlib.asynccontextmanager
async def far_apart():
    """A relay and the sockets of two nodes."""
    with contextlib.ExitStack() as stack:
        relay = stack.enter_context(contextlib.closing(Relay(1)))
        ends = []
        for number, host in enumerate([relay.add(), relay.add()]):
            end = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            end.setblocking(False)
            end.bind((host, 0))
            relay.settle(number, end.getsockname())
            ends.append(end)
        yield relay, ends


async def received(end, seconds):
    """How many datagrams come, until none has come for some seconds."""
    count = 0
    with contextlib.suppress(asyncio.TimeoutError):
        while True:
            await asyncio.wait_for(asyncio.get_running_loop().sock_recvfrom(end, 100), seconds)
            count += 1
    return count


@pytest.mark.parametrize("address, pid, sentence", [
    ("nowhere", None, "'nowhere' is no address with a port."),
    ("192.0.2.1:8090", None, "192.0.2.1:8090 is no IPv4 loopback address: only nodes on this machine are loaded."),
    ("127.0.0.1:8090", NO_PROCESS, f"There is no process {NO_PROCESS}: the node has ended.")])
def test_the_generator_says_what_is_wrong(address, pid, sentence):
    node = (address, pid or os.getpid())
    instructions = bench.QUICK | {"nodes": [bench.subject("echo", node, ["ping"], False)]}
    completed = subprocess.run(
        [REPOSITORY / ".build/debug/BenchLoad", "run"], input=json.dumps(instructions), capture_output=True, text=True,
        timeout=60, check=False)
    assert completed.returncode == 1 and completed.stderr == f"BenchLoad: {sentence}\n"


def quick_table(option):
    """The rows of the table that `tools/bench` prints with an option, and all of its output."""
    completed = subprocess.run(
        [REPOSITORY / "tools/bench", option, "--quick", "--programs", REPOSITORY / ".build/debug"],
        capture_output=True, text=True, timeout=300, check=False)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in completed.stdout.splitlines()[2:]]
    return rows, completed.stdout


def has_datagrams_waiting(address):
    """Whether the system holds datagrams for whoever listens there."""
    port = f":{int(address.rpartition(':')[2]):04X}"
    lines = pathlib.Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:]
    return any(fields[1].endswith(port) and int(fields[4].partition(":")[2], 16) > 0 for fields in map(str.split, lines))


def test_unanswered_requests_are_on_the_page(results):
    changed = json.loads(json.dumps(results))
    changed["measurements"][0]["answered"] -= 3
    assert "3 of " in page.complaints(changed) and page.complaints(changed) in page.text(changed)


def test_the_page_in_the_documents_is_what_its_figures_give(tmp_path):
    folder = REPOSITORY / "docs/benchmarks"
    results = json.loads((folder / "requests.json").read_text(encoding="utf-8"))
    assert not results["quick"] and results["programs"]["build"] == "release"
    subprocess.run(
        [REPOSITORY / "tools/bench", "--from", folder / "requests.json", "--output", tmp_path],
        check=True, capture_output=True)
    for name in ("requests.md", "requests.svg", "requests.json"):
        assert (folder / name).read_bytes() == (tmp_path / name).read_bytes(), \
            f"write {name} anew: tools/bench --docs --from docs/benchmarks/requests.json"
