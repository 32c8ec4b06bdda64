"""A real node whose disk is full or fails: it goes on answering, and loses nothing."""

import asyncio
import hashlib
import os

import pytest

from harness.command import run_command
from harness.folder import fingerprint
from harness.node import Bristlecone
from harness.waiting import wait_until
from smalldisk import SmallDisk

SILENCE_SECONDS = 1.5
# Two pages: less than a commit writes.
SPARE_BYTES = 8192


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 6 MiB, on the folder that the node will have."""
    disk = SmallDisk(str(tmp_path / "node"), 6 << 20)
    yield disk
    disk.unmount()


@pytest.fixture
def node_on(nodes, binary, tmp_path, addresses, small_disk):
    """Makes the node on that disk; `nodes` ends it."""
    configuration = tmp_path / "configuration.yaml"
    node = Bristlecone(binary, tmp_path / "node", addresses.take())
    nodes.all.append(node)

    async def start(settings=""):
        configuration.write_text("archive:\n  disk_reserve: 0 B\n" + settings)
        return await node.start(arguments=("--config", str(configuration)))

    return start


def key_of(text):
    return hashlib.sha1(text.encode()).digest()


async def refused(node, reason):
    """How many stores the node has refused for that reason."""
    return (await node.dropped()).get(reason, 0)


async def health_codes(node):
    """Why the node is not well."""
    completed = await node.command("health", "--json")
    return {reason["code"] for reason in completed.json()["reasons"]}


async def store_until_refused(peer, node, name, reason):
    """Stores one value after the other until one is refused; those that were acknowledged, by their keys."""
    kept = {}
    for number in range(2000):
        key, entry = key_of(f"{name} {number}"), peer.entry(f"{name} {number}".encode(), signed=False)
        if await peer.store_on(node.contact, key, [entry], patience=SILENCE_SECONDS):
            kept[key] = entry
        elif await refused(node, reason):
            return kept
    raise AssertionError("a full disk took 2000 values")


async def test_a_node_on_a_full_disk_refuses_answers_and_recovers(network, node_on, small_disk):
    (peer,) = await network.start(1)
    node = await node_on()
    key, entry = key_of("before"), peer.entry(b"before")
    assert await peer.store_on(node.contact, key, [entry])

    await asyncio.to_thread(small_disk.fill)
    kept = {key: entry} | await store_until_refused(peer, node, "full", "no_room")
    assert "new stores are refused" in node.log_tail()
    assert "disk_full" in await health_codes(node)
    assert await peer.token_from(node.contact)
    for kept_key, kept_entry in list(kept.items())[-8:]:
        assert (await peer.ask(node.contact, kept_key)).values == (kept_entry,)
    ours = await node.command("store", "a word", "a value", "--unsigned")
    assert ours.status == 1 and "takes no more values" in ours.errors

    # A restart on the full disk changes nothing of that, however the node ended.
    for end in (node.kill, node.stop):
        await end()
        await asyncio.to_thread(small_disk.fill)
        node = await node_on()
        assert (await peer.ask(node.contact, key)).values == (entry,)

    await asyncio.to_thread(small_disk.make_room)
    later = peer.entry(b"later")
    await wait_until(
        lambda: peer.store_on(node.contact, key_of("later"), [later], patience=SILENCE_SECONDS), "stores are taken", 30)
    assert "disk_full" not in await health_codes(node)
    for kept_key, kept_entry in list(kept.items())[-8:]:
        assert (await peer.ask(node.contact, kept_key)).values == (kept_entry,)


async def test_a_full_disk_is_known_before_anybody_stores(node_on, small_disk):
    node = await node_on()
    assert "disk_full" not in await health_codes(node)
    await asyncio.to_thread(small_disk.fill)
    assert "disk_full" in await health_codes(node)
    await asyncio.to_thread(small_disk.make_room)
    assert "disk_full" not in await health_codes(node)


async def test_a_disk_with_too_little_room_for_a_value_is_full(network, node_on, small_disk):
    (peer,) = await network.start(1)
    node = await node_on()
    await asyncio.to_thread(small_disk.fill, SPARE_BYTES)
    assert "disk_full" not in await health_codes(node)
    await store_until_refused(peer, node, "full", "no_room")
    assert "disk_full" in await health_codes(node)
    await asyncio.to_thread(small_disk.make_room)
    assert "disk_full" not in await health_codes(node)


async def test_a_node_with_relaxed_durability_promises_nothing_that_a_full_disk_refuses(network, node_on, small_disk):
    (peer,) = await network.start(1)
    node = await node_on("  relaxed_durability: true\n")
    for number in range(2):
        assert await peer.store_on(node.contact, key_of(f"before {number}"), [peer.entry(b"before")])

    await asyncio.to_thread(small_disk.fill)
    await store_until_refused(peer, node, "full", "no_room")
    for number in range(4):
        key, entry = key_of(f"after {number}"), peer.entry(b"after", signed=False)
        assert not await peer.store_on(node.contact, key, [entry], patience=SILENCE_SECONDS)
    ours = await node.command("store", "a word", "a value", "--unsigned")
    assert ours.status == 1 and "takes no more values" in ours.errors


async def test_a_node_keeps_the_reserve_free(network, nodes, binary, tmp_path, addresses, small_disk):
    (peer,) = await network.start(1)
    node = Bristlecone(binary, tmp_path / "node", addresses.take())
    nodes.all.append(node)
    await node.start()
    # The default reserve is larger than this disk.
    assert not await peer.store_on(node.contact, key_of("x"), [peer.entry(b"x")], patience=SILENCE_SECONDS)
    await wait_until(lambda: refused(node, "no_room"), "the store is refused")
    assert await refused(node, "no_room") == 1
    assert await peer.token_from(node.contact)


async def test_a_node_does_not_start_on_a_read_only_disk(node_on, small_disk, binary):
    node = await node_on()
    await node.stop()
    small_disk.make_read_only()
    before = fingerprint(small_disk.folder)
    done = await run_command(
        str(binary), "run", "--data", small_disk.folder, "--listen", "127.0.0.1:0", "--no-bootstrap")
    assert done.status == 1
    assert done.errors.count("\n") == 1 and "read-only file system" in done.errors, done.errors
    assert fingerprint(small_disk.folder) == before


async def test_a_node_whose_disk_fails_acknowledges_nothing_more_and_goes_on_answering(
        network, nodes, library, monkeypatch):
    (peer,) = await network.start(1)
    node = nodes.make()
    os.makedirs(node.data, mode=0o700)
    with monkeypatch.context() as faults:
        faults.setenv("LD_PRELOAD", library)
        faults.setenv("FAULTS_FOLDER", str(node.data))
        faults.setenv("FAULTS_EIO", "sync,9,1,archive.mdb")
        await node.start()
    kept = await store_until_refused(peer, node, "failing", "archive_failed")
    assert kept
    # The device works again, but what it did with the failed write nobody knows.
    assert not await peer.store_on(
        node.contact, key_of("more"), [peer.entry(b"more")], patience=SILENCE_SECONDS)

    async def refused_again():
        return await refused(node, "archive_failed") >= 2

    await wait_until(refused_again, "this one is refused too")
    assert "check the disk, then restart" in node.log_tail()
    for key, entry in kept.items():
        assert (await peer.ask(node.contact, key)).values == (entry,)
    await node.stop()
    await node.start()
    for key, entry in kept.items():
        assert (await peer.ask(node.contact, key)).values == (entry,)
    assert await peer.store_on(node.contact, key_of("more"), [peer.entry(b"more")])
