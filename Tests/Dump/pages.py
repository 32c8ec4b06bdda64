"""Reads archive.mdb without LMDB, as docs/archive-format.md draws its pages, and checks records by their checksums."""

import struct

# The numbers of the tables, by name.
TABLES = {name: number for number, name in enumerate(
    ["meta", "entries", "floors", "secrets", "journal", "quarantine", "history", "retained", "pins", "publications",
     "evidence", "blocks", "holdings", "ranks", "ages", "order"], 1)}
META_PAGE, OVERFLOW_VALUE = 8, 1
EMPTY = 2**64 - 1


def tables(content):
    """All tables of an archive's file: by name a list of keys and records, in their order."""
    size = struct.unpack_from("<I", content, 40)[0]
    metas = []
    for number in (0, 1):
        page = content[number * size:(number + 1) * size]
        flags, magic, version = struct.unpack_from("<H", page, 10) + struct.unpack_from("<II", page, 16)
        assert (flags & META_PAGE, magic, version) == (META_PAGE, 0xBEEFC0DE, 1)
        metas.append((struct.unpack_from("<Q", page, 144)[0], page))
    main = max(metas)[1][88:136]
    return {name.decode("ascii"): list(records(content, size, table)) for name, table in records(content, size, main)}


def records(content, size, table):
    """Keys and values of a table, in their order."""
    _, _, depth, _, _, _, count, root = struct.unpack("<IHHQQQQQ", table)
    found = [] if root == EMPTY else list(nodes(content, size, root, depth))
    assert len(found) == count
    return found


def nodes(content, size, number, depth):
    """Keys and values in and below a page."""
    page = content[number * size:(number + 1) * size]
    assert struct.unpack_from("<Q", page)[0] == number
    lower = struct.unpack_from("<H", page, 12)[0]
    for offset in struct.unpack_from(f"<{(lower - 16) // 2}H", page, 16):
        low, high, flags, length = struct.unpack_from("<HHHH", page, offset)
        key, start = page[offset + 8:offset + 8 + length], offset + 8 + length
        if depth > 1:
            yield from nodes(content, size, low | high << 16 | flags << 32, depth - 1)
        elif flags & OVERFLOW_VALUE:
            first = struct.unpack_from("<Q", page, start)[0] * size + 16
            yield key, content[first:first + (low | high << 16)]
        else:
            yield key, page[start:start + (low | high << 16)]


def is_sound(name, key, record):
    """Whether a record matches its checksum."""
    covered = bytes([TABLES[name]]) + struct.pack(">H", len(key)) + key + record[:-8]
    return siphash(b"bristlecone/rec1", covered).to_bytes(8, "big") == record[-8:]


def siphash(key, data):
    """SipHash-2-4."""
    mask = (1 << 64) - 1
    low, high = struct.unpack("<QQ", key)
    v = [low ^ 0x736F6D6570736575, high ^ 0x646F72616E646F6D, low ^ 0x6C7967656E657261, high ^ 0x7465646279746573]

    def rotated(number, count):
        return (number << count | number >> 64 - count) & mask

    def rounds(count):
        for _ in range(count):
            v[0], v[2] = (v[0] + v[1]) & mask, (v[2] + v[3]) & mask
            v[1], v[3] = rotated(v[1], 13) ^ v[0], rotated(v[3], 16) ^ v[2]
            v[0] = (rotated(v[0], 32) + v[3]) & mask
            v[2] = (v[2] + v[1]) & mask
            v[3], v[1] = rotated(v[3], 21) ^ v[0], rotated(v[1], 17) ^ v[2]
            v[2] = rotated(v[2], 32)

    padded = data + bytes(-(len(data) + 1) % 8) + bytes([len(data) & 255])
    for (word,) in struct.iter_unpack("<Q", padded):
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 0xFF
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]
