"""
Peers behind NATs are found by key and reached: both kinds, on either side, in network namespaces.

Who looks for them walks nowhere by itself, so that only the search can have opened the way; and before the search the way
is seen to be closed.
"""

import asyncio

import pytest_asyncio

from harness.contact import Contact, typed
from harness.finding import finds
from harness.internet import Internet
from harness.waiting import wait_until
from test_walkthrough import key_of


class World:
    """A node of ours and two py-ipv8 peers with public addresses, and whoever comes to be behind NATs."""

    def __init__(self, namespaces, network, nodes):
        self.internet = Internet(namespaces)
        self._network = network
        self._nodes = nodes
        self.peers = []
        self.node = None

    async def begin(self, peers=2):
        """Starts those with public addresses."""
        self.node = await self.our_public()
        for _ in range(peers):
            peer = await self._network.add(
                self.internet.take_address(), namespace=self.internet.public, tick=0.1)
            await peer.meet(self.node)
            self.peers.append(peer)
        return self

    async def our_public(self, peers=()):
        """A node of ours with a public address."""
        node = self._nodes.make(self.internet.take_address(), namespace=self.internet.public)
        return await node.start(peers)

    async def ours(self, home):
        """A node of ours at home, listening as it does by default, on all addresses; it knows the public ones."""
        node = await self._nodes.make("0.0.0.0", namespace=home.namespace).start([self.node, *self.peers])
        await wait_until(lambda: self.is_remembered(node.contact.mid), f"{node} is remembered", 60.0, every=0.5)
        return node

    async def theirs(self, home, address=None):
        """A py-ipv8 peer at home that our public node remembers."""
        peer = await self._network.add(address or home.address, namespace=home.namespace, behind_nat=True, tick=0.1)
        await peer.meet(self.node)
        await wait_until(peer.overlay.store_peer, f"{peer} is remembered", 30.0, every=0.5)
        return peer

    async def their_seeker(self, home=None):
        """A py-ipv8 peer that knows our public node, has never asked anybody for an introduction, and never will."""
        ip, namespace = (home.address, home.namespace) if home else (
            self.internet.take_address(), self.internet.public)
        peer = await self._network.add(ip, namespace=namespace, behind_nat=home is not None)
        await peer.only_answer()
        # What an introduction would tell it.
        peer.overlay.my_estimated_wan = typed((home.outside if home else ip, peer.address[1]))
        node = self.node.contact.as_node()
        peer.overlay.get_routing_table(node).add(node)
        return peer

    async def is_remembered(self, mid):
        """Whether a public py-ipv8 peer remembers where somebody is."""
        return any(peer.overlay.store.get(mid) for peer in self.peers)

    async def outside_of(self, node):
        """Where others see a node of ours."""
        external = (await node.status())["endpoints"][0]["external"]
        host, port = external.rsplit(":", 1)
        return Contact((host, int(port)), node.contact.public_key)


@pytest_asyncio.fixture
async def world(namespaces, network, nodes):
    """The world with two py-ipv8 peers."""
    return await World(namespaces, network, nodes).begin()


async def reached(seeker, mid):
    """Whether a py-ipv8 peer finds another one by key, and gets an answer from where it is said to be."""
    try:
        found = await seeker.overlay.connect_peer(mid)
    except Exception:
        return False
    for node in found:
        if await seeker.ping(Contact(tuple(node.address), node.public_key.key_to_bin())):
            return True
    return False


async def test_a_nat_lets_nobody_in_unasked(world):
    """Without this the rest would show nothing."""
    hidden = await world.theirs(world.internet.home())
    stranger = await world.our_public()
    refused = await stranger.command("ping", "%s:%d" % hidden.outside.address)
    assert refused.status == 1 and "Nobody answered" in refused.errors


