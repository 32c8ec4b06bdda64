"""Peers find each other by key, through nodes of either kind."""

from harness.waiting import wait_until
from test_walkthrough import mixed_network


async def remembered(peer, count=1):
    """Has a py-ipv8 peer remembered by nodes around it, as it does by itself every 30 seconds."""
    overlay = peer.overlay

    async def is_remembered():
        await overlay.store_peer()
        return len(overlay.store_for_me[overlay.my_peer.mid]) >= count

    await wait_until(is_remembered, f"{count} nodes remember {peer}", 30.0, every=0.5)


async def test_a_py_ipv8_peer_is_found_by_ours(network, nodes):
    theirs, (node,) = await mixed_network(network, nodes, 4, 1)
    await remembered(theirs[2])
    report = (await node.command("connect", theirs[2].mid.hex(), "--json")).json()
    assert report["mid"] == theirs[2].mid.hex()
    assert [peer["address"] for peer in report["peers"]] == ["%s:%d" % theirs[2].address]
    assert bytes.fromhex(report["peers"][0]["public_key"]) == theirs[2].public_key


async def test_ours_is_found_by_a_py_ipv8_peer_and_by_ours(network, nodes):
    theirs, (node, other) = await mixed_network(network, nodes, 4, 2)
    mid = node.contact.mid

    async def found():
        try:
            return await theirs[1].overlay.connect_peer(mid)
        except Exception:
            return None

    peers = await wait_until(found, f"{theirs[1]} finds {node} by its mid", 60.0, every=1.0)
    assert [tuple(peer.address) for peer in peers] == [node.contact.address]
    report = (await other.command("connect", mid.hex(), "--json")).json()
    assert [peer["address"] for peer in report["peers"]] == ["%s:%d" % node.contact.address]


async def test_a_py_ipv8_peer_is_found_through_ours_alone(network, nodes):
    """Ours is the only node that both peers know, so it holds the record and answers for it."""
    node = await nodes.start()
    hidden, seeker = await network.start(2, tick=0.1)
    for peer in (hidden, seeker):
        peer.walk_to(node.contact.address)
        await wait_until(lambda peer=peer: peer.knows(node.contact.mid), f"{peer} knows {node}", every=0.2)
    await remembered(hidden)
    found = await seeker.overlay.connect_peer(hidden.mid)
    assert [peer.mid for peer in found] == [hidden.mid]


async def test_a_silent_peer_is_not_reported_as_connected(network, nodes):
    theirs, (node,) = await mixed_network(network, nodes, 4, 1)
    await remembered(theirs[2])
    await theirs[2].stop()
    completed = await node.command("connect", theirs[2].mid.hex(), "--json")
    assert completed.status == 1
    assert "found" in completed.errors


async def test_a_dead_known_address_does_not_end_the_search(network, nodes):
    theirs, (node,) = await mixed_network(network, nodes, 4, 1)
    await remembered(theirs[2])
    await theirs[3].stop()
    report = (await node.command(
        "connect", theirs[2].mid.hex(), "--address", "%s:%d" % theirs[3].address, "--json")).json()
    assert [peer["address"] for peer in report["peers"]] == ["%s:%d" % theirs[2].address]
