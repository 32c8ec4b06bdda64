"""Reads every record of an LMDB 0.9 file straight from its pages, without LMDB and without the program under test."""

import struct

PAGE = 4096
NONE = 2**64 - 1


class Unreadable(Exception):
    """The pages contradict themselves."""


def last_page(data):
    """The last page that either meta page names."""
    return max(int.from_bytes(data[page * PAGE + 136:page * PAGE + 144], "little") for page in (0, 1))


def content(data):
    """{table: {key: value}} of the newest state."""
    try:
        metas = [struct.unpack_from("<Q", data, page * PAGE + 144)[0] for page in (0, 1)]
        start = metas.index(max(metas)) * PAGE
        root, = struct.unpack_from("<Q", data, start + 128)
        tables = {}
        for name, descriptor in leaves(data, root, set()):
            tables[name] = dict(leaves(data, struct.unpack_from("<Q", descriptor, 40)[0], set()))
        return tables
    except (struct.error, IndexError, RecursionError) as error:
        raise Unreadable(str(error)) from error


def leaves(data, number, seen):
    """The keys and values below a page, in their order."""
    if number == NONE:
        return
    if number in seen:
        raise Unreadable(f"page {number} twice")
    seen.add(number)
    page = data[number * PAGE:(number + 1) * PAGE]
    flags, lower = struct.unpack_from("<HH", page, 10)
    for place in struct.unpack_from(f"<{(lower - 16) // 2}H", page, 16):
        low, high, node_flags, key_bytes = struct.unpack_from("<HHHH", page, place)
        key = page[place + 8:place + 8 + key_bytes]
        if flags & 1:
            yield from leaves(data, low | high << 16 | node_flags << 32, seen)
        elif node_flags & 1:
            first, = struct.unpack_from("<Q", page, place + 8 + key_bytes)
            yield key, data[first * PAGE + 16:first * PAGE + 16 + (low | high << 16)]
        else:
            yield key, page[place + 8 + key_bytes:place + 8 + key_bytes + (low | high << 16)]
