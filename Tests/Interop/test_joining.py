"""How a node finds its way into the network, and back into it."""

import asyncio
import socket

import pytest
import pytest_asyncio

from ipv8.bootstrapping.udpbroadcast.bootstrapper import HDR_ANNOUNCE, BroadcastBootstrapEndpoint

from harness.addresses import join_address
from harness.tracker import Tracker
from harness.waiting import wait_until


@pytest_asyncio.fixture
async def tracker():
    """A bootstrap server on 127.0.0.1, which is what `localhost` is called."""
    tracker = await Tracker.start("127.0.0.1")
    yield tracker
    await tracker.stop()


@pytest.mark.parametrize("host", ("127.0.0.1", "localhost"))
async def test_a_bootstrap_server_introduces_a_node_to_peers(network, nodes, tracker, host):
    peers = await network.start(2, tick=0.1)
    for peer in peers:
        peer.overlay.network.blacklist.append(tracker.address)
        peer.walk_to(tracker.address)
        await wait_until(lambda peer=peer: peer.mid in tracker.asked_by, f"the tracker knows {peer}")
    servers = f"{host}:{tracker.address[1]}"
    node = await nodes.make(settings={"BOOTSTRAP_SERVERS": servers}).start()
    for peer in peers:
        await wait_until(lambda peer=peer: node.knows(peer.mid), f"{node} is introduced to {peer}", every=0.3)
    assert node.contact.mid in tracker.asked_by
    assert not await node.knows(tracker.my_peer.mid), "a tracker is no node"
    assert (await node.status())["joining"] == {"peers": [], "bootstrap_servers": True, "lan_broadcast": False}


async def test_a_bootstrap_server_is_left_alone_by_who_knows_others(network, nodes, tracker):
    (peer,) = await network.start(1, tick=0.1)
    node = await nodes.make(settings={"BOOTSTRAP_SERVERS": join_address(tracker.address)}).start(peers=[peer])
    await wait_until(lambda: node.knows(peer.mid), f"{node} knows {peer}", every=0.2)
    assert node.contact.mid not in tracker.asked_by
    await node.stop()
    await node.start()
    await wait_until(lambda: node.knows(peer.mid), f"{node} remembers {peer}", every=0.2)
    assert node.contact.mid not in tracker.asked_by


async def test_a_node_that_knows_nobody_says_what_it_does_about_it(nodes, addresses):
    silent = f"{addresses.take()}:9"
    node = nodes.make(settings={"PEERS": silent})
    await node.start()
    said = (await node.command("status")).output
    assert f"the given peer {silent} has not answered" in said
    alone = await nodes.start()
    assert "give the node one with --peer" in (await alone.command("status")).output


async def test_contacts_of_the_last_run_are_asked_first(network, nodes):
    """They are known again before the peers that are given are asked a second time."""
    peers = await network.start(3, tick=0.1)
    await network.introduce()
    node = await nodes.start(peers=peers)
    for peer in peers:
        await wait_until(lambda peer=peer: node.knows(peer.mid), f"{node} knows {peer}", every=0.2)
    await node.stop()
    await node.start()
    for peer in peers:
        await wait_until(lambda peer=peer: node.knows(peer.mid), f"{node} knows {peer} again", 4.0, every=0.1)


async def test_a_node_whose_cable_was_pulled_rejoins_by_itself(namespaces, network, nodes):
    here, there = namespaces.make(), namespaces.make()
    end, _ = namespaces.join(here, "198.18.1.2/24", there, "198.18.1.1/24")
    here.route("default", "via", "198.18.1.1")
    peers = []
    for number in range(2, 5):
        there.add_address(f"198.18.{number}.1")
        peers.append(await network.add(f"198.18.{number}.1", namespace=there, tick=0.1))
    await network.introduce()
    node = await nodes.make("198.18.1.2", namespace=here).start(peers=peers[:1])

    async def contacts():
        return {contact["mid"] for contact in (await node.status())["contacts"]}

    async def knows_all():
        return await contacts() == {peer.mid.hex() for peer in peers}

    await wait_until(knows_all, f"{node} knows all", 30.0, every=0.5)
    here.ip("link", "set", end, "down")

    async def knows_none():
        return not await contacts()

    await wait_until(knows_none, f"{node} has given up all", 90.0, every=1.0)
    here.ip("link", "set", end, "up")
    here.route("default", "via", "198.18.1.1")
    await wait_until(knows_all, f"{node} knows all again", 100.0, every=1.0)


