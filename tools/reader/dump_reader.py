#!/usr/bin/env python3
"""Reads dumps of a Bristlecone archive without Bristlecone, with nothing but Python's own library.

    dump_reader.py list DUMP [--signatures]       what is in a dump, as lines of JSON, once all of it was checked
    dump_reader.py check DUMP [--signatures]      whether a dump is whole: checksums, order, root
    dump_reader.py proof PROOF [--root R] [--signed-by MID]

It is written from docs/dump-format.md, docs/archive-format.md and docs/keys.md alone, and reads dump formats 1 to 3 and
proof formats 1 and 2. Signatures, of proofs and with --signatures, are checked by `signatures.py` beside this file: in plain
Python that takes some milliseconds for a curve25519 key and up to some seconds for the older ones. The exit status is 0 if
everything is as it should be, 1 if not.
"""

import argparse
import collections
import hashlib
import ipaddress
import json
import struct
import sys
from datetime import datetime, timedelta, timezone

FORMATS = (1, 2, 3)
HEADER_BLOCK, ITEMS_BLOCK, END_BLOCK = 1, 2, 3
PAYLOAD_MAX, END_MAX = 65536, 1024
KINDS = {1: "pin", 2: "floor", 3: "history", 4: "value", 5: "evidence", 6: "publication", 7: "block"}
GONE, FORGOTTEN = 64, 128
KEY_LENGTHS = {1: 21, 2: 40, 3: 48, 4: 41, 5: 40, 6: 41, 7: 21}
CLASSES = {1: "owner", 2: "signed", 3: "unsigned"}

Header = collections.namedtuple("Header", "format since prefix salvaged archive change checksum start start_checksum")
End = collections.namedtuple("End", "leaves root left_out public_key signature")
Item = collections.namedtuple("Item", "state kind key body leaf")
Entry = collections.namedtuple("Entry", "data version public_key signature signed")


class Fault(Exception):
    """What is wrong, in words."""


def require(condition, fault):
    """Ends with a fault unless something holds."""
    if not condition:
        raise Fault(fault)


# The dump: blocks, header, items, end.

class Dump:
    """A dump that is read from front to end. `items()` comes first; then `end` says what it was sealed with."""

    def __init__(self, file):
        self.file, self.place, self.number = file, 0, 0
        self.tree, self.end = Tree(), None
        require(self.take(16) == b"bristlecone dump", "it does not begin like a dump")
        kind, count, payload = self.block()
        require(kind == HEADER_BLOCK and count == 1, "it does not begin with a header")
        self.header = read_header(payload)
        self.tree.add(payload)

    def take(self, count):
        """The next bytes."""
        content = self.file.read(count)
        require(len(content) == count, f"it was cut off at byte {self.place + len(content)}")
        self.place += count
        return content

    def block(self):
        """The next block: its kind, its number of items, its payload."""
        start, head = self.place, self.take(9)
        kind, count, length = struct.unpack(">BII", head)
        require(length <= (PAYLOAD_MAX if kind == ITEMS_BLOCK else END_MAX), f"block {self.number} is too long")
        payload = self.take(length)
        checksum = hashlib.sha256(struct.pack(">Q", self.number) + head + payload).digest()
        require(self.take(32) == checksum, f"block {self.number}, which begins at byte {start}, is damaged")
        self.number += 1
        return kind, count, payload

    def items(self):
        """All items, in their order; behind the last one everything has been checked."""
        last = ()
        while True:
            kind, count, payload = self.block()
            if kind == END_BLOCK:
                break
            require(kind == ITEMS_BLOCK and count > 0, f"block {self.number - 1} is impossible")
            place = 0
            for _ in range(count):
                item = read_item(payload, place)
                order = (-item.state, item.kind, item.key)
                require(last < order, f"an item in block {self.number - 1} is out of order")
                require(not item.state or self.header.start is not None, "something is gone, and it is no increment")
                last = order
                place += len(item.leaf)
                self.tree.add(item.leaf)
                yield item
            require(place == len(payload), f"block {self.number - 1} has more in it than it says")
        require(count == 0, "the end says that it has items")
        end = read_end(payload, self.header)
        if self.header.format > 1:
            self.tree.add(closing_leaf(end.left_out))
        require(end.leaves == self.tree.count, f"it says {end.leaves} leaves and has {self.tree.count}")
        require(end.root == self.tree.root(), "its root is another one")
        require(not self.file.read(1), f"something follows its end, at byte {self.place}")
        self.end = end


