"""SIGKILL while py-ipv8 peers store: what was acknowledged is there again."""

import asyncio
import hashlib
import itertools
import random

import pytest

from harness.waiting import wait_until

PEERS = 50
LEVELS = ("curve25519",) * 8 + ("very-low", "low")
VALUES_A_PEER = 20
KILL_AFTER = 400
# A value belongs on so many nodes (the reference's TARGET_NODES).
CLOSEST = 8
LOCAL_FINDS = 100
# Fifty peers that take every step of their walk would keep this process too busy to be a fair client.
TICK_SECONDS = 4.0


def keys_near(node, peers):
    """
    Keys without end to which `node` is among the 8 closest of all, so that peers would choose it.

    What is stored on a node farther away expires sooner, by half for each node from the 8th on that is closer, and is
    soon not served any more.
    """
    own, others = as_number(node.contact.node_id), [as_number(peer.contact.node_id) for peer in peers]
    for index in itertools.count():
        key = hashlib.sha1(f"key {index}".encode()).digest()
        number = as_number(key)
        if sum(other ^ number < own ^ number for other in others) < CLOSEST:
            yield key


def as_number(node_id):
    """Node ids and keys as numbers, whose XOR is their distance."""
    return int.from_bytes(node_id, "big")


class Load:
    """Values that peers store on one node, and which of them it acknowledged."""

    def __init__(self, node, peers, values_a_peer):
        self.acknowledged = {}
        self.keeper = {}
        keys = keys_near(node, peers)
        self._waiting = {
            peer: [self._value(peer, index, next(keys)) for index in range(values_a_peer)] for peer in peers}

    @property
    def outstanding(self):
        """How many values are not acknowledged yet."""
        return sum(map(len, self._waiting.values()))

    async def push(self, node):
        """Stores everything that is outstanding, as fast as the node's flood limit lets each peer; may be cancelled."""
        await asyncio.gather(*(self._push(peer, node.contact) for peer in self._waiting))

    async def verify(self, node):
        """Asks the node for every acknowledged value and compares bytes; returns how many were asked for."""
        by_peer = {}
        for key, peer in self.keeper.items():
            by_peer.setdefault(peer, []).append(key)
        await asyncio.gather(*(self._verify(peer, node.contact, keys) for peer, keys in by_peer.items()))
        return len(self.acknowledged)

    async def _push(self, peer, contact):
        for key, entry in list(self._waiting[peer]):
            # A lookup of the peer's own may bring it over the flood limit, so silence is not the last word.
            await wait_until(lambda: peer.store_on(contact, key, [entry]), f"{key.hex()} is stored", 60.0)
            self.acknowledged[key] = entry
            self.keeper[key] = peer
            self._waiting[peer].remove((key, entry))

    async def _verify(self, peer, contact, keys):
        for key in keys:
            answer = await wait_until(lambda: peer.ask(contact, key), f"an answer to the find of {key.hex()}", 60.0)
            assert answer.values == (self.acknowledged[key],), f"what was acknowledged under {key.hex()}"

    @staticmethod
    def _value(peer, index, key):
        return key, peer.entry(f"{peer.mid.hex()[:8]} {index}".encode(), signed=index % 2 == 0)


async def kill_in_mid_stream(load, node, after):
    """Lets the peers store until `after` values are acknowledged, then kills the node with stores under way."""
    pushing = asyncio.create_task(load.push(node))
    await wait_until(lambda: len(load.acknowledged) >= after or pushing.done(), f"{after} stores", 60.0, every=0.001)
    assert load.outstanding, "the kill came too late to interrupt anything"
    await node.kill()
    pushing.cancel()
    await asyncio.gather(pushing, return_exceptions=True)


async def check_local_finds(load, node, count):
    """Compares what `find --local` brings for a sample of the acknowledged values."""
    sample = random.Random(1).sample(sorted(load.acknowledged), min(count, len(load.acknowledged)))
    for key in sample:
        entry, keeper = load.acknowledged[key], load.keeper[key]
        signed = entry[0] == 1
        data = entry[3:3 + int.from_bytes(entry[1:3], "big")] if signed else entry[1:]
        assert await node.find_local(key) == {(data, keeper.public_key if signed else None)}


