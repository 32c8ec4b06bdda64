"""The drawing of the archive's file in docs/archive-format.md is right: a reader of that page alone reads all of it."""

import json
import struct

import pytest

from pages import TABLES, is_sound, tables
from transcript import run


@pytest.mark.parametrize("kind", ["small", "large"])
def test_the_file_is_read_without_lmdb(tool, archives, tmp_path, kind):
    found = tables((archives / kind / "archive.mdb").read_bytes())
    assert found.keys() <= TABLES.keys()
    for name, records in found.items():
        assert [key for key, _ in records] == sorted(key for key, _ in records)
        if name != "quarantine":
            # A few of a large table are enough; the checksum is slow in Python.
            assert all(is_sound(name, key, record) for key, record in records[:300]), name
    rows = run(tool, ["export", kind, "--format", "jsonl"], archives)[1].splitlines()[1:-1]
    values = [json.loads(row) for row in rows if row.startswith('{"kind":"value"')]
    records = sorted([*found["entries"], *found.get("retained", [])])
    assert [(key[:20].hex(), key[21:].hex(), record[69:-8].hex()) for key, record in records] == [
        (row["key"], row["id"], row["entry"]) for row in values]
    check_counts(found)


def check_counts(found):
    """The record of the counts has records and bytes of each budget in turn, and then the records of other tables."""
    numbers = struct.unpack(">19Q", dict(found["meta"])[b"counts"][1:-8])
    entries = found["entries"]
    assert numbers[0] == len({key[:20] for key, _ in entries})
    assert numbers[1:4] == tuple(sum(key[20] == kind for key, _ in entries) for kind in (1, 2, 3))
    assert numbers[4] == sum(len(record) - 77 for _, record in entries)
    for place, name in enumerate(["entries", "retained", "history", "floors", "evidence"]):
        records = found.get(name, [])
        assert numbers[5 + 2 * place:7 + 2 * place] == (
            len(records), sum(len(key) + len(record) for key, record in records)), name
    for place, name in enumerate(["pins", "blocks", "publications", "order"]):
        assert numbers[15 + place] == len(found.get(name, [])), name
