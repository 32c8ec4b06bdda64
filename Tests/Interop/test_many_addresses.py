"""A node that listens on all addresses of a machine with several, and one whose firewall refuses what it sends."""

from harness.contact import Contact
from harness.waiting import wait_until
from test_walkthrough import key_of


def at(node, host, family="ipv4"):
    """A node that listens on all addresses, as whoever knows it at one of them sees it."""
    contact = node.contact if family == "ipv4" else node.contact_ipv6
    return Contact((host, contact.address[1]), contact.public_key)


def places(peer, node):
    """Where a peer knows a node, in its routing tables."""
    return {tuple(contact.address) for contact in peer.contacts() if contact.mid == node.contact.mid}


async def test_every_answer_leaves_from_the_address_that_was_asked(network, nodes, addresses):
    node = await nodes.make("0.0.0.0").start()
    known = at(node, addresses.take())
    peer = await network.add()
    await peer.meet(known)
    key = key_of("asked here")
    assert await peer.store_on(known, key, [peer.entry(b"value")]), "the store is acknowledged"
    answer = await peer.ask(known, key)
    assert answer.values, "the value is found"
    # The node asks too: its pings and introduction requests come from where the peer knows it.
    await wait_until(lambda: node.knows(peer.contact.mid), f"{node} knows {peer}", 30.0, every=0.3)
    assert places(peer, node) == {tuple(known.address)}


async def test_it_is_so_over_ipv6_too(network, nodes, addresses, namespaces):
    namespace = namespaces.make()
    hosts = [addresses.take_ipv6() for _ in range(3)]
    for host in hosts:
        namespace.add_address(host)
    node = await nodes.make("0.0.0.0", ipv6="::", namespace=namespace).start()
    peer = await network.add(ipv6=hosts[0], namespace=namespace, tick=0.1)
    known = at(node, hosts[1], "ipv6")
    await peer.meet(known)
    assert places(peer, node) == {tuple(known.address)}


async def test_a_firewall_that_refuses_datagrams_is_told_of(nodes, namespaces):
    namespace = namespaces.make()
    node = await nodes.make("127.0.0.1", namespace=namespace).start()
    namespace.run("nft", "add table ip filter; add chain ip filter out { type filter hook output priority 0 ; };"
                         " add rule ip filter out udp dport 9999 drop")
    ping = await node.command("ping", "127.0.0.1:9999")
    assert ping.status == 1
    status = await node.status()
    assert status["counters"]["send_refused.filtered"] >= 1
    assert "firewall refused a datagram to 127.0.0.1:9999" in node.log_tail()
