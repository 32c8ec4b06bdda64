"""Datagrams that no peer would send: each is dropped and counted, and the node goes on."""

import asyncio
import hashlib
import json
import random

import pytest

from ipv8.dht.payload import FindResponsePayload, PingResponsePayload
from ipv8.keyvault.crypto import default_eccrypto

from harness.waiting import wait_until
from harness.wire import DATAGRAM_BYTES_MAX, PREFIX, Sender, random_payload, receive_queue, signed_packet

SIGNATURE_BYTES = 64
KEY_LENGTH_OFFSET = 23
PACKETS_A_STRANGER = 8
STRANGERS = 24
MEMORY_GROWTH_MAX = 64 * 1024 * 1024
KEY = hashlib.sha1(b"still here").digest()


@pytest.fixture(scope="module")
def vectors(repository):
    """The packets of every kind that the reference made, by name."""
    path = repository / "Tests/IPv8Tests/Fixtures/ipv8-wire.json"
    document = json.loads(path.read_text())
    packets = {message["name"]: bytes.fromhex(message["packet"]) for message in document["messages"]}
    packets |= {f"ping-{key['level']}": bytes.fromhex(key["ping_request"]) for key in document["legacy_keys"]}
    return packets


@pytest.fixture(scope="module")
def signed_payloads(vectors, repository):
    """The payload behind the public key of each message that is signed: (message id, payload)."""
    document = json.loads((repository / "Tests/IPv8Tests/Fixtures/ipv8-wire.json").read_text())
    payloads = []
    for message in document["messages"]:
        if message["signed"]:
            packet = bytes.fromhex(message["packet"])
            key_length = int.from_bytes(packet[KEY_LENGTH_OFFSET:KEY_LENGTH_OFFSET + 2], "big")
            payloads.append((message["msg_id"], packet[KEY_LENGTH_OFFSET + 2 + key_length:-SIGNATURE_BYTES]))
    return payloads


def cuts(packet):
    """The packet cut at every length."""
    return (packet[:length] for length in range(len(packet)))


def flips(packet, masks=(None,)):
    """The packet with each byte changed; without masks, one bit of it, another one from byte to byte."""
    for index, byte in enumerate(packet):
        for mask in masks:
            changed = byte ^ (1 << index % 8 if mask is None else mask)
            yield packet[:index] + bytes([changed]) + packet[index + 1:]


def wrong_lengths(packet):
    """Wrong lengths of the public key, and bytes too many."""
    key_length = int.from_bytes(packet[KEY_LENGTH_OFFSET:KEY_LENGTH_OFFSET + 2], "big")
    for length in (0, 1, key_length - 1, key_length + 1, len(packet), 0x7fff, 0x8000, 0xffff):
        yield packet[:KEY_LENGTH_OFFSET] + length.to_bytes(2, "big") + packet[KEY_LENGTH_OFFSET + 2:]
    for extra in (1, 2, 20, 1000):
        yield packet + bytes(extra)


class Strangers:
    """Senders on many addresses, who change their keys often enough to stay below any flood limit."""

    def __init__(self, addresses):
        self._senders = [Sender(addresses.take()) for _ in range(STRANGERS)]
        self._count = 0
        self._key = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for sender in self._senders:
            sender.__exit__()

    def sign(self, message_id, payload):
        """A packet with a valid signature by a key that has signed little before."""
        if self._count % PACKETS_A_STRANGER == 0:
            self._key = default_eccrypto.generate_key("curve25519")
        self._count += 1
        return signed_packet(self._key, message_id, payload)

    async def send(self, packets, address):
        """Sends the packets from the addresses in turn, and none is lost on the way; returns how many there were."""
        lost = receive_queue(address)[1]
        chunks, count = {sender: [] for sender in self._senders}, 0
        for packet in packets:
            chunks[self._senders[count % STRANGERS]].append(packet)
            count += 1
        for sender, chunk in chunks.items():
            await sender.send_all(chunk, address)
        await wait_until(lambda: receive_queue(address)[0] == 0, "the node has read every datagram", 60.0)
        assert receive_queue(address)[1] == lost, "the socket's buffer overflowed: the datagrams did not arrive"
        return count


@pytest.fixture
def strangers(addresses):
    with Strangers(addresses) as strangers:
        yield strangers


