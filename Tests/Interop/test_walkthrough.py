"""Ten nodes, half of them py-ipv8 and half Bristlecone, as in the reference's own walk-through."""

import asyncio
import hashlib

from harness.finding import finds, stores
from harness.waiting import wait_until


def key_of(text):
    """The key that the text stands for on the command line too."""
    return hashlib.sha1(text.encode()).digest()


async def mixed_network(network, nodes, theirs_count, ours_count):
    """Starts both kinds and waits until everybody knows nearly everybody."""
    theirs = await network.start(theirs_count, tick=0.1)
    await network.introduce()
    first = await nodes.start(peers=[theirs[0]])
    ours = [first, *await nodes.start_many(ours_count - 1, peers=[first, theirs[-1]])]
    enough = min(8, theirs_count + ours_count - 1)
    await network.acquainted(enough)

    async def ours_know_enough():
        statuses = await asyncio.gather(*(node.status() for node in ours))
        return all(len(status["contacts"]) >= enough for status in statuses)

    await wait_until(ours_know_enough, f"each Bristlecone node knows {enough} nodes", 60.0, every=0.5)
    return theirs, ours


async def test_both_kinds_store_and_find_in_every_direction(network, nodes):
    theirs, ours = await mixed_network(network, nodes, 5, 5)
    shared, expected = key_of("everybody's"), {}

    their_signer, their_other = theirs[1], theirs[2]
    our_signer, our_other = ours[1], ours[2]
    await stores(their_signer, key_of("theirs signed"), b"theirs signed")
    await stores(their_other, key_of("theirs unsigned"), b"theirs unsigned", signed=False)
    stored = await our_signer.store(key_of("ours signed"), b"ours signed")
    assert stored["acknowledged"] >= 1 and stored["version"] is not None
    stored = await our_other.store(key_of("ours unsigned"), b"ours unsigned", signed=False)
    assert stored["acknowledged"] >= 1 and stored["version"] is None
    expected[key_of("theirs signed")] = {(b"theirs signed", their_signer.public_key)}
    expected[key_of("theirs unsigned")] = {(b"theirs unsigned", None)}
    expected[key_of("ours signed")] = {(b"ours signed", our_signer.contact.public_key)}
    expected[key_of("ours unsigned")] = {(b"ours unsigned", None)}

    await stores(their_signer, shared, b"a")
    await stores(their_other, shared, b"b", signed=False)
    await our_signer.store(shared, b"c", signed=True)
    await our_other.store(shared, b"d", signed=False)
    expected[shared] = {
        (b"a", their_signer.public_key), (b"b", None), (b"c", our_signer.contact.public_key), (b"d", None)}

    for key, values in expected.items():
        for peer in theirs:
            await finds(peer, key, values)
        for node in ours:
            await finds(node, key, values)


async def test_a_value_that_only_ours_holds_is_found_by_theirs(network, nodes):
    theirs, (node,) = await mixed_network(network, nodes, 4, 1)
    publisher, finder = theirs[0], theirs[3]
    key, entry = key_of("only ours"), publisher.entry(b"only ours")
    assert await publisher.store_on(node.contact, key, [entry])
    await publisher.stop()
    network.forget_values()

    await finds(finder, key, {(b"only ours", publisher.public_key)})


async def test_what_ours_published_survives_the_reference_forgetting_it(network, nodes):
    theirs, (node,) = await mixed_network(network, nodes, 4, 1)
    key = key_of("published here")
    await node.store(key, b"published here")
    network.forget_values()

    for peer in theirs:
        network.forget_values()
        await finds(peer, key, {(b"published here", node.contact.public_key)})


async def test_a_value_that_only_theirs_hold_is_found_by_ours(network, nodes):
    theirs, (node,) = await mixed_network(network, nodes, 4, 1)
    key = key_of("only theirs")
    assert await theirs[0].store_on(theirs[2].contact, key, [theirs[0].entry(b"only theirs")])

    assert await node.find_local(key) == set()
    await finds(node, key, {(b"only theirs", theirs[0].public_key)})
