"""
Nodes on IPv6 and on both families at once.

Each has addresses of its own in a network namespace, since a node id starts with a digest of the address. A py-ipv8 peer
adds nobody to its table before it knows its IPv4 address, so one that speaks IPv6 speaks both.
"""

import asyncio

import pytest

from harness.finding import finds
from harness.waiting import wait_until
from test_walkthrough import key_of


class Families:
    """Peers and nodes with addresses of both families, in one network namespace."""

    def __init__(self, namespaces, network, nodes, addresses):
        self.namespace = namespaces.make()
        self._network = network
        self._nodes = nodes
        self._addresses = addresses

    async def peer(self, ipv6=True, **options):
        """A py-ipv8 peer."""
        return await self._network.add(
            ipv6=self._address() if ipv6 else None, namespace=self.namespace, tick=0.1, **options)

    async def node(self, ipv4=True, ipv6=True, peers=()):
        """A Bristlecone node."""
        ips = ([self._addresses.take()] if ipv4 else []) + ([self._address()] if ipv6 else [])
        node = self._nodes.make(ips[0], ipv6=ips[1] if len(ips) > 1 else None, namespace=self.namespace)
        return await node.start(peers)

    def _address(self):
        address = self._addresses.take_ipv6()
        self.namespace.add_address(address)
        return address


@pytest.fixture
def families(namespaces, network, nodes, addresses):
    return Families(namespaces, network, nodes, addresses)


async def meet_over_both(peer, other):
    """Introduces a py-ipv8 peer over IPv4 and over IPv6, in this order: then it prefers IPv6."""
    await peer.meet(other.contact)
    await peer.meet(other.contact_ipv6)


def endpoint(status, family):
    """What a status says about one family."""
    return next(endpoint for endpoint in status["endpoints"] if endpoint["family"] == family)


async def test_an_ipv6_peer_pings_stores_finds_and_is_found(families):
    peer, other = await families.peer(), await families.peer()
    node = await families.node(ipv4=False, peers=[peer.contact_ipv6])
    await meet_over_both(peer, other)
    for each in (peer, other):
        await each.meet(node.contact)
        assert await each.ping(node.contact)
    assert await node.ping(peer.contact_ipv6.address)

    entry = peer.entry(b"over IPv6")
    assert await peer.store_on(node.contact, key_of("there"), [entry])
    assert (await other.ask(node.contact, key_of("there"))).values == (entry,)
    await finds(other, key_of("there"), {(b"over IPv6", peer.public_key)})
    stored = await node.store(key_of("back"), b"from ours")
    assert stored["acknowledged"] == 2
    await finds(other, key_of("back"), {(b"from ours", node.contact.public_key)})

    answer = await other.ask(node.contact, key_of("any"), force_nodes=True)
    assert peer.contact_ipv6 in answer.contacts
    status = endpoint(await node.status(), "ipv6")
    assert status["node_id"] == node.contact.node_id.hex()


async def test_an_ipv6_peer_is_found_by_key(families, network):
    # A py-ipv8 peer makes a token for the address that it prefers, which changes when it comes to know another one.
    network.complaints_expected = True
    hidden, seeker = await families.peer(), await families.peer()
    node = await families.node(peers=[hidden, seeker])
    for peer in (hidden, seeker):
        await meet_over_both(peer, node)
    await wait_until(hidden.overlay.store_peer, f"{node} remembers {hidden}", 30.0, every=0.5)
    report = (await node.command("connect", hidden.mid.hex(), "--json")).json()
    assert f"[{hidden.contact_ipv6.address[0]}]:" in str(report["peers"])
    found = await seeker.overlay.connect_peer(hidden.mid)
    assert {peer.mid for peer in found} == {hidden.mid}

    async def finds_ours():
        try:
            return await seeker.overlay.connect_peer(node.contact.mid)
        except Exception:
            return None

    found = await wait_until(finds_ours, f"{seeker} finds {node}", 60.0, every=1.0)
    assert {peer.mid for peer in found} == {node.contact.mid}


async def test_what_is_stored_over_one_family_is_served_over_the_other(families):
    """py-ipv8 keeps a store for each family; a node of ours has one archive."""
    old, both = await families.peer(ipv6=False), await families.peer()
    node = await families.node()
    await old.meet(node)
    await meet_over_both(both, node)
    assert await old.store_on(node.contact, key_of("four"), [old.entry(b"four")])
    assert len((await both.ask(node.contact_ipv6, key_of("four"))).values) == 1
    assert await both.store_on(node.contact_ipv6, key_of("six"), [both.entry(b"six")])
    assert len((await old.ask(node.contact, key_of("six"))).values) == 1


