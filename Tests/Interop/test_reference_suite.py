"""
What the reference's own DHT tests try, with ours in the place of one of their nodes.

[reference-tests.md](reference-tests.md) lists all of their tests, and which of ours covers each.
"""

import asyncio
import hashlib
import importlib
import inspect
import pathlib
import re
import unittest

import pytest

from ipv8.dht import DHTError
from ipv8.dht.churn import PingChurn
from ipv8.dht.provider import DHTCommunityProvider
from ipv8.dht.routing import distance
from ipv8.messaging.anonymization.tunnel import IntroductionPoint

from harness.finding import finds, stores
from harness.waiting import wait_until
from test_walkthrough import key_of, mixed_network

PAGE = pathlib.Path(__file__).with_name("reference-tests.md")
ROW = re.compile(r"^\| `(\w+)\.(\w+)\.(\w+)` \| (.+) \|$", re.MULTILINE)
NAMED = re.compile(r"`([\w./]+\.py)::(\w+)`|`(\w+)\.(\w+)`")


# The list


def their_tests():
    """The names of the reference's DHT tests, as they are installed: {(module, class, test)}."""
    folder = pathlib.Path(importlib.import_module("ipv8.test.dht").__file__).parent
    found = set()
    for path in folder.glob("test_*.py"):
        module = importlib.import_module(f"ipv8.test.dht.{path.stem}")
        for name, case in inspect.getmembers(module, inspect.isclass):
            if issubclass(case, unittest.TestCase) and case.__module__ == module.__name__:
                found |= {(path.stem, name, test) for test in vars(case) if test.startswith("test_")}
    return found


def rows():
    """The page's rows: {(module, class, test): what it says about it}."""
    return {match.groups()[:3]: match[4] for match in ROW.finditer(PAGE.read_text(encoding="utf-8"))}


def test_the_list_has_each_of_the_reference_s_tests():
    theirs = their_tests()
    assert len(theirs) == 54
    assert rows().keys() == theirs


def test_every_test_that_the_list_names_exists(repository):
    swift = {}
    for path in (repository / "Tests").rglob("*.swift"):
        suite = None
        for line in path.read_text(encoding="utf-8").splitlines():
            if match := re.search(r"@Suite.* struct (\w+)", line):
                suite = match[1]
            if match := re.search(r"^    (?:@Test.*)?func (\w+)\(", line):
                swift.setdefault(suite, set()).add(match[1])
    for test, says in rows().items():
        named = NAMED.findall(says)
        assert named or "no counterpart" in says, f"{test} is neither covered nor said not to be"
        for file, function, suite, name in named:
            if file:
                text = (PAGE.parent / file).read_text(encoding="utf-8")
                assert re.search(rf"^(async )?def {function}\(", text, re.MULTILINE), f"{file}::{function}"
            else:
                assert name in swift.get(suite, ()), f"{suite}.{name}"


# Pings


def entry_of(peer, node):
    """The place of a Bristlecone node in a py-ipv8 peer's routing table."""
    (table,) = peer.overlay.routing_tables.values()
    return table.get(node.contact.node_id)


async def test_a_doubted_node_answers_the_churn_s_ping(network, nodes):
    (peer,) = await network.start(1, tick=0.1)
    node = await nodes.start()
    await peer.meet(node)
    doubted = entry_of(peer, node)
    doubted.failed, doubted.last_response = 1, 0
    PingChurn(peer.overlay, ping_interval=0.0).take_step()
    await wait_until(lambda: doubted.failed == 0 and doubted.last_response > 0, f"{node} answers the ping of {peer}")


async def test_a_node_that_is_gone_does_not_answer(network, nodes):
    (peer,) = await network.start(1, tick=0.1)
    node = await nodes.start()
    await peer.meet(node)
    await node.stop()
    assert not await peer.ping(node.contact, patience=0.5)


# Nodes and values


async def test_both_are_in_each_other_s_table_and_found_as_nodes(network, nodes):
    theirs, (node,) = await mixed_network(network, nodes, 4, 1)
    for peer in theirs:
        assert entry_of(peer, node) is not None
        assert await node.knows(peer.mid)
        found = {found.mid for found in await peer.overlay.find_nodes(key_of("any"))}
        assert found == {other.mid for other in theirs if other is not peer} | {node.contact.mid}


async def test_a_node_that_knows_nobody_stores_on_nobody(network, nodes):
    (peer,) = await network.start(1)
    node = await nodes.start()
    with pytest.raises(DHTError):
        await peer.store(key_of("nobody"), b"nobody")
    assert await peer.overlay.store_peer() == []
    stored = await node.store(key_of("nobody"), b"nobody")
    assert (stored["asked"], stored["acknowledged"]) == (0, 0)
    sent = {name for name in (await node.status())["counters"] if name.startswith("sent.")}
    assert not sent, "a node that knows nobody asks nobody to remember it"
    refused = await node.command("connect", peer.mid.hex())
    assert refused.status == 1 and "No peer" in refused.errors