class Witness:
    """A well-behaved peer that stored something before, and looks after the node afterwards."""

    def __init__(self, peer, node):
        self._peer, self._node = peer, node
        self._entry = peer.entry(b"still here")

    async def before(self):
        """Stores a value and takes the node's measure."""
        assert await self._peer.store_on(self._node.contact, KEY, [self._entry])
        self._status = await self._node.status()
        self._dropped = await self._node.dropped()
        self._resident = self._node.resident_bytes()

    async def after(self, dropped_min):
        """The node lives, answers, and has counted at least so many drops; returns those counted, by reason."""

        async def newly_dropped():
            dropped = await self._node.dropped()
            new = {reason: count - self._dropped.get(reason, 0) for reason, count in dropped.items()}
            return {reason: count for reason, count in new.items() if count}

        async def counted_all():
            return sum((await newly_dropped()).values()) >= dropped_min

        assert self._node.is_running, self._node.log_tail()
        # Signatures of the older curves may still be waiting for their turn.
        await wait_until(lambda: self._peer.ping(self._node.contact), "the node answers a ping", 60.0)
        assert (await self._peer.ask(self._node.contact, KEY)).values == (self._entry,)
        await wait_until(counted_all, f"{dropped_min} dropped datagrams are counted", 10.0, every=0.3)
        counted = await newly_dropped()
        status = await self._node.status()
        assert (status["pid"], status["mid"]) == (self._status["pid"], self._status["mid"])
        assert status["archive"]["values"] == self._status["archive"]["values"]
        assert self._node.resident_bytes() - self._resident < MEMORY_GROWTH_MAX
        return counted


@pytest.fixture
async def witness(network, nodes):
    (peer,) = await network.start(1)
    node = await nodes.start()
    witness = Witness(peer, node)
    witness.node = node
    await witness.before()
    return witness


async def test_every_vector_cut_at_every_length(witness, strangers, vectors):
    packets = [cut for packet in vectors.values() for cut in cuts(packet)]
    sent = await strangers.send(packets, witness.node.contact.address)
    counted = await witness.after(dropped_min=sent)
    assert len(counted) >= 2, f"one reason does not fit all: {counted}"


async def test_every_vector_with_each_byte_changed(witness, strangers, vectors):
    packets = [flip for packet in vectors.values() for flip in flips(packet)]
    sent = await strangers.send(packets, witness.node.contact.address)
    # A changed byte in a puncture request, which is not signed, makes another valid one. A puncture has done its work
    # by arriving: nothing follows from what it says, so its signature is not worth checking.
    unchecked = sum(len(packet) - len(PREFIX) for name, packet in vectors.items() if name.startswith("puncture"))
    await witness.after(dropped_min=sent - unchecked)


@pytest.mark.full
async def test_every_vector_with_each_byte_changed_in_every_bit(witness, strangers, vectors):
    for packet in vectors.values():
        await strangers.send(flips(packet, [1 << bit for bit in range(8)] + [0xff]), witness.node.contact.address)
    await witness.after(dropped_min=1)


async def test_wrong_lengths(witness, strangers, vectors):
    signed = [packet for name, packet in vectors.items() if not name.startswith("puncture-request")]
    packets = [wrong for packet in signed for wrong in wrong_lengths(packet)]
    sent = await strangers.send(packets, witness.node.contact.address)
    await witness.after(dropped_min=sent)


