"""Reads a dump as docs/dump-format.md draws it, with nothing but Python's own library."""

import hashlib
import struct


class Dump:
    """A dump that was read and checked: its header, its items as they are, its root, and who signed it."""

    def __init__(self, content):
        assert content[:16] == b"bristlecone dump"
        place, number, leaves = 16, 0, []
        while True:
            kind, count, length = struct.unpack_from(">BII", content, place)
            payload = content[place + 9:place + 9 + length]
            checksum = content[place + 9 + length:place + 41 + length]
            assert checksum == hashlib.sha256(struct.pack(">Q", number) + content[place:place + 9 + length]).digest()
            place += 41 + length
            number += 1
            if kind == 1:
                self.header = payload
                leaves.append(payload)
            elif kind == 2:
                leaves += split(payload, count)
            else:
                break
        assert place == len(content)
        self.items = leaves[1:]
        announced, self.root, key_length = struct.unpack_from(">Q32sH", payload)
        self.public_key = payload[42:42 + key_length]
        self.signature = payload[44 + key_length:]
        assert announced == len(leaves) and self.root == root(leaves)
        self.signed_message = b"bristlecone dump root" + payload[:40]


def split(payload, count):
    """The items of a block."""
    items, place = [], 0
    while place < len(payload):
        length = 3 + struct.unpack_from(">H", payload, place + 1)[0]
        items.append(payload[place:place + length])
        place += length
    assert len(items) == count
    return items


def root(leaves):
    """The root of RFC 6962."""
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    middle = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + root(leaves[:middle]) + root(leaves[middle:])).digest()


def leaf_hash(leaf):
    """The hash of a leaf."""
    return hashlib.sha256(b"\0" + leaf).digest()


def root_of_path(leaf, index, count, path):
    """The root that a leaf and its path lead to."""
    digest, last = leaf_hash(leaf), count - 1
    for sibling in path:
        # A node without a right neighbour is passed on to the level above as it is.
        while index % 2 == 0 and index == last:
            index, last = index // 2, last // 2
        left, right = (sibling, digest) if index % 2 else (digest, sibling)
        digest = hashlib.sha256(b"\1" + left + right).digest()
        index, last = index // 2, last // 2
    return digest