def read_header(payload):
    """The header, from its payload or its leaf."""
    require(len(payload) >= 2, "the header is too short")
    number = struct.unpack_from(">H", payload)[0]
    require(number in FORMATS, f"it has format {number}, and this reader knows {FORMATS}")
    require(len(payload) >= 12, "the header is too short")
    flags, since, digits = struct.unpack_from(">BqB", payload, 2)
    prefix, rest = payload[12:12 + digits], payload[12 + digits:]
    require(flags <= {1: 1, 2: 3, 3: 15}[number], "the header has unknown flags")
    require(flags & 1 or since == 0, "the header has a moment and does not say so")
    require(len(prefix) == digits <= 40 and not prefix.strip(b"0123456789abcdef"), "the prefix is no prefix")
    archive = change = checksum = start = start_checksum = None
    if flags & 4:
        require(len(rest) >= 32, "the header does not name its archive")
        archive, change, checksum = struct.unpack_from(">16sQ8s", rest)
        rest = rest[32:]
    if flags & 8:
        require(len(rest) >= 16 and flags & 5 == 4 and not prefix, "an increment is impossible")
        start, start_checksum = struct.unpack_from(">Q8s", rest)
        rest = rest[16:]
        require(start <= change, "an increment ends before it begins")
    require(not rest, "the header is too long")
    return Header(number, since if flags & 1 else None, prefix.decode("ascii"), bool(flags & 2), archive, change,
                  checksum, start, start_checksum)


def is_whole(header):
    """Whether a dump is meant to have all of an archive."""
    return (header.since, header.prefix, header.salvaged, header.start) == (None, "", False, None)


def read_item(payload, place):
    """The item that begins at a place of a payload."""
    require(len(payload) >= place + 3, "an item is cut off")
    kind, length = struct.unpack_from(">BH", payload, place)
    leaf = payload[place:place + 3 + length]
    state, kind = kind & 0xC0, kind & 0x3F
    require(state in (0, GONE, FORGOTTEN) and kind in KINDS and len(leaf) == 3 + length, "an item is impossible")
    key_length = 32 if state == FORGOTTEN else KEY_LENGTHS[kind]
    require(length == key_length if state else length > key_length, "an item is impossible")
    return Item(state, kind, leaf[3:3 + key_length], leaf[3 + key_length:], leaf)


def read_end(payload, header):
    """The end, from its payload."""
    fixed = 48 if header.format > 1 else 40
    require(len(payload) >= fixed + 4, "the end is too short")
    leaves, root = struct.unpack_from(">Q32s", payload)
    left_out = struct.unpack_from(">Q", payload, 40)[0] if header.format > 1 else None
    public_key, rest = sized(payload[fixed:])
    signature, rest = sized(rest)
    require(not rest and bool(public_key) == bool(signature), "the end is impossible")
    return End(leaves, root, left_out, public_key, signature)


def sized(content):
    """Bytes behind a length of two bytes, and what follows them."""
    require(len(content) >= 2, "a length is missing")
    length = struct.unpack_from(">H", content)[0]
    require(len(content) >= 2 + length, "something is shorter than its length says")
    return content[2:2 + length], content[2 + length:]


def closing_leaf(left_out):
    """The last leaf from format 2 on."""
    return b"\xff" + struct.pack(">Q", left_out)


# The tree of RFC 6962.