async def test_a_thousand_values_survive_a_kill_in_mid_stream(network, nodes):
    peers = await network.start(PEERS, levels=LEVELS, tick=TICK_SECONDS)
    await network.introduce()
    node = await nodes.start(peers=peers[:3])
    # Fifty peers that ping each other are much to do for one process.
    await asyncio.gather(*(peer.only_answer() for peer in peers))
    before = await node.status()
    load = Load(node, peers, VALUES_A_PEER)

    await kill_in_mid_stream(load, node, KILL_AFTER)
    survivors = len(load.acknowledged)
    await node.restart()
    after = await node.status()
    assert (after["mid"], after["public_key"]) == (before["mid"], before["public_key"])
    mids = {peer.mid.hex() for peer in peers}
    assert mids & {contact["mid"] for contact in after["contacts"]}, "contacts are known again without --peer"
    assert await load.verify(node) == survivors >= KILL_AFTER

    await load.push(node)
    assert load.outstanding == 0
    await node.kill()
    await node.restart()
    assert await load.verify(node) == PEERS * VALUES_A_PEER
    await check_local_finds(load, node, LOCAL_FINDS)
    assert (await node.status())["archive"]["values"] >= PEERS * VALUES_A_PEER


async def test_identity_and_contacts_survive_a_kill(network, nodes):
    peers = await network.start(4, tick=0.1)
    await network.introduce()
    node = await nodes.start(peers=[peers[0]])
    mid = (await node.status())["mid"]

    async def knows_all():
        status = await node.status()
        return {peer.mid.hex() for peer in peers} <= {contact["mid"] for contact in status["contacts"]}

    await wait_until(knows_all, f"{node} knows all four peers", 30.0, every=0.3)
    # Otherwise they would make themselves known.
    await asyncio.gather(*(peer.only_answer() for peer in peers))
    await node.stop()
    await node.restart()
    await wait_until(knows_all, f"{node} knows all four peers again without --peer", 15.0, every=0.3)
    await node.kill()
    await node.restart()
    await wait_until(knows_all, f"{node} knows all four peers again after a kill", 15.0, every=0.3)
    status = await node.status()
    assert status["mid"] == mid
    assert any(contact["status"] == "good" for contact in status["contacts"])


async def test_what_was_published_here_survives_a_kill(network, nodes):
    peers = await network.start(2, tick=0.1)
    await network.introduce()
    node = await nodes.start(peers=peers)
    await wait_until(lambda: node.knows(peers[0].mid), f"{node} knows a peer", every=0.3)
    key = hashlib.sha1(b"published").digest()
    await node.store(key, b"published")
    await node.kill()
    await node.restart()
    assert await node.find_local(key) == {(b"published", node.contact.public_key)}


async def test_a_clean_stop_loses_nothing_either(network, nodes):
    (peer,) = await network.start(1)
    node = await nodes.start()
    load = Load(node, [peer], 7)
    await load.push(node)
    await node.stop()
    await node.restart()
    assert await load.verify(node) == 7


@pytest.mark.full
@pytest.mark.timeout(900)
async def test_many_kills_at_any_moment(network, nodes):
    dice = random.Random(20)
    peers = await network.start(30, tick=TICK_SECONDS)
    await network.introduce()
    node = await nodes.start(peers=peers[:3])
    load = Load(node, peers, 60)
    while load.outstanding:
        pushing = asyncio.create_task(load.push(node))
        await asyncio.wait([pushing], timeout=dice.uniform(0.2, 6.0))
        await node.kill()
        pushing.cancel()
        await asyncio.gather(pushing, return_exceptions=True)
        await node.restart()
    assert await load.verify(node) == 30 * 60
    await check_local_finds(load, node, 30 * 60)


@pytest.mark.full
@pytest.mark.timeout(900)
async def test_kills_during_startup(network, nodes):
    dice = random.Random(21)
    (peer,) = await network.start(1)
    node = await nodes.start()
    load = Load(node, [peer], 7)
    await load.push(node)
    await node.kill()
    for _ in range(40):
        await node.kill_while_starting(dice.uniform(0.0, 0.4))
    await node.restart()
    assert await load.verify(node) == 7
