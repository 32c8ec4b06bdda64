"""Every recorded request to py-ipv8's REST interface, sent to our node and to a py-ipv8 node of the same overlay."""

import asyncio
import contextlib
import re

import pytest
from ipv8.dht import DHTError

from harness.waiting import wait_until
from rest_differences import DIFFERENCES, NOT_OURS, NOT_REPEATED
from rest_pairs import PAIRS, RECORDING, difference, pairs_of, request_of
from rest_servers import http_address, over_socket, over_tcp, reference_rest

UNSIGNED_KEY, MIXED_KEY = b"\xbb" * 20, b"\xcc" * 20


class Replay:
    """Sends pairs to both servers and collects what is not as it should be."""

    def __init__(self, ours, theirs):
        self._ours = ours
        self._theirs = theirs
        self._faults = []

    async def pair(self, pair, renamed_here=None, renamed_there=None):
        """Sends one request to both."""
        ours, theirs = await asyncio.gather(
            self._ours.ask(*request_of(pair, renamed_here or {})),
            self._theirs.ask(*request_of(pair, renamed_there or {})))
        fault = difference(pair, theirs)
        if fault and pair["name"] not in NOT_REPEATED:
            self._faults.append(f"{pair['name']}: py-ipv8 itself differs from the recording: {fault}")
        self._judge(pair, ours)

    def _judge(self, pair, answer):
        name = pair["name"]
        found = difference(pair, answer)
        if name not in DIFFERENCES:
            if found:
                self._faults.append(f"{name}: {found}")
            return
        status, text = DIFFERENCES[name]
        if found is None:
            self._faults.append(f"{name}: this was to differ and does not: {answer}")
        elif answer.status != status or text not in answer.text:
            self._faults.append(f"{name}: this was to be {status} with {text!r}: {answer}")

    def check(self):
        """Fails with all that was collected."""
        assert not self._faults, "\n".join(self._faults)


@pytest.fixture
def replay(nodes):
    """Makes a replay of a node and the REST interface of a peer."""
    @contextlib.asynccontextmanager
    async def make(node, peer, **options):
        async with over_socket(node) as ours, reference_rest(peer, **options) as theirs:
            replay = Replay(ours, theirs)
            yield replay
            replay.check()
    return make


async def overlay_of(network, nodes, count=10):
    """A node of ours and a py-ipv8 peer beside others, all of whom know each other, with some values."""
    others = await network.start(count, tick=0.1)
    (peer,) = await network.start(1, tick=0.1)
    node = await nodes.start(peers=[others[0]])
    await network.introduce(to=[node])
    for other in others:
        await other.meet(peer)
    await store(others[0], UNSIGNED_KEY, b"unsigned!", signed=False)
    await store(others[1], MIXED_KEY, b"unsigned", signed=False)
    await store(others[1], MIXED_KEY, b"signed")
    return node, peer, others


async def store(peer, key, data, **options):
    """Has a py-ipv8 peer store a value. It fails if those that it asks first are slow."""
    async def stored():
        with contextlib.suppress(DHTError):
            return await peer.store(key, data, **options)

    await wait_until(stored, f"{peer} stores a value")


async def held_mid(client, store_peers, besides):
    """The identity of a peer that a server remembers for those who look for it."""
    async def held():
        await store_peers()
        counts = (await client.get("/dht/statistics"))["statistics"]["num_peers_in_store"]
        return next((mid for mid, count in counts.items() if count > 0 and mid not in besides), None)

    return await wait_until(held, "a peer had itself remembered", 60.0, every=1.0)


async def test_beside_other_peers(network, nodes, replay):
    """Ten others over IPv4, and no key."""
    node, peer, others = await overlay_of(network, nodes)

    async def store_peers():
        await asyncio.gather(*(one.overlay.store_peer() for one in [peer, *others]), return_exceptions=True)

    async with replay(node, peer) as both, over_socket(node) as ours, reference_rest(peer) as theirs:
        own = {node.contact.mid.hex(), peer.mid.hex()}
        recorded = {name.removeprefix("of \"peers\": "): mid for name, mid in RECORDING["variables"].items()}
        found = others[2].mid.hex()
        renamed = [
            {
                recorded["own mid"]: mid, recorded["mid of a peer that can be found"]: found,
                recorded["mid of a peer whose record the node holds"]: await held_mid(client, store_peers, own | {found}),
            }
            for client, mid in ((ours, node.contact.mid.hex()), (theirs, peer.mid.hex()))
        ]

        async def is_remembered():
            return sum((await theirs.get("/dht/statistics"))["statistics"]["num_store_for_me"].values()) > 0

        await wait_until(is_remembered, "others remember the py-ipv8 peer", 60.0)
        for pair in pairs_of("peers"):
            await both.pair(pair, *renamed)


async def test_with_a_key(network, nodes, replay):
    peer, other = await network.start(2)
    node = await nodes.make(settings={"HTTP_LISTEN": "127.0.0.1:0", "HTTP_READS_NEED_KEY": "true"}).start(peers=[other])
    await peer.meet(other)
    key = (node.data / "api.key").read_text(encoding="ascii").strip()
    async with over_tcp(http_address(node)) as ours, reference_rest(peer, api_key="secret") as theirs:
        both = Replay(ours, theirs)
        for pair in pairs_of("keyed"):
            await both.pair(pair, {"secret": key})
        both.check()