async def test_lookups_and_stores_go_over_both_families(families):
    old, both = await families.peer(ipv6=False), await families.peer()
    four = await families.node(ipv6=False)
    six = await families.node(ipv4=False)
    node = await families.node(peers=[four, six, old, both.contact_ipv6])
    for each in (four.contact.mid, six.contact.mid, old.mid, both.mid):
        await wait_until(lambda each=each: node.knows(each), f"{node} knows {each.hex()}", 30.0, every=0.3)

    stored = await node.store(key_of("everywhere"), b"everywhere")
    assert stored["acknowledged"] >= 4
    expected = {(b"everywhere", node.contact.public_key)}
    assert await four.find_local(key_of("everywhere")) == expected
    assert await six.find_local(key_of("everywhere")) == expected
    await four.store(key_of("of four"), b"of four")
    await six.store(key_of("of six"), b"of six")
    await finds(node, key_of("of four"), {(b"of four", four.contact.public_key)})
    await finds(node, key_of("of six"), {(b"of six", six.contact.public_key)})


@pytest.mark.parametrize("empty", ("ipv4", "ipv6"))
async def test_an_empty_family_harms_nothing(families, empty):
    """With py-ipv8, a lookup fails as a whole where one family knows nobody."""
    friend = await families.node(ipv4=empty != "ipv4", ipv6=empty != "ipv6")
    node = await families.node(peers=[friend])
    await wait_until(lambda: node.knows(friend.contact.mid), f"{node} knows {friend}", every=0.2)
    assert (await node.store(key_of("one"), b"one"))["acknowledged"] == 1
    await finds(friend, key_of("one"), {(b"one", node.contact.public_key)})
    await friend.store(key_of("two"), b"two")
    await finds(node, key_of("two"), {(b"two", friend.contact.public_key)})
    status = await node.status()
    assert endpoint(status, empty)["contacts"] == 0


async def test_a_peer_that_answers_over_the_other_family_is_understood(families):
    """py-ipv8 answers where it prefers to: over IPv6 as soon as it knows a peer there, whatever it was asked over."""
    peer = await families.peer()
    node = await families.node(peers=[peer.contact, peer.contact_ipv6])
    await meet_over_both(peer, node)

    def prefers_ipv6():
        known = peer.overlay.network.get_verified_by_public_key_bin(node.contact.public_key)
        return known is not None and tuple(known.address) == node.contact_ipv6.address

    await wait_until(prefers_ipv6, f"{peer} prefers to answer {node} over IPv6")
    answer = await node.ping(peer.address)
    assert answer["mid"] == peer.mid.hex()
    assert (await node.store(key_of("crossed"), b"crossed"))["acknowledged"] >= 1
    await finds(peer, key_of("crossed"), {(b"crossed", node.contact.public_key)})
    assert await peer.store_on(node.contact, key_of("theirs"), [peer.entry(b"theirs")])
    await finds(node, key_of("theirs"), {(b"theirs", peer.public_key)})
    assert (await node.dropped()).get("unmatched_response", 0) == 0
    assert (await node.command("connect", peer.mid.hex())).status in (0, 1)


async def test_a_mixed_network_of_both_families(families, network):
    # A py-ipv8 peer makes a token for the address that it prefers, which changes when it comes to know another one.
    network.complaints_expected = True
    peers = [await families.peer(ipv6=index % 2 == 0) for index in range(3)]
    first = await families.node(peers=[peers[0], peers[1]])
    others = await asyncio.gather(
        families.node(ipv6=False, peers=[first]), families.node(ipv4=False, peers=[first.contact_ipv6]))
    for peer in peers:
        await peer.meet(first.contact)
    nodes = [first, *others]

    async def ours_know_enough():
        statuses = await asyncio.gather(*(node.status() for node in nodes))
        return all(len({contact["mid"] for contact in status["contacts"]}) >= 3 for status in statuses)

    await wait_until(ours_know_enough, "each Bristlecone node knows three nodes", 60.0, every=0.5)
    for number, node in enumerate(nodes):
        await node.store(key_of(f"ours {number}"), b"value")
    for number, node in enumerate(nodes):
        for seeker in (*nodes, *peers):
            await finds(seeker, key_of(f"ours {number}"), {(b"value", node.contact.public_key)})
