"""Peers of all five key levels."""

import hashlib

import pytest

from ipv8.keyvault.crypto import default_eccrypto

from harness.finding import finds, stores
from harness.network import LEVELS
from harness.waiting import wait_until

# Signed values of the two larger curves exceed the 170 bytes of an entry.
LEVELS_THAT_SIGN_VALUES = ("curve25519", "very-low", "low")


@pytest.mark.parametrize("level", LEVELS)
async def test_a_peer_of_the_level_is_answered_and_pinged(network, nodes, level):
    (peer,) = await network.start(1, levels=(level,), tick=0.1)
    node = await nodes.start()
    key = hashlib.sha1(level.encode()).digest()

    assert await peer.ping(node.contact)
    await peer.meet(node)

    entry = peer.entry(b"from " + level.encode(), signed=level in LEVELS_THAT_SIGN_VALUES)
    assert await peer.store_on(node.contact, key, [entry])
    assert (await peer.ask(node.contact, key)).values == (entry,)
    signer = peer.public_key if level in LEVELS_THAT_SIGN_VALUES else None
    assert await node.find_local(key) == {(b"from " + level.encode(), signer)}

    answer = await node.ping(peer.address)
    assert answer["mid"] == peer.mid.hex()
    assert answer["public_key"] == peer.public_key.hex()
    await wait_until(lambda: node.knows(peer.mid), f"{node} knows {peer}", every=0.3)


async def test_levels_mix_in_one_network(network, nodes):
    # Signatures of the larger curves take so long that the peers would have time for little else if they walked faster.
    peers = await network.start(5, levels=LEVELS)
    await network.introduce()
    node = await nodes.start(peers=[peers[0]])
    await network.acquainted(5)
    key = hashlib.sha1(b"mixed").digest()
    expected = set()
    for peer, level in zip(peers, LEVELS):
        signed = level in LEVELS_THAT_SIGN_VALUES
        await stores(peer, key, level.encode(), signed)
        expected.add((level.encode(), peer.public_key if signed else None))
    await node.store(key, b"ours")
    expected.add((b"ours", node.contact.public_key))

    await finds(node, key, expected)
    for peer in peers:
        await finds(peer, key, expected)


@pytest.mark.parametrize("level", LEVELS)
async def test_a_key_of_the_reference_is_an_identity_here(network, nodes, level):
    key = default_eccrypto.generate_key(level)
    (peer,) = await network.start(1, tick=0.1)
    node = nodes.make()
    node.data.mkdir(mode=0o700)
    (node.data / "identity.key").write_bytes(key.key_to_bin())
    (node.data / "identity.key").chmod(0o600)
    await node.start(peers=[peer])
    status = await node.status()
    assert status["key_level"] == level
    assert status["public_key"] == key.pub().key_to_bin().hex()

    await peer.meet(node)
    assert await peer.ping(node.contact)
    await wait_until(lambda: node.knows(peer.mid), f"{node} knows {peer}", every=0.3)
    signed = level in LEVELS_THAT_SIGN_VALUES
    stored = await node.store(hashlib.sha1(b"mine").digest(), b"mine", signed=signed)
    assert stored["acknowledged"] == 1
    signer = key.pub().key_to_bin() if signed else None
    await finds(peer, hashlib.sha1(b"mine").digest(), {(b"mine", signer)})


async def test_an_identity_made_here_is_a_key_of_the_reference(nodes):
    node = await nodes.start()
    key = default_eccrypto.key_from_private_bin((node.data / "identity.key").read_bytes())
    assert key.pub().key_to_bin() == node.contact.public_key
