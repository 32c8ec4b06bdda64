"""Values are stored again before peers forget them, in a world where an hour takes some seconds."""

import asyncio
import time

import pytest
from ipv8.dht import community

from harness.finding import finds
from harness.waiting import wait_until

KEY = bytes.fromhex("5a" * 20)
# A value lives for so many seconds, in both kinds of node.
LIFETIME = 30
SETTINGS = f"""
archive:
  scrub_rate: 0
upkeep:
  interval: 10 seconds
  lifetime: {LIFETIME} seconds
  served_for: {LIFETIME} seconds
"""


@pytest.fixture(autouse=True)
def hasty_peers(monkeypatch):
    """py-ipv8 peers that forget values as soon as ours do."""
    monkeypatch.setattr(community, "MAX_ENTRY_AGE", LIFETIME)


async def hasty_node(nodes, peers=()):
    """A node of ours with these settings."""
    node = nodes.make()
    node.data.mkdir(parents=True)
    (node.data / "bristlecone.yaml").write_text(SETTINGS)
    return await node.start(peers)


def clean(peer):
    """What the reference does once an hour: drop what has expired."""
    for values in peer.overlay.storages.values():
        now = time.time()
        for key in list(values.items):
            values.items[key] = [value for value in values.items[key] if now - value.last_update < value.max_age]


def holders(peers, key, entry):
    """The py-ipv8 peers that hold an entry which has not expired."""
    for peer in peers:
        clean(peer)
    return [peer for peer in peers if entry in peer.stored(key)]


async def republished(node):
    """How many keys the node has stored again."""
    return (await node.status())["counters"]["keys_republished"]


async def test_a_value_published_here_is_found_after_all_that_first_held_it_are_gone(network, nodes):
    node = await hasty_node(nodes)
    first = await network.start(6, tick=0.1)
    await network.introduce(first, to=[node])
    await node.store(KEY, b"here", signed=True)
    (entry,) = {entry for peer in first for entry in peer.stored(KEY)}
    assert len(holders(first, KEY, entry)) == 6
    second = await network.start(6, tick=0.1)
    await network.introduce(second, to=[node])
    for peer in first:
        network.peers.remove(peer)
        await peer.stop()
    await wait_until(
        lambda: len(holders(second, KEY, entry)) >= 5, "the second generation holds the value", 60.0, every=0.5)
    # Longer than it lives by itself.
    await asyncio.sleep(LIFETIME + 5)
    assert len(holders(second, KEY, entry)) >= 5
    await finds(second[0], KEY, {(b"here", node.contact.public_key)})
    plan = (await node.command("plan", "--json")).json()
    assert plan["kept_keys"] == 1 and plan["nodes"] >= 6


async def test_pinned_outlives_its_publisher_and_unpinned_does_not(network, nodes):
    node = await hasty_node(nodes)
    peers = await network.start(6, tick=0.1)
    await network.introduce(peers, to=[node])
    publisher, others = peers[0], peers[1:]
    other_key = bytes.fromhex("6b" * 20)
    await publisher.store(KEY, b"pinned")
    await publisher.store(other_key, b"unpinned")
    begun = time.monotonic()
    await wait_until(lambda: node.find_local(other_key), "ours holds both", 15.0, every=0.5)
    assert await node.find_local(KEY)
    assert (await node.command("pin", "add", KEY.hex())).status == 0
    network.peers.remove(publisher)
    await publisher.stop()
    # By origin + lifetime + what a store is served for, and some seconds for the machine.
    await asyncio.sleep(max(0.0, begun + 2 * LIFETIME + 5 - time.monotonic()))
    for peer in others:
        clean(peer)
    assert not any(peer.stored(other_key) for peer in others)
    assert not await node.find_local(other_key)
    await finds(others[0], KEY, {(b"pinned", publisher.public_key)})
    assert len([peer for peer in others if peer.stored(KEY)]) >= 4
    (pin,) = (await node.command("pin", "list", "--json")).json()["items"]
    assert pin["key"] == KEY.hex() and pin["replicas"]["holders"] >= 4 and pin["replicas"]["found"] >= 1
    # It is gone from the overlay, and stays readable in the archive.
    kept = (await node.command("find", other_key.hex(), "--local", "--json")).status
    assert kept == 1


async def test_what_is_withdrawn_is_forgotten_by_the_others_and_kept_here(network, nodes):
    node = await hasty_node(nodes)
    peers = await network.start(3, tick=0.1)
    await network.introduce(peers, to=[node])
    await node.store(KEY, b"here", signed=True)
    report = (await node.command("withdraw", KEY.hex(), "--json")).json()
    assert report == {"key": KEY.hex(), "withdrawn": 1, "pinned": False}
    again = await node.command("withdraw", KEY.hex())
    assert again.status == 1 and "Nothing" in again.errors
    (entry,) = {entry for peer in peers for entry in peer.stored(KEY)}
    await wait_until(lambda: not holders(peers, KEY, entry), "the peers have forgotten it", LIFETIME + 20.0, every=1.0)


async def test_a_node_killed_in_a_sweep_finishes_it(network, nodes):
    node = await hasty_node(nodes)
    peers = await network.start(8, tick=0.1)
    await network.introduce(peers, to=[node])
    keys = [bytes([number]) * 20 for number in range(10)]
    await asyncio.gather(*(node.store(key, b"x" + key[:4], signed=False) for key in keys))
    before = await republished(node)
    await wait_until(lambda: sweeping(node, before), "a sweep is under way", 60.0, every=0.1)
    await node.kill()
    await node.start()
    await wait_until(lambda: all_held(peers, keys, LIFETIME), "every key is held by all again", 60.0, every=0.5)


async def sweeping(node, before):
    """Whether some of a sweep's keys are done and some are not."""
    status = await node.status()
    return status["counters"]["keys_republished"] > before and status["upkeep"]["phase"] == "working"


def all_held(peers, keys, lifetime):
    """Whether every peer holds every key with a fresh copy."""
    now = time.time()
    return all(
        any(now - value.last_update < lifetime for storages in peer.overlay.storages.values()
            for value in storages.items.get(key, []))
        for peer in peers for key in keys)
