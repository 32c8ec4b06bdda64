"""How nodes get to know each other through Bristlecone, and Bristlecone others through them."""

import asyncio

import pytest

from harness.waiting import wait_until


async def test_peers_that_know_only_ours_learn_of_each_other(network, nodes):
    node = await nodes.start()
    peers = await network.start(3, tick=0.1)
    await asyncio.gather(*(peer.meet(node) for peer in peers))

    for peer in peers:
        others = [other for other in peers if other is not peer]
        await wait_until(
            lambda: all(peer.knows(other.mid) for other in others), f"{peer} learns of the others through {node}", 30.0)


async def test_ours_learns_of_all_others_through_one(network, nodes):
    peers = await network.start(5, tick=0.1)
    await network.introduce()
    await network.acquainted(4)
    node = await nodes.start(peers=[peers[0]])

    async def knows_all():
        mids = {contact["mid"] for contact in (await node.status())["contacts"]}
        return {peer.mid.hex() for peer in peers} <= mids

    await wait_until(knows_all, f"{node} knows all five peers", 30.0, every=0.3)


async def test_ours_learns_its_own_address(network, nodes):
    (peer,) = await network.start(1, tick=0.1)
    node = await nodes.start(peers=[peer])

    async def external():
        return (await node.status())["endpoints"][0]["external"]

    assert await wait_until(external, f"{node} knows its outside address", every=0.3) == (
        f"{node.contact.address[0]}:{node.contact.address[1]}")
    assert (await node.status())["endpoints"][0]["node_id"] == node.contact.node_id.hex()


@pytest.mark.parametrize("limit, places", (("false", 5), ("true", 2)))
async def test_a_local_network_has_its_share_of_the_table_where_that_is_wanted(network, nodes, limit, places):
    node = await nodes.make("127.20.30.1", settings={"LIMIT_LOCAL_NETWORKS": limit}).start()
    peers = [await network.add(f"127.20.30.{number}", tick=0.1) for number in range(2, 7)]
    await asyncio.gather(*(peer.meet(node) for peer in peers))

    async def contacts():
        return len((await node.status())["contacts"])

    async def has_been_asked_by_all():
        return await contacts() == places

    await wait_until(has_been_asked_by_all, f"{node} knows {places} of five", every=0.3)
    assert all([await peer.ping(node.contact) for peer in peers]), "who has no place is answered all the same"
    assert await contacts() == places


@pytest.mark.full
async def test_a_peer_that_went_away_is_no_longer_named(network, nodes):
    stays, leaves = await network.start(2, tick=0.1)
    await network.introduce()
    node = await nodes.start(peers=[stays, leaves])
    await wait_until(lambda: node.knows(leaves.mid), f"{node} knows {leaves}", every=0.3)
    await leaves.stop()

    async def is_forgotten():
        answer = await stays.ask(node.contact, leaves.mid, force_nodes=True)
        return answer is not None and leaves.mid not in {contact.mid for contact in answer.contacts}

    # It is pinged every 25 s, and bad after two pings without an answer in 5 s.
    await wait_until(is_forgotten, f"{node} no longer names {leaves}", 90.0, every=2.0)
