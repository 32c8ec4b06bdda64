"""Long lists of keys and values, through a running node."""

import hashlib
import json
import time

import pytest

from harness.command import run_command

COUNT = 20_000


def keys_of(count):
    return [hashlib.sha1(f"key {number}".encode()).hexdigest() for number in range(count)]


@pytest.fixture
async def node(nodes):
    return await nodes.start()


async def listed(node, tmp_path, lines, *arguments):
    """What a command says to a list in a file, and how long that took."""
    path = tmp_path / "list"
    path.write_text("".join(f"{line}\n" for line in lines))
    begun = time.monotonic()
    completed = await node.command(*arguments, "--from", str(path))
    return completed, time.monotonic() - begun


async def test_every_command_takes_a_long_list(node, tmp_path):
    keys = keys_of(COUNT)
    rows = [f"{key}\tvalue {number}" for number, key in enumerate(keys)]
    seconds = {}
    for name, lines, arguments in [
            ("store", rows, ("store",)), ("pin", keys, ("pin", "add")), ("unpin", keys, ("pin", "remove")),
            ("block", keys, ("block", "add")), ("unblock", keys, ("block", "remove")),
            ("forget", keys, ("forget", "--yes"))]:
        completed, seconds[name] = await listed(node, tmp_path, lines, *arguments, "--json")
        assert completed.status == 0, completed
        answer = completed.json()
        assert answer.get("stored", COUNT) == COUNT
        assert answer.get("added", 0) + answer.get("removed", 0) in (0, COUNT) and answer.get("unchanged", 0) == 0
        assert answer.get("erased", COUNT) >= COUNT
    # Times decide nothing; they are here to be read.
    print({name: f"{COUNT / taken:.0f} a second" for name, taken in seconds.items()})
    assert (await node.status())["archive"]["values"] == 0


async def test_a_list_with_bad_lines_does_nothing(node, tmp_path):
    completed, _ = await listed(node, tmp_path, ["one", "", "signer:me", "127.0.0.3"], "pin", "add")
    assert completed.status == 64
    assert "Nothing was done" in completed.errors and "Line 3: " in completed.errors and "Line 4: " in completed.errors
    completed, _ = await listed(node, tmp_path, ["one\tvalue", f"two\t{'x' * 200}", "three"], "store")
    assert completed.status == 64
    assert "Line 2: The value has 200 bytes" in completed.errors and "Line 3: There is no tab" in completed.errors
    assert (await node.status())["archive"]["values"] == 0
    assert (await node.command("pin", "list", "--json")).json() == {"items": [], "next": None}


async def test_no_answer_grows_with_the_number_of_pins(node, tmp_path):
    keys = keys_of(3000)
    await listed(node, tmp_path, keys, "pin", "add")
    page = await run_command(
        "curl", "--silent", "--fail", "--unix-socket", str(node.data / "control.sock"), "http://node/api/v1/pins")
    assert len(json.loads(page.output)["items"]) == 100
    change = await run_command(
        "curl", "--silent", "--fail", "--unix-socket", str(node.data / "control.sock"), "--json",
        json.dumps({"add": [{"key": "00" * 20}]}), "http://node/api/v1/pins")
    assert len(change.output) < 100
    pins = (await node.command("pin", "list", "--json")).json()["items"]
    assert [pin["key"] for pin in pins] == sorted([*keys, "00" * 20])


@pytest.mark.parametrize("subject", ["127.0.0.3", "192.0.2.0/24", "-", "@keys.txt", "."])
async def test_a_subject_that_looks_like_something_else_is_questioned(node, subject):
    for command in [("pin", "add"), ("pin", "remove"), ("block", "add"), ("forget", "--yes")]:
        completed = await node.command(*command, subject)
        assert completed.status == 64, completed
        assert "add --text" in completed.errors
    assert (await node.command("pin", "add", "--text", subject)).status == 0


async def test_a_banned_peer_gets_no_answer_and_a_ban_survives_a_restart(nodes):
    node = await nodes.start()
    other = await nodes.start()
    banned = other.contact.address[0]
    assert (await node.command("ban", "add", banned)).status == 0
    await node.stop()
    await node.start()

    async def pings():
        return await run_command(other.binary, "ping", f"{node.contact.address[0]}:{node.contact.address[1]}",
                                 "--data", str(other.data), seconds=60.0)

    assert (await pings()).status == 1
    counters = (await node.status())["counters"]
    assert counters["dropped.banned"] >= 1
    assert [ban["network"] for ban in (await node.command("ban", "list", "--json")).json()] == [banned]
    assert (await node.command("ban", "remove", banned)).status == 0
    assert (await pings()).status == 0
    assert (await node.command("ban", "remove", banned)).status == 1


@pytest.mark.parametrize("network", ["192.0.2.7/24", "192.0.2.1:8090", "nowhere", "0.0.0.0/0"])
async def test_what_cannot_be_banned_is_refused(node, network):
    completed = await node.command("ban", "add", network)
    assert completed.status in (1, 64) and completed.errors.startswith("bristlecone: ")
