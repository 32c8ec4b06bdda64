"""
The harness tried on py-ipv8 peers alone.

When one of these fails, the fault is in the harness or in the machine and not in Bristlecone.
"""

import asyncio
import time

import pytest

from harness.finding import finds
from harness.network import LEVELS
from harness.wire import PREFIX, Sender, receive_queue

KEY = bytes(range(20))


async def test_peers_find_each_other_and_a_value(network):
    first, *others = await network.start(10, tick=0.1)
    await network.introduce()
    await network.acquainted(8)

    assert await first.store(KEY, b"signed", signed=True)
    assert await others[0].store(KEY, b"unsigned", signed=False)

    expected = {(b"signed", first.public_key), (b"unsigned", None)}
    for peer in others:
        await finds(peer, KEY, expected)


async def test_a_peer_knows_nobody_before_it_is_introduced(network):
    (peer,) = await network.start(1)
    assert not peer.knows_itself
    assert peer.contacts() == []


@pytest.mark.parametrize("level", LEVELS)
async def test_every_key_level_pings_and_stores(network, level):
    peer, other = await network.start(2, levels=(level, "curve25519"), tick=0.1)
    await peer.meet(other)
    entry = peer.entry(b"from " + level.encode(), signed=False)
    assert await peer.ping(other.contact)
    assert await peer.store_on(other.contact, KEY, [entry])
    assert other.stored(KEY) == [entry]


async def test_stores_on_one_node_stay_within_its_flood_limit(network):
    target, *peers = await network.start(5)
    values = {index.to_bytes(20, "big"): f"value {index}".encode() for index in range(60)}
    began = time.monotonic()
    acknowledged = await asyncio.gather(*(
        peers[index % 4].store_on(target.contact, key, [peers[index % 4].entry(value)])
        for index, (key, value) in enumerate(values.items())))
    assert all(acknowledged)
    assert time.monotonic() - began > 5, "60 stores and 4 finds by 4 peers must have waited for the flood limit"
    for key, value in values.items():
        (entry,) = target.stored(key)
        assert value in entry


async def test_a_node_answers_with_the_bytes_it_was_given(network):
    target, peer = await network.start(2)
    entries = [peer.entry(b"old", version=7), peer.entry(b"noise", signed=False)]
    assert await peer.store_on(target.contact, KEY, entries)
    answer = await peer.ask(target.contact, KEY)
    assert set(answer.values) == set(entries)
    target.forget_values()
    assert (await peer.ask(target.contact, KEY)).values == ()


async def test_silence_is_told_from_an_answer(network):
    target, peer = await network.start(2)
    assert not await peer.store_on(target.contact, KEY, [peer.entry(b"x")], token=bytes(20), patience=0.5)
    assert await peer.ping(target.contact)
    assert any("Bad token" in line for line in target.complaints.lines)
    target.complaints.lines.clear()


async def test_a_complaint_is_recorded(network, addresses):
    (peer,) = await network.start(1)
    with Sender(addresses.take()) as sender:
        sender.send(PREFIX + b"\x01garbage", peer.address)
    while not peer.complaints.lines:
        await asyncio.sleep(0.01)
    peer.complaints.lines.clear()


async def test_a_receive_queue_is_seen_from_outside(addresses):
    with Sender(addresses.take()) as receiver, Sender(addresses.take()) as sender:
        assert receive_queue(receiver.address)[0] == 0
        sender.send(bytes(1000), receiver.address)
        assert receive_queue(receiver.address)[0] > 1000