class Tree:
    """The root over leaves that come one by one, with a hash in memory for each level."""

    def __init__(self):
        self.count, self.subtrees = 0, []

    def add(self, leaf):
        """Takes the next leaf."""
        height, digest = 0, leaf_hash(leaf)
        while self.subtrees and self.subtrees[-1][0] == height:
            height, digest = height + 1, node_hash(self.subtrees.pop()[1], digest)
        self.subtrees.append((height, digest))
        self.count += 1

    def root(self):
        """The root over all leaves so far."""
        digest = self.subtrees[-1][1]
        for _, left in reversed(self.subtrees[:-1]):
            digest = node_hash(left, digest)
        return digest


def leaf_hash(leaf):
    """The hash of a leaf."""
    return hashlib.sha256(b"\0" + leaf).digest()


def node_hash(left, right):
    """The hash of a node over two others."""
    return hashlib.sha256(b"\1" + left + right).digest()


def root_of_path(digest, index, count, path):
    """The root that a leaf's hash leads to by its siblings, of which the nearest is first."""
    if count == 1:
        require(not path, "a path is too long")
        return digest
    require(path, "a path is too short")
    middle = 1 << (count - 1).bit_length() - 1
    if index < middle:
        return node_hash(root_of_path(digest, index, middle, path[:-1]), path[-1])
    return node_hash(path[-1], root_of_path(digest, index - middle, count - middle, path[:-1]))


# Items as lines of JSON, as `export --format jsonl` writes them.

def header_row(header):
    """The first line."""
    named = header.archive is not None
    begins = header.start is not None
    return row(kind="header", since=moment(header.since), format=header.format, prefix=header.prefix or None,
               salvaged=header.salvaged or None, archive=header.archive.hex() if named else None,
               change=header.change, checksum=header.checksum.hex() if named else None,
               **{"from": header.start}, from_checksum=header.start_checksum.hex() if begins else None,
               time_zone="UTC" if header.format > 2 else None)


def end_row(end):
    """The last line."""
    return row(kind="end", leaves=end.leaves, root=end.root.hex(), left_out=end.left_out)


def item_row(item):
    """The line of an item."""
    key, body, kind = item.key, item.body, KINDS[item.kind]
    if item.state:
        return gone_row(item.state, kind, key)
    if kind in ("pin", "block"):
        require(key[0] in (1, 2) and len(body) == 8, f"a {kind} is impossible")
        return row(kind=kind, **{"key" if key[0] == 1 else "id": key[1:].hex()}, since=moment(number(body)))
    if kind == "floor":
        require(len(body) == 21, "a floor is impossible")
        version, noted = struct.unpack_from(">Iq", body)
        return row(kind=kind, **signed_place(key), version=version, noted_at=moment(noted), holder=body[12:].hex())
    if kind == "evidence":
        version, noted, holder, length = struct.unpack_from(">Iq9sH", body)
        return row(kind=kind, **signed_place(key), version=version, noted_at=moment(noted), holder=holder.hex(),
                   entry=body[23:23 + length].hex(), offered=body[23 + length:].hex())
    if kind == "publication":
        require(len(body) == 20 and key[20] in CLASSES, "a publication is impossible")
        version, published, withdrawn = struct.unpack(">Iqq", body)
        return row(kind=kind, key=key[:20].hex(), **{"class": CLASSES[key[20]]}, id=key[21:].hex(), version=version,
                   published_at=moment(published), withdrawn_at=moment(withdrawn) if withdrawn else None)
    if kind == "history":
        return record_row(kind, key[:20], body[8:], number=number(key[40:]), replaced_at=moment(number(body[:8])))
    require(key[20] in CLASSES, "a value has no class")
    return record_row(kind, key[:20], body)


def gone_row(state, kind, key):
    """The line of a record that is gone."""
    if state == FORGOTTEN:
        return row(kind=kind, op="gone", hash=key.hex())
    if kind in ("pin", "block"):
        require(key[0] in (1, 2), f"a {kind} is impossible")
        return row(kind=kind, **{"key" if key[0] == 1 else "id": key[1:].hex()}, op="gone")
    if kind in ("floor", "evidence"):
        return row(kind=kind, **signed_place(key), op="gone")
    if kind == "history":
        place = "owner" if key[:20] == key[20:40] else "signed"
        return row(kind=kind, key=key[:20].hex(), **{"class": place}, id=key[20:40].hex(), number=number(key[40:]), op="gone")
    require(key[20] in CLASSES, f"a {kind} has no class")
    return row(kind=kind, key=key[:20].hex(), **{"class": CLASSES[key[20]]}, id=key[21:].hex(), op="gone")


