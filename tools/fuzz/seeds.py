"""Where the fuzzer begins: golden packets and values, and inputs put together by the rules of each target."""

import json
import pathlib
import random
import struct

ROOT = pathlib.Path(__file__).resolve().parents[2]
PREFIX_BYTES, KEY_LENGTH_BYTES, SIGNATURE_BYTES = 22, 2, 64
TABLES = 15
# Each kind of network, with surroundings that are prompt or not; then local calls, limits for local networks, and jobs of
# an earlier run.
SITUATIONS = (*range(8), 8 + 1, 8 + 2, 16 + 4, 32 + 5, 63)


def of(target):
    """The seeds of a target; the same ones every time."""
    vectors = json.loads((ROOT / "Tests/IPv8Tests/Fixtures/ipv8-wire.json").read_text(encoding="utf-8"))
    return list(GENERATORS[target](vectors, random.Random(f"seeds of {target}")))


def packets(vectors, _):
    """Each golden packet, whole and as a payload to be framed by each kind of key."""
    for message in vectors["messages"]:
        packet = bytes.fromhex(message["packet"])
        yield b"\x00" + packet
        payload = payload_of(packet, message["signed"])
        for selector in range(1, 6):
            yield bytes([selector, message["msg_id"]]) + payload
    for key in vectors["legacy_keys"]:
        yield b"\x00" + bytes.fromhex(key["ping_request"])


def payload_of(packet, is_signed):
    """What is between a packet's key and its signature."""
    if not is_signed:
        return packet[PREFIX_BYTES + 1:]
    place = PREFIX_BYTES + 1
    key_length = int.from_bytes(packet[place:place + KEY_LENGTH_BYTES], "big")
    return packet[place + KEY_LENGTH_BYTES + key_length:-SIGNATURE_BYTES]


def entries(vectors, _):
    """Each golden value, and data to be signed by each kind of key."""
    for value in vectors["values"]:
        yield b"\x00" + bytes.fromhex(value["serialized"])
    for selector in range(1, 6):
        for length in (0, 1, 17, 23, 24, 60):
            yield bytes([selector, 0x65, 0x53, 0xF1, 0]) + b"x" * length


def records(vectors, generator):
    """Records of every table with keys of every length that a table has, sealed and not."""
    values = [bytes.fromhex(value["serialized"]) for value in vectors["values"]]
    for table in range(TABLES):
        for key_length in (1, 2, 8, 10, 18, 20, 21, 40, 41, 48):
            key = bytes(generator.randrange(1, 4) for _ in range(key_length))
            fixed = bytes(generator.randrange(256) for _ in range(generator.choice((8, 12, 20, 26, 58, 68, 76, 120))))
            for is_sealed in (0, 1):
                yield bytes([table, is_sealed, key_length]) + key + fixed + generator.choice(values)


def pages(_, generator):
    """Single changes near the beginning of pages, where LMDB keeps what it trusts."""
    for page in range(40):
        for offset in (0, 10, 12, 14, 16, 18, 40, 80, 88, 128, 136, 144):
            place = page * 4096 + offset
            yield place.to_bytes(3, "big") + bytes([1, generator.randrange(256), generator.randrange(256)])


def dumps(_, __):
    """Dumps of every format as they are, and each item of them for itself and all that fit together."""
    for path in sorted((ROOT / "Tests/Moving/released").glob("dump-*/*.dump")):
        content = path.read_bytes()
        yield b"\x00" + content
        items = list(items_of(content))
        yield from (b"\x01" + item for item in items)
        yield b"\x01" + b"".join(items)


def items_of(dump):
    """The items in a dump's blocks: docs/dump-format.md draws them."""
    place = len(b"bristlecone dump")
    while place < len(dump):
        kind, _, length = struct.unpack_from(">BII", dump, place)
        payload, place = dump[place + 9:place + 9 + length], place + 9 + length + 32
        while kind == 2 and payload:
            length = 3 + int.from_bytes(payload[1:3], "big")
            yield payload[:length]
            payload = payload[length:]


def runs(_, generator):
    """Runs of a node: random decisions, in each of its situations, and one kind of step again and again."""
    for situation in SITUATIONS:
        for length in (100, 400, 1200):
            yield bytes([situation]) + bytes(generator.randrange(256) for _ in range(length))
        for step in range(20):
            body = b"".join(
                bytes([step]) + bytes(generator.randrange(256) for _ in range(generator.randrange(4, 20)))
                for _ in range(20))
            yield bytes([situation, 0, 0, 1]) + body


def files(vectors, _):
    """Keys, a manifest, requests and settings as the program itself writes them."""
    for key in [*vectors["keys"], *vectors["legacy_keys"]]:
        yield b"\x00" + bytes.fromhex(key["private"])
    manifest = {
        "archive_id": "00" * 16, "created": "2026-02-03T04:05:06Z", "data_folder_format": 1,
        "files": [{"bytes": 4096, "name": "archive.mdb", "sha256": "00" * 32}], "format": 1,
        "journal_at": "2026-02-03T04:05:06Z", "journal_checksum": "0011223344556677", "journal_last": 7,
        "program_version": "1", "values": 3}
    yield b"\x01" + json.dumps(manifest).encode()
    key, mid = "aa" * 20, "bb" * 20
    for request in (
            {"request": "status"}, {"request": "store", "key": key, "data": "00ff", "signed": True},
            {"request": "find", "key": key}, {"request": "ping", "address": "127.0.0.1:8090"},
            {"request": "connect", "mid": mid, "address": "[::1]:8090"}, {"request": "backup", "folder": "/b"},
            {"request": "pins"}, {"request": "forget", "subject": {"key": key}, "block": True},
            {"request": "pin", "subject": {"signer": mid}}):
        yield b"\x02" + json.dumps(request).encode()
    for settings in (
            "listen:\n  - \"127.0.0.1:8090\"\n", "threads: 4\narchive:\n  size_max: 50 GiB\n",
            "peers: [a:1, b:2]\nlog.level: debug\n", "- a\n- b\n", "threads: 4\nthreads: 5\n", "a: &b [*b]\n"):
        yield b"\x03" + settings.encode()


GENERATORS = {
    "packet": packets, "entry": entries, "record": records, "pages": pages, "dump": dumps, "node": runs, "file": files,
}
