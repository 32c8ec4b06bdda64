"""
Where our decoder and the reference's do not agree on a packet or a value, and why: the whole list.

A difference that is in no rule here fails `test_differential.py`, and so does a rule that no packet shows any more.
"""

import dataclasses
import typing

from harness.wire import PREFIX


@dataclasses.dataclass(frozen=True)
class Difference:
    """A kind of input on which the two do not agree, and how a generator makes one."""

    name: str
    reason: str
    applies: typing.Callable
    example: typing.Callable


def refused(answer):
    """Why it was refused; None where it was not."""
    return answer.get("refused")


def only_theirs(*reasons):
    """Inputs that we refuse for one of these reasons, and the reference reads."""
    return lambda item, ours, theirs: refused(ours) in reasons and not refused(theirs)


def only_ours(part):
    """Inputs that we read, and the reference refuses with these words in its error."""
    return lambda item, ours, theirs: not refused(ours) and part in (refused(theirs) or "")


def key_too_long(key_of):
    """Inputs that we refuse and the reference reads, with a key that goes on behind its end."""
    def applies(item, ours, theirs):
        key = key_of(item) if refused(ours) == "bad_key" and not refused(theirs) else b""
        return len(key) > own_length(key)
    return applies


def own_length(key):
    """How long a key is by what it begins with: as `LibNaCLPK:` with two keys, or as DER says."""
    if key.startswith(CURVE25519):
        return CURVE25519_BYTES
    if key.startswith(b"\x30\x81"):
        return 3 + key[2]
    return 2 + key[1] if key.startswith(b"\x30") else len(key)


def sender_of(packet):
    """The key of a packet, as long as it says."""
    return sized_at(packet, len(PREFIX) + 1)


def signer_of(value):
    """The key of a signed value, as long as it says."""
    return sized_at(value, 3 + len(sized_at(value, 1)) + 4)


def sized_at(content, place):
    """The bytes at a place, behind their length."""
    length = int.from_bytes(content[place:place + 2], "big")
    return content[place + 2:place + 2 + length]


CURVE25519, CURVE25519_BYTES = b"LibNaCLPK:", 74
PING_REQUEST, STORE_REQUEST, FIND_RESPONSE, CONNECT_PEER_RESPONSE = 1, 3, 6, 10
IDENTIFIER, TOKEN, TARGET = bytes(4), bytes(20), bytes(20)
ADDRESS = b"\x01\x7f\0\0\1\x1f\x9a"


def sized(content):
    """The bytes behind their length."""
    return len(content).to_bytes(2, "big") + content


PACKETS = [
    Difference(
        "cut short",
        "The reference takes what is there of a last field whose length says more; we refuse a packet that was cut.",
        only_theirs("cut_short"),
        lambda generator: generator.framed(
            STORE_REQUEST, IDENTIFIER + TOKEN + TARGET + b"\1" + sized(b"\0ten bytes")[:-3])),
    Difference(
        "too long",
        "We refuse what is longer than any packet of the protocol before anything is made of it; the reference reads it.",
        only_theirs("too_long"),
        lambda generator: generator.framed(
            FIND_RESPONSE, IDENTIFIER + TOKEN + b"\x08" + 8 * sized(bytes(240)) + b"\0")),
    Difference(
        "a node with a key that is none",
        "The reference refuses the whole answer for one node whose key it cannot load. We pass over that node, or where "
        "only the point is wrong, find that out when there is a signature to check.",
        only_ours("Failed to load public key"),
        lambda generator: generator.framed(
            CONNECT_PEER_RESPONSE, IDENTIFIER + b"\1" + ADDRESS + sized(b"no key"))),
    Difference(
        "a sender's key with more bytes",
        "The reference leaves out what is behind the end of a key; we take the one canonical encoding.",
        key_too_long(sender_of),
        lambda generator: generator.framed(PING_REQUEST, IDENTIFIER, key_tail=b"!")),
]
VALUES = [
    Difference(
        "too long",
        "A value has at most 170 bytes. We refuse longer ones when they are read; the reference reads them, and refuses "
        "them when they are to be stored.",
        only_theirs("too_long"),
        lambda generator: bytes(171)),
    Difference(
        "bytes before the signature",
        "The reference takes the last bytes of a value for its signature, whatever stands between them and the key; we "
        "refuse a value with bytes that belong to no field.",
        only_theirs("bad_length"),
        lambda generator: generator.signed_value(b"data", 1, more=b"!")),
    Difference(
        "a signer's key with more bytes",
        "The reference tells the signer by all of these bytes, so that one signer has as many identities as it likes and "
        "fills a key with values; we take the one canonical encoding.",
        key_too_long(signer_of),
        lambda generator: generator.signed_value(b"data", 1, key_tail=b"!")),
]