async def test_what_a_lookup_finds_is_cached_on_ours_and_by_ours(network, nodes):
    theirs, (node,) = await mixed_network(network, nodes, 3, 1)
    holder, finder, other = theirs
    for peer in (finder, other):
        await peer.only_answer()
    key = key_of("cached here")
    # Whoever has it is asked, and the closest node that has not is given it.
    assert await holder.store_on(other.contact, key, [holder.entry(b"cached", signed=False)])
    await holder.stop()
    for bucket in (bucket for table in finder.overlay.routing_tables.values() for bucket in table.trie.values()):
        bucket.nodes.pop(holder.contact.node_id, None)
    await finds(finder, key, {(b"cached", None)})
    await wait_until(lambda: node.find_local(key), f"{node} is given the value by {finder}")

    # Ours spreads what is signed only: what is not does not tell its age, and would live for ever.
    key = key_of("cached there")
    assert await finder.store_on(other.contact, key, [finder.entry(b"cached")])
    await finds(node, key, {(b"cached", finder.public_key)})
    await wait_until(lambda: finder.stored(key), f"{finder} is given the value by {node}")
    await wait_until(lambda: node.find_local(key), f"{node} keeps what it has found")


async def test_a_value_is_on_the_eight_closest_of_fifteen(network, nodes):
    theirs, ours = await mixed_network(network, nodes, 10, 5)
    key = key_of("eight of fifteen")
    await stores(theirs[0], key, b"test1", signed=False, acknowledged_min=6)

    async def stored_by_ours():
        return (await ours[0].store(key, b"test2"))["acknowledged"] >= 6

    await wait_until(stored_by_ours, f"six acknowledge a store of {ours[0]}", every=1.0)

    contacts = sorted(
        [node.contact for node in ours] + [peer.contact for peer in theirs],
        key=lambda contact: distance(contact.node_id, key))
    holders = {ours[0].contact.mid}
    asker = next(peer for peer in theirs if peer.contact in contacts[8:])
    for contact in contacts:
        if contact.mid != asker.mid and (answer := await asker.ask(contact, key)) and len(answer.values) == 2:
            holders.add(contact.mid)
    assert len({contact.mid for contact in contacts[:8]} & holders) >= 6, "most of the eight closest hold both"
    expected = {(b"test1", None), (b"test2", ours[0].contact.public_key)}
    await finds(theirs[-1], key, expected)
    await finds(ours[-1], key, expected)


async def test_a_node_that_is_stopped_in_the_middle_of_a_search_ends_cleanly(network, nodes):
    peers = await network.start(4, tick=0.1)
    node = await nodes.start(peers=peers)
    for peer in peers:
        await wait_until(lambda peer=peer: node.knows(peer.mid), f"{node} knows {peer}", every=0.2)
    for peer in peers:
        await peer.stop()
    searching = asyncio.create_task(node.command("find", "nothing"))

    async def is_searching():
        return (await node.status())["counters"].get("sent.find_request", 0) >= 4

    await wait_until(is_searching, f"{node} searches")
    await node.stop()
    completed = await searching
    assert completed.status == 1 and completed.errors.count("\n") == 1


# Peers by key, and who uses it


async def test_introduction_points_are_announced_and_looked_up(network, nodes):
    theirs, _ = await mixed_network(network, nodes, 3, 2)
    info_hash = hashlib.sha1(b"a download").digest()
    for number, peer in enumerate(theirs[:2]):
        point = IntroductionPoint(peer.overlay.my_peer, b"LibNaCLPK:" + bytes([number]) * 64)
        point.peer.address = peer.address
        await DHTCommunityProvider(peer.overlay, peer.address[1]).announce(info_hash, point)
    answer = await DHTCommunityProvider(theirs[2].overlay, 1338).lookup(info_hash)
    assert {bytes(point.peer.public_key.key_to_bin()) for point in answer[1]} == {
        peer.public_key for peer in theirs[:2]}


async def test_a_value_that_is_no_introduction_point_spoils_no_lookup(network, nodes):
    theirs, (node,) = await mixed_network(network, nodes, 2, 1)
    info_hash = hashlib.sha1(b"another download").digest()
    await node.store(info_hash, b"invalid data", signed=False)
    assert await DHTCommunityProvider(theirs[0].overlay, 1337).lookup(info_hash) == (info_hash, [])


async def test_a_peer_that_nobody_remembers_is_not_found(network, nodes):
    theirs, (node,) = await mixed_network(network, nodes, 3, 1)
    stranger = hashlib.sha1(b"nobody's key").digest()
    with pytest.raises(DHTError):
        await theirs[0].overlay.connect_peer(stranger)
    assert (await node.command("connect", stranger.hex())).status == 1


async def test_the_holder_of_a_record_has_the_peer_puncture_the_asker(network, nodes):
    """Ours holds the record: the peer that is looked for sends a puncture to who looks."""
    node = await nodes.start()
    hidden, seeker = await network.start(2, tick=0.1)
    for peer in (hidden, seeker):
        await peer.meet(node)
    await wait_until(hidden.overlay.store_peer, f"{node} remembers {hidden}", every=0.5)
    punctured = []
    puncture = hidden.overlay.create_puncture
    hidden.overlay.create_puncture = lambda lan, wan, *rest: punctured.append(wan) or puncture(lan, wan, *rest)
    nodes_found = await seeker.overlay.connect_peer(hidden.mid)
    assert [found.mid for found in nodes_found] == [hidden.mid]
    await wait_until(lambda: seeker.address in punctured, f"{hidden} punctures {seeker}")