def signed_place(key):
    """Where floors and evidence stand."""
    return {"key": key[:20].hex(), "class": "signed", "id": key[20:].hex()}


def record_row(kind, target, body, number=None, replaced_at=None):
    """The line of a value, or of an earlier version."""
    require(len(body) > 68, "a record is too short")
    flags, version, first_seen, last_stored, expires, sender, family, host, port = struct.unpack_from(
        ">BIqqq20sB16sH", body)
    content = body[68:]
    entry = read_entry(content)
    require(version == (entry.version or 0), "a record and its entry differ in their versions")
    signer = hashlib.sha1(entry.public_key).digest() if entry.public_key else None
    place = "unsigned" if signer is None else "owner" if signer == target else "signed"
    here = bool(flags & 1)
    return row(
        kind=kind, key=target.hex(), **{"class": place}, id=(signer or hashlib.sha1(content).digest()).hex(),
        number=number, version=entry.version, data=entry.data.hex(),
        public_key=entry.public_key.hex() if signer else None, first_seen=moment(first_seen),
        last_stored=moment(last_stored), expires_at=moment(expires), replaced_at=replaced_at, published_here=here,
        withdrawn=bool(flags & 2) or None, sender=None if here else sender.hex(),
        sender_address=None if here else address(family, host, port), entry=content.hex())


def read_entry(content):
    """A serialized entry."""
    require(0 < len(content) <= 170 and content[0] in (0, 1), "an entry is none")
    if content[0] == 0:
        return Entry(content[1:], None, b"", b"", b"")
    data, rest = sized(content[1:])
    require(len(rest) >= 4, "an entry is too short")
    public_key, signature = sized(rest[4:])
    return Entry(data, number(rest[:4]), public_key, signature, content[:len(content) - len(signature)])


def row(**columns):
    """A line, without the columns that have no value."""
    return json.dumps({name: value for name, value in columns.items() if value is not None}, separators=(",", ":"))


def number(content):
    """An integer; of eight bytes a time or a number below 2^63."""
    return int.from_bytes(content, "big", signed=len(content) == 8)