async def test_reading_is_open_and_writing_needs_the_key(nodes):
    node = await nodes.make(settings={"HTTP_LISTEN": "127.0.0.1:0"}).start()
    key = (node.data / "api.key").read_text(encoding="ascii").strip()
    put = ("PUT", "/dht/values/" + "ab" * 20)
    async with over_tcp(http_address(node)) as client:
        for path in ("/dht/statistics", "/dht/values", "/dht/buckets", "/dht/values/00", "/overlays", "/network"):
            assert (await client.ask("GET", path)).status == 200
        # These make the node do something for whoever asks.
        for path in ("/dht/peers/00", "/noblockdht/00", "/dht/buckets/0/refresh"):
            assert (await client.ask("GET", path)).status == 401
        for headers in ({}, {"X-Api-Key": "wrong"}, {"X-Api-Key": ""}, {"Cookie": f"api_key={key}"}):
            refused = await client.ask(*put, headers, '{"value": "76"}')
            assert (refused.status, refused.text) == (401, '{"error": "Unauthorized access"}')
        for headers in ({"X-Api-Key": key}, {"Authorization": f"Bearer {key}"}):
            assert (await client.ask(*put, headers, '{"value": "76"}')).status == 200
        assert (await client.ask(put[0], f"{put[1]}?apikey={key}", {}, '{"value": "76"}')).status == 200


async def test_a_node_that_never_met_anybody(network, nodes, replay):
    (peer,) = await network.start(1)
    await peer.only_answer()
    node = await nodes.start()
    async with replay(node, peer) as both:
        for pair in pairs_of("lone"):
            await both.pair(pair)


async def test_a_node_whose_only_contact_is_gone(network, nodes, replay):
    peer, gone, gone_too = await network.start(3)
    node = await nodes.start(peers=[gone])
    await peer.meet(gone_too)
    await wait_until(lambda: node.knows(gone.mid), "the node knows the peer")
    await peer.only_answer()
    for other in (gone, gone_too):
        network.peers.remove(other)
        await other.stop()
    for table in peer.overlay.routing_tables.values():
        for bucket in table.trie.values():
            bucket.nodes.clear()
    async with replay(node, peer) as both, over_socket(node) as ours:
        async def is_alone():
            # Each lookup finds out that nobody answers.
            await ours.ask("GET", "/dht/values/" + "00" * 20)
            return not (await node.status())["contacts"]

        await wait_until(is_alone, "the node has given the peer up", 60.0)
        for pair in pairs_of("emptied"):
            await both.pair(pair)


async def test_contacts_over_both_families(namespaces, network, nodes, addresses, replay):
    namespace = namespaces.make()

    def ipv6():
        address = addresses.take_ipv6()
        namespace.add_address(address)
        return address

    others = [await network.add(ipv6=ipv6(), namespace=namespace, tick=0.1) for _ in range(2)]
    peer = await network.add(ipv6=ipv6(), namespace=namespace, tick=0.1)
    node = await nodes.make(ipv6=ipv6(), namespace=namespace).start(peers=[others[0]])
    for other in others:
        for one in (other, peer):
            if one is not other:
                await one.meet(other.contact)
                await one.meet(other.contact_ipv6)
        await other.meet(node.contact)
        await other.meet(node.contact_ipv6)

    async def knows_both():
        return all(endpoint["contacts"] for endpoint in (await node.status())["endpoints"])

    await wait_until(knows_both, "the node has contacts over both families", 30.0)
    async with replay(node, peer) as both:
        for pair in pairs_of("dual"):
            await both.pair(pair)


async def test_statistics(network, nodes, replay):
    peer, other = await network.start(2)
    node = await nodes.start(peers=[other])
    await peer.meet(other)
    await wait_until(lambda: node.knows(other.mid), "the node knows the peer")
    async with replay(node, peer, with_statistics=True) as both:
        for pair in pairs_of("statistics"):
            await both.pair(pair)


async def test_when_all_others_have_fallen_silent(network, nodes, replay):
    node, peer, others = await overlay_of(network, nodes)
    async with replay(node, peer) as both:
        for other in others:
            network.peers.remove(other)
            await other.stop()
        # At the same time: contacts that stay silent are given up in a few seconds.
        await asyncio.gather(*(both.pair(pair) for pair in pairs_of("silent")))


def test_the_documents_tell_of_every_difference(repository):
    text = (repository / "docs/rest.md").read_text(encoding="utf-8")
    table = text[text.index("## What differs"):]
    named = set(re.findall(r"`([a-z0-9]+(?:\.[a-z0-9]+)*)`", table))
    names = {pair["name"] for pair in PAIRS}
    assert set(DIFFERENCES) <= names
    assert set(DIFFERENCES) <= named, f"docs/rest.md does not tell of {sorted(set(DIFFERENCES) - named)}"
    assert named & names == set(DIFFERENCES), f"these do not differ: {sorted((named & names) - set(DIFFERENCES))}"
    setups = set(RECORDING["setups"])
    assert NOT_OURS <= setups and all(f"`{setup}`" in table for setup in NOT_OURS)