async def test_their_peer_behind_a_nat_is_found_and_reached(world):
    home = world.internet.home()
    hidden = await world.theirs(home)
    seeker = await world.our_public(peers=[world.node])
    await wait_until(lambda: seeker.knows(world.node.contact.mid), f"{seeker} knows {world.node}")
    report = (await seeker.command("connect", hidden.mid.hex(), "--json")).json()
    assert [peer["address"] for peer in report["peers"]] == ["%s:%d" % hidden.outside.address]
    assert report["peers"][0]["address"].startswith(home.outside)

    stranger = await world.their_seeker()
    assert not await stranger.ping(hidden.outside, patience=1.0)
    assert await reached(stranger, hidden.mid)


async def test_our_node_behind_a_nat_is_found_and_reached(world):
    home = world.internet.home()
    hidden = await world.ours(home)
    outside = await world.outside_of(hidden)
    assert outside.address[0] == home.outside
    assert (await hidden.status())["endpoints"][0]["node_id"] == outside.node_id.hex()

    stranger = await world.their_seeker()
    assert not await stranger.ping(outside, patience=1.0)
    assert await reached(stranger, hidden.contact.mid)
    seeker = await world.our_public(peers=[world.node])
    await wait_until(lambda: seeker.knows(world.node.contact.mid), f"{seeker} knows {world.node}")
    report = (await seeker.command("connect", hidden.contact.mid.hex(), "--json")).json()
    assert [peer["address"] for peer in report["peers"]] == ["%s:%d" % outside.address]


async def test_their_seeker_and_our_node_each_behind_a_nat(world):
    hidden = await world.ours(world.internet.home())
    seeker = await world.their_seeker(world.internet.home())
    assert not await seeker.ping(await world.outside_of(hidden), patience=1.0)
    assert await reached(seeker, hidden.contact.mid)


async def test_our_seeker_and_their_peer_each_behind_a_nat(world):
    hidden = await world.theirs(world.internet.home())
    seeker = await world.ours(world.internet.home())
    report = (await seeker.command("connect", hidden.mid.hex(), "--json")).json()
    assert [peer["address"] for peer in report["peers"]] == ["%s:%d" % hidden.outside.address]


async def test_two_of_ours_each_behind_a_nat(world):
    hidden = await world.ours(world.internet.home())
    seeker = await world.ours(world.internet.home())
    outside = await world.outside_of(hidden)
    report = (await seeker.command("connect", hidden.contact.mid.hex(), "--json")).json()
    assert [peer["address"] for peer in report["peers"]] == ["%s:%d" % outside.address]
    await hidden.store(key_of("from behind"), b"from behind")
    await finds(seeker, key_of("from behind"), {(b"from behind", hidden.contact.public_key)})


async def test_two_in_one_home_meet_at_their_private_addresses(world):
    """The router does not send back what a peer sends to the home's own public address."""
    home = world.internet.home()
    node, peer = await asyncio.gather(world.ours(home), world.theirs(home, home.take_address()))
    await wait_until(
        lambda: peer.knows(node.contact.mid), f"{peer} is introduced to {node} at home", 30.0)
    await wait_until(lambda: node.knows(peer.mid), f"{node} is introduced to {peer} at home", 30.0, every=0.5)
    addresses = [contact["address"] for contact in (await node.status())["contacts"]
                 if contact["mid"] == peer.mid.hex()]
    assert addresses == ["%s:%d" % peer.address]


async def test_two_of_ours_in_one_home_are_introduced_by_ours(namespaces, network, nodes):
    """Who knows them both tells each where the other is at home."""
    world = await World(namespaces, network, nodes).begin(peers=0)
    home = world.internet.home()
    one, other = await asyncio.gather(*(
        nodes.make(address, namespace=home.namespace).start([world.node])
        for address in (home.address, home.take_address())))
    for node, neighbour in ((one, other), (other, one)):
        await wait_until(
            lambda node=node, neighbour=neighbour: node.knows(neighbour.contact.mid), f"{node} knows {neighbour}", 30.0,
            every=0.5)
        addresses = [contact["address"] for contact in (await node.status())["contacts"]
                     if contact["mid"] == neighbour.contact.mid.hex()]
        assert addresses == ["%s:%d" % neighbour.contact.address]