# The local network


class LocalNetwork:
    """Machines on one cable that know nothing of each other."""

    def __init__(self, namespaces):
        self.one, self.other = namespaces.make(), namespaces.make()
        self.ends = namespaces.join(self.one, "192.168.77.1/24", self.other, "192.168.77.2/24")
        for machine, end in zip((self.one, self.other), self.ends):
            machine.route("default", "dev", end)


async def test_two_of_ours_call_each_other_in_the_local_network(namespaces, nodes):
    local = LocalNetwork(namespaces)
    settings = {"BOOTSTRAP_LAN_BROADCAST": "true"}
    one, other = await asyncio.gather(*(
        nodes.make("0.0.0.0", namespace=machine, settings=settings).start() for machine in (local.one, local.other)))
    await wait_until(lambda: one.knows(other.contact.mid), f"{one} knows {other}", 30.0, every=0.3)
    await wait_until(lambda: other.knows(one.contact.mid), f"{other} knows {one}", 30.0, every=0.3)


async def test_nobody_calls_by_default(namespaces, nodes):
    local = LocalNetwork(namespaces)
    caller = nodes.make("0.0.0.0", namespace=local.one, settings={"BOOTSTRAP_LAN_BROADCAST": "true"})
    quiet = nodes.make("0.0.0.0", namespace=local.other)
    await quiet.start()
    await caller.start()

    async def has_heard_the_call():
        return (await quiet.dropped()).get("foreign_prefix", 0) > 0

    await wait_until(has_heard_the_call, f"{quiet} hears the call of {caller}", 20.0, every=0.3)
    counters = (await quiet.status())["counters"]
    assert not [name for name in counters if name.startswith("sent.")], "it neither answers nor calls"


class Ears(BroadcastBootstrapEndpoint):
    """The reference's socket for calls, at a port that nobody knows."""

    def __init__(self, peer, namespace):
        super().__init__(peer.overlay)
        self._namespace = namespace

    async def open(self):
        with self._namespace.entered():
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self._socket.bind(("", 0))
        self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: self, sock=self._socket)
        return self


async def test_their_peer_hears_our_call(namespaces, network, nodes):
    local = LocalNetwork(namespaces)
    peer = await network.add("192.168.77.2", namespace=local.other, tick=0.1)
    peer.overlay.my_estimated_wan = peer.address
    ears = await Ears(peer, local.other).open()
    node = await nodes.make(
        "0.0.0.0", namespace=local.one, settings={"BOOTSTRAP_LAN_BROADCAST": "true"}).start()
    await wait_until(lambda: node.knows(peer.mid), f"{node} knows {peer}", 30.0, every=0.3)
    ears.close()


async def test_our_node_hears_their_call(namespaces, network, nodes):
    local = LocalNetwork(namespaces)
    peer = await network.add("192.168.77.2", namespace=local.other, tick=0.1)
    peer.overlay.my_estimated_wan = peer.address
    mouth = await Ears(peer, local.other).open()
    node = nodes.make("0.0.0.0", namespace=local.one, settings={"BOOTSTRAP_LAN_BROADCAST": "true"})
    await node.start()
    call = HDR_ANNOUNCE + peer.overlay.get_prefix()
    mouth.send(("255.255.255.255", node.contact.address[1]), call)
    await wait_until(lambda: node.knows(peer.mid), f"{node} knows {peer}", 30.0, every=0.3)
    mouth.close()
