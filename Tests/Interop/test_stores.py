"""What a store request is answered with: silence where it is refused, an answer where it is harmless."""

import asyncio
import hashlib

import pytest

SILENCE_SECONDS = 1.5
VALUES_IN_STORE_MAX = 8
ENTRY_BYTES_MAX = 170


def key_of(text):
    return hashlib.sha1(text.encode()).digest()


def with_broken_signature(entry):
    return entry[:-1] + bytes([entry[-1] ^ 1])


REFUSED = {
    "a value of 171 bytes": lambda peer: [bytes(ENTRY_BYTES_MAX + 1)],
    "a small value beside one of 171 bytes": lambda peer: [peer.entry(b"x", signed=False), bytes(ENTRY_BYTES_MAX + 1)],
    "nine values": lambda peer: [peer.entry(bytes([i]), signed=False) for i in range(VALUES_IN_STORE_MAX + 1)],
    "an empty value": lambda peer: [b""],
    "a value of an unknown kind": lambda peer: [b"\x02data"],
    "a broken signature": lambda peer: [with_broken_signature(peer.entry(b"data"))],
    "a signed value cut short": lambda peer: [peer.entry(b"data")[:-1]],
    "a signed value with a key that is none": lambda peer: [b"\x01\x00\x01d\x00\x00\x00\x01\x00\x05nokey" + bytes(64)],
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_cannot_be_stored_is_not_answered(network, nodes, case):
    (peer,) = await network.start(1)
    node = await nodes.start()
    key = key_of(case)
    assert not await peer.store_on(node.contact, key, REFUSED[case](peer), patience=SILENCE_SECONDS)
    assert await peer.ping(node.contact)
    answer = await peer.ask(node.contact, key)
    assert answer is not None and not set(answer.values) & set(REFUSED[case](peer))


async def test_only_the_right_token_opens(network, nodes):
    peer, other = await network.start(2)
    node = await nodes.start()
    key, entry = key_of("token"), peer.entry(b"data")
    stolen = await other.token_from(node.contact)
    own = await peer.token_from(node.contact)
    wrong = {"zeroes": bytes(20), "somebody else's": stolen, "one bit off": own[:-1] + bytes([own[-1] ^ 1])}
    for name, token in wrong.items():
        assert not await peer.store_on(node.contact, key, [entry], token, patience=SILENCE_SECONDS), name
    assert (await peer.ask(node.contact, key)).values == ()
    assert await peer.store_on(node.contact, key, [entry], own)


async def test_a_token_is_good_after_a_kill(network, nodes):
    (peer,) = await network.start(1)
    node = await nodes.start()
    token = await peer.token_from(node.contact)
    await node.kill()
    await node.restart()
    key, entry = key_of("later"), peer.entry(b"later")
    assert await peer.store_on(node.contact, key, [entry], token)
    assert (await peer.ask(node.contact, key)).values == (entry,)


async def test_eight_values_are_kept_byte_for_byte(network, nodes):
    (peer,) = await network.start(1)
    node = await nodes.start()
    longest = b"\x00" + bytes(range(ENTRY_BYTES_MAX - 1))
    entries = [longest, b"\x00", peer.entry(bytes(23), version=2**32 - 1)]
    entries += [peer.entry(bytes([i]), signed=False) for i in range(5)]
    assert await peer.store_on(node.contact, key_of("eight"), entries)
    answer = await peer.ask(node.contact, key_of("eight"))
    assert sorted(answer.values) == sorted(entries)


async def test_a_harmless_repetition_is_answered(network, nodes):
    (peer,) = await network.start(1)
    node = await nodes.start()
    key = key_of("versions")
    older, newer = peer.entry(b"older", version=1000), peer.entry(b"newer", version=2000)

    assert await peer.store_on(node.contact, key, [newer]), "the first store"
    assert await peer.store_on(node.contact, key, [newer]), "a refresh"
    assert await peer.store_on(node.contact, key, [older]), "a lower version, of which a later one is held"
    assert (await peer.ask(node.contact, key)).values == (newer,)


async def test_a_higher_version_replaces_and_none_goes_back_after_a_kill(network, nodes):
    (peer,) = await network.start(1)
    node = await nodes.start()
    key = key_of("floor")
    older, newer = peer.entry(b"older", version=1000), peer.entry(b"newer", version=2000)
    assert await peer.store_on(node.contact, key, [older])
    assert await peer.store_on(node.contact, key, [newer])
    await node.kill()
    await node.restart()
    await peer.store_on(node.contact, key, [older], patience=SILENCE_SECONDS)
    assert (await peer.ask(node.contact, key)).values == (newer,)


async def test_the_owners_value_comes_first_and_the_rest_in_pages(network, nodes):
    owner, signer = await network.start(2)
    node = await nodes.start()
    key = owner.mid
    noise = [signer.entry(f"noise {i}".encode(), signed=False) for i in range(11)]
    own, foreign = owner.entry(b"the owner's"), signer.entry(b"another's")
    assert await owner.store_on(node.contact, key, [own])
    assert await signer.store_on(node.contact, key, [foreign])
    assert await signer.store_on(node.contact, key, noise[:8])
    assert await signer.store_on(node.contact, key, noise[8:])

    first = await owner.ask(node.contact, key)
    second = await owner.ask(node.contact, key, offset=8)
    beyond = await owner.ask(node.contact, key, offset=13)
    assert first.values[:2] == (own, foreign)
    assert len(first.values) == 8 and len(second.values) == 5
    assert sorted(first.values + second.values) == sorted([own, foreign, *noise])
    assert beyond.values == ()


async def test_forced_nodes_come_without_values_and_without_the_asker(network, nodes):
    peer, other = await network.start(2, tick=0.1)
    node = await nodes.start()
    await asyncio.gather(peer.meet(node), other.meet(node))
    key = key_of("forced")
    assert await peer.store_on(node.contact, key, [peer.entry(b"data")])
    answer = await peer.ask(node.contact, key, force_nodes=True)
    assert answer.values == ()
    assert other.mid in {contact.mid for contact in answer.contacts}
    assert peer.mid not in {contact.mid for contact in answer.contacts}


async def test_anybody_may_store_a_signed_value_of_somebody_else(network, nodes):
    signer, carrier = await network.start(2)
    node = await nodes.start()
    entry = signer.entry(b"carried")
    assert await carrier.store_on(node.contact, key_of("carried"), [entry])
    assert await node.find_local(key_of("carried")) == {(b"carried", signer.public_key)}


async def test_one_signer_has_one_value_under_a_key(network, nodes):
    (peer,) = await network.start(1)
    node = await nodes.start()
    key = key_of("one")
    entries = [peer.entry(f"version {version}".encode(), version=version) for version in (3, 1, 2)]
    assert await peer.store_on(node.contact, key, entries)
    assert (await peer.ask(node.contact, key)).values == (entries[0],)


async def test_more_than_the_flood_limit_is_not_answered(network, nodes):
    peer, other = await network.start(2)
    node = await nodes.start()
    await peer.ping(node.contact)
    unpaced = [peer.overlay.ping(node.contact.as_node()) for _ in range(40)]
    answered = sum(result is not None for result in await asyncio.gather(*unpaced))
    assert 5 <= answered <= 10, "10 queries in 5 s are taken from one node"
    assert await other.ping(node.contact), "others are not made to pay"