def moment(nanoseconds):
    """ISO 8601 in UTC, with nine digits of fraction or none."""
    if nanoseconds is None:
        return None
    seconds, rest = divmod(nanoseconds, 10**9)
    text = (datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    return text.rjust(19, "0") + (f".{rest:09d}Z" if rest else "Z")


def address(family, host, port):
    """An address with its port."""
    if family == 6:
        return f"[{ipaddress.IPv6Address(host)}]:{port}"
    return f"{ipaddress.IPv4Address(host[:4])}:{port}"


# Commands.

def is_valid(public_key, signature, message):
    """Whether a signature is valid."""
    try:
        import signatures
    except ImportError:
        raise Fault("to check signatures takes signatures.py, which belongs beside this file") from None
    return signatures.is_valid(public_key, signature, message)


def signatures_of(item):
    """The entries in an item, whose signatures have to be valid."""
    kind = KINDS[item.kind]
    if item.state:
        return []
    if kind in ("value", "history"):
        return [read_entry(item.body[68 if kind == "value" else 76:])]
    if kind == "evidence":
        length = number(item.body[21:23])
        return [read_entry(item.body[23:23 + length]), read_entry(item.body[23 + length:])]
    return []


def check_item(item):
    """Ends with a fault unless all signatures in an item are valid."""
    for entry in signatures_of(item):
        if entry.public_key:
            require(is_valid(entry.public_key, entry.signature, entry.signed),
                    f"a signature in a {KINDS[item.kind]} under {item.key.hex()} is wrong")


def read_dump(path, wants_signatures, show):
    """Reads a dump to its end and checks all of it."""
    with open(path, "rb") as file:
        dump = Dump(file)
        if show:
            show(header_row(dump.header))
        for item in dump.items():
            line = item_row(item)
            if wants_signatures:
                check_item(item)
            if show:
                show(line)
    if dump.end.public_key:
        check_root(dump.end.public_key, dump.end.signature, dump.end.leaves, dump.end.root)
    if show:
        show(end_row(dump.end))
    return dump


def check_root(public_key, signature, leaves, root):
    """Ends with a fault unless the signature of a root is valid."""
    message = b"bristlecone dump root" + struct.pack(">Q", leaves) + root
    require(is_valid(public_key, signature, message), "the signature of the root is wrong")


def read_proof(path, trusted_root, trusted_signer):
    """Checks a proof; its items, and what its header and its closing say (`None` in format 1)."""
    with open(path, encoding="utf-8") as file:
        proof = json.load(file)
    require(proof["format"] in (1, 2), f"it has proof format {proof['format']}, and this reader knows 1 and 2")
    root, leaves, header, left_out = bytes.fromhex(proof["root"]), proof["leaves"], None, None

    def leaf_of(part, index=None):
        leaf, place = bytes.fromhex(part["item"]), part["leaf"]
        require(0 <= place < leaves and index in (None, place), f"leaf {place} is in the wrong place")
        found = root_of_path(leaf_hash(leaf), place, leaves, [bytes.fromhex(digest) for digest in part["path"]])
        require(found == root, f"leaf {place} does not lead to the root")
        return leaf

    require(trusted_root in (None, proof["root"]), "the root is not the trusted one")
    if proof["signature"]:
        check_root(bytes.fromhex(proof["public_key"]), bytes.fromhex(proof["signature"]), leaves, root)
    signer = hashlib.sha1(bytes.fromhex(proof["public_key"] or "")).hexdigest()
    require(trusted_signer in (None, signer), "the root is not signed by the trusted node")
    if proof["format"] > 1:
        header = read_header(leaf_of(proof["header"], 0))
        require((header.format > 1) == (proof["closing"] is not None), "the closing does not fit the dump's format")
        if proof["closing"]:
            closing = leaf_of(proof["closing"], leaves - 1)
            left_out = number(closing[1:])
            require(closing == closing_leaf(left_out), "the closing is none")
    items = []
    for part in proof["items"]:
        leaf = leaf_of(part)
        item = read_item(leaf, 0)
        require(item.leaf == leaf, f"leaf {part['leaf']} is no item")
        check_item(item)
        items.append(item)
    require(items, "it has no items")
    return items, header, left_out


def main():
    """Runs one of the commands."""
    parser = argparse.ArgumentParser(description="Reads dumps of a Bristlecone archive without Bristlecone.")
    parser.add_argument("command", choices=["list", "check", "proof"])
    parser.add_argument("file")
    parser.add_argument("--signatures", action="store_true", help="check each signature in the dump too")
    parser.add_argument("--root", help="the root that is trusted")
    parser.add_argument("--signed-by", metavar="MID", help="the node whose signature is trusted")
    given = parser.parse_args()
    try:
        if given.command == "proof":
            items, header, left_out = read_proof(given.file, given.root, given.signed_by)
            whole = None if header is None else is_whole(header) and left_out == 0
            print(row(holds=True, whole=whole, items=len(items)))
        elif given.command == "list":
            # Nothing is shown of a dump before all of it was checked.
            read_dump(given.file, given.signatures, None)
            read_dump(given.file, False, print)
        else:
            dump = read_dump(given.file, given.signatures, None)
            print(f"whole: {dump.tree.count} leaves, root {dump.end.root.hex()}")
    except (Fault, OSError, ValueError, KeyError, TypeError, struct.error) as fault:
        sys.exit(f"{given.file}: {fault}")


if __name__ == "__main__":
    main()