async def test_well_signed_payloads_cut_and_changed(witness, strangers, signed_payloads):
    packets = []
    for message_id, payload in signed_payloads:
        packets += [strangers.sign(message_id, cut) for cut in cuts(payload)]
        packets += [strangers.sign(message_id, flip) for flip in flips(payload)]
    await strangers.send(packets, witness.node.contact.address)
    await witness.after(dropped_min=sum(len(payload) for _, payload in signed_payloads) // 2)


async def test_well_signed_nonsense_under_every_message_id(witness, strangers):
    dice = random.Random(3)
    packets = []
    for message_id in range(256):
        sizes = [0, 1, 4, dice.randrange(5, 60), dice.randrange(60, 1400)]
        packets += [strangers.sign(message_id, dice.randbytes(size)) for size in sizes]
    await strangers.send(packets, witness.node.contact.address)
    # All ids that nobody uses, at the least.
    await witness.after(dropped_min=5 * (256 - 18))


async def test_unknown_and_deprecated_message_ids(witness, strangers, vectors):
    unknown = [message_id for message_id in range(11, 231)] + list(range(235, 245)) + [0, 247, 248, *range(251, 256)]
    ping = vectors["ping-request"]
    packets = [ping[:22] + bytes([message_id]) + ping[23:] for message_id in unknown]
    packets += [strangers.sign(message_id, bytes(4)) for message_id in unknown]
    sent = await strangers.send(packets, witness.node.contact.address)
    await witness.after(dropped_min=sent)


async def test_noise_of_the_largest_size(witness, strangers):
    packets = [random_payload(DATAGRAM_BYTES_MAX) for _ in range(20)]
    packets += [PREFIX + random_payload(DATAGRAM_BYTES_MAX - len(PREFIX)) for _ in range(20)]
    room = DATAGRAM_BYTES_MAX - len(strangers.sign(1, b""))
    packets += [strangers.sign(message_id, random_payload(room)) for message_id in (*range(1, 11), 246, 245, 234, 233)]
    sent = await strangers.send(packets, witness.node.contact.address)
    await witness.after(dropped_min=sent)


async def test_noise_of_every_small_size(witness, strangers):
    packets = [random_payload(size) for size in range(0, 300)]
    packets += [PREFIX + random_payload(size) for size in range(0, 300)]
    sent = await strangers.send(packets, witness.node.contact.address)
    await witness.after(dropped_min=sent)


@pytest.mark.parametrize("name", ["puncture-request-old", "puncture-request-new"])
async def test_a_puncture_request_for_an_address_that_cannot_be_reached(witness, strangers, vectors, name):
    # Nobody signs these, and the socket of this node cannot send to the public address that they name.
    await strangers.send([vectors[name]] * 10, witness.node.contact.address)
    await witness.after(dropped_min=0)


async def test_other_overlays_are_none_of_our_business(witness, strangers, vectors):
    other = bytes(byte ^ 0x55 for byte in PREFIX[2:])
    packets = [PREFIX[:2] + other + packet[22:] for packet in vectors.values()]
    sent = await strangers.send(packets, witness.node.contact.address)
    await witness.after(dropped_min=sent)


async def test_invalid_values_in_an_answer_do_not_fail_a_lookup(network, nodes):
    honest, rotten, node = await lookup_among_rotten_answers(network, nodes)
    entry = honest.entry(b"good")
    spoil_find_responses(rotten, lambda response: FindResponsePayload(
        response.identifier, response.token,
        [b"\x01rotten", b"\x02", b"\x01" + bytes(160), entry[:-1] + bytes([entry[-1] ^ 1])], []))
    assert await node.find(KEY) == {(b"good", honest.public_key)}


async def test_an_answer_that_does_not_decode_does_not_fail_a_lookup(network, nodes):
    honest, rotten, node = await lookup_among_rotten_answers(network, nodes)
    spoil_find_responses(rotten, lambda response: PingResponsePayload(response.identifier))
    assert await node.find(KEY) == {(b"good", honest.public_key)}


async def lookup_among_rotten_answers(network, nodes):
    """A node that knows an honest peer with a value under KEY, and another peer, who is to be spoiled."""
    # The other peers ask the rotten one too.
    network.complaints_expected = True
    honest, rotten, publisher = await network.start(3, tick=0.1)
    await network.introduce()
    assert await publisher.store_on(honest.contact, KEY, [honest.entry(b"good")])
    node = await nodes.start(peers=[honest, rotten])
    await wait_until(lambda: node.knows(rotten.mid), f"{node} knows {rotten}", every=0.3)
    await wait_until(lambda: node.knows(honest.mid), f"{node} knows {honest}", every=0.3)
    return honest, rotten, node


def spoil_find_responses(peer, spoil):
    """Makes the peer send something else in place of its find responses, signed as it should be."""
    pack = peer.overlay.ezr_pack

    def spoiled(number, *payloads, sig=True):
        if number == FindResponsePayload.msg_id:
            payloads = (spoil(payloads[0]),)
        return pack(number, *payloads, sig=sig)

    peer.overlay.ezr_pack = spoiled
