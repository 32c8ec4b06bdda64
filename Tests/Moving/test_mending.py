"""`verify`, its `--repair`, and `compact` as an operator uses them."""

import fcntl
import os
import sqlite3

from harness.folder import fingerprint

SOUND, FOUND, CANNOT_READ = 0, 1, 2


def flip(path, needle):
    """Flips a bit at every place of a file where some bytes stand."""
    content = path.read_bytes()
    assert needle in content
    path.write_bytes(content.replace(needle, bytes([needle[0] ^ 4]) + needle[1:]))


async def test_verify_looks_at_everything(sample, dump):
    before = fingerprint(sample)
    report = (await dump("verify", sample, "--json")).json()
    records = {table["name"]: table["records"] for table in report["tables"]}
    assert report["sound"] and report["index_not_compared"] is None and report["pages"] > 10
    assert records["history"] == 9 and records["evidence"] == 1 and records["retained"] > 0
    # Those of earlier versions and of evidence too.
    assert report["signatures"] == 9 + 2 + 18
    assert fingerprint(sample) == before


async def test_repair_moves_damage_aside_and_makes_the_index_anew(sample, dump, tmp_path):
    exported = (await dump("export", sample, "--format", "csv")).output.splitlines()
    flip(sample / "archive.mdb", b"with \"quotes\"")
    flip(sample / "archive.mdb", b"version 2")
    with sqlite3.connect(sample / "index.sqlite") as database:
        database.execute("UPDATE entries SET expires_at = expires_at + 1 WHERE class = 1")
    database.close()
    assert (await dump("verify", sample)).status == FOUND
    mended = await dump("verify", "--repair", "--yes", sample)
    assert mended.status == SOUND, mended
    lines = mended.output.splitlines()
    assert any(line.startswith("Repaired: 3 damaged records moved to the quarantine") for line in lines), mended
    assert "quarantine    3, damaged earlier" in mended.output.replace("  quarantine", "quarantine")
    left = (await dump("export", sample, "--format", "csv")).output.splitlines()
    # The header names the archive's last change, and the repair made some.
    kept = [line for line in left if not line.startswith("header,")]
    assert set(kept) < set(exported) | {left[-1]} and len(left) == len(exported) - 3
    again = (await dump("verify", "--repair", "--yes", sample, "--json"))
    assert again.status == SOUND and again.json()["sound"], again


async def test_repair_rebuilds_an_index_that_is_gone_or_damaged(sample, dump):
    for harm in ("remove", "overwrite"):
        for name in ("index.sqlite", "index.sqlite-wal", "index.sqlite-shm"):
            (sample / name).unlink(missing_ok=True)
        if harm == "overwrite":
            (sample / "index.sqlite").write_bytes(b"no database " * 1000)
        report = (await dump("verify", sample, "--json")).json()
        assert report["index_not_compared"], report
        mended = (await dump("verify", "--repair", "--yes", sample, "--json")).json()
        assert mended["after"]["sound"] and mended["after"]["index_not_compared"] is None, mended
        assert mended["repaired"]["quarantined"] == {} and mended["repaired"]["indexed"] > 0, mended


async def test_repair_asks_and_keeps_away_from_a_running_node(sample, dump, sentence):
    flip(sample / "archive.mdb", b"with \"quotes\"")
    (sample / "lock").touch()
    before = fingerprint(sample)
    asked = await dump("verify", "--repair", sample)
    assert asked.status == CANNOT_READ and "add --yes" in asked.errors, asked
    with open(sample / "lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for command in (["verify", "--repair", "--yes"], ["compact"]):
            said = sentence(await dump(*command, sample), CANNOT_READ)
            assert "A node, or another tool, is using" in said and str(sample) in said
    assert fingerprint(sample) == before


async def test_backups_are_left_as_they_are(sample, dump, sentence, tmp_path):
    assert (await dump("export", sample, "-o", tmp_path / "whole")).status == SOUND
    (sample / "manifest.json").write_text("{}")
    before = fingerprint(sample)
    for command in (["verify", "--repair", "--yes", sample], ["compact", sample], ["import", tmp_path / "whole", sample]):
        assert "is a backup" in sentence(await dump(*command), CANNOT_READ), command
    assert fingerprint(sample) == before


async def test_damage_in_pages_is_found_and_not_repaired(sample, dump):
    path = sample / "archive.mdb"
    content = bytearray(path.read_bytes())
    # The bounds of free room in the head of the pages that hold a value, free pages among them.
    place = content.find(b"plain 3")
    while place >= 0:
        head = place // 4096 * 4096
        content[head + 12:head + 16] = b"\xff\xff\xff\xff"
        place = content.find(b"plain 3", head + 4096)
    path.write_bytes(content)
    found = await dump("verify", sample, "--json")
    assert found.status == FOUND and "pages" in {finding["table"] for finding in found.json()["findings"]}, found
    refused = await dump("verify", "--repair", "--yes", sample)
    assert refused.status == FOUND and "cannot be repaired" in refused.errors, refused
    compacted = await dump("compact", sample)
    assert compacted.status == CANNOT_READ and "damaged" in compacted.errors, compacted


async def test_compact_wins_room_and_loses_nothing(make_archive, dump, tmp_path):
    folder = make_archive(tmp_path / "data", 4_000)
    whole = await dump("export", folder, "-o", tmp_path / "one", "--json")
    assert whole.status == SOUND
    kept = await dump("compact", folder, "--keep", "--json")
    assert kept.status == SOUND and kept.json()["bytes_won"] > 0, kept
    assert kept.json()["bytes_before"] - kept.json()["bytes_after"] == kept.json()["bytes_won"]
    old = folder / "archive.mdb.before-compact"
    assert old.stat().st_blocks * 512 >= kept.json()["bytes_before"]
    again = await dump("compact", "--keep", folder)
    assert again.status == CANNOT_READ and str(old) in again.errors, again
    assert (await dump("compact", folder)).status == SOUND and old.exists()
    os.remove(old)
    plain = await dump("compact", folder)
    assert plain.status == SOUND and plain.output.startswith("Compacted "), plain
    assert (await dump("export", folder, "-o", tmp_path / "two")).status == SOUND
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    verified = await dump("verify", folder, "--json")
    assert verified.status == SOUND and verified.json()["index_not_compared"] is None, verified


async def test_one_altered_byte_hides_no_table_in_silence(sample, dump, tmp_path):
    """The name of a table is a byte in one page, and LMDB says that there is no such table."""
    assert (await dump("export", sample, "-o", tmp_path / "whole")).status == SOUND
    path = sample / "archive.mdb"
    content = bytearray(path.read_bytes())
    place = content.find(b"publications", 8192)
    while place >= 0:
        content[place + 2] ^= 0x01
        place = content.find(b"publications", place + 1)
    path.write_bytes(content)
    for command in (["export", sample, "-o", tmp_path / "less"], ["list", sample], ["stat", sample],
                    ["diff", tmp_path / "whole", sample], ["get", "no such key", sample]):
        said = await dump(*command)
        assert said.status == CANNOT_READ, said
        assert "the table publications is missing, and there is one called puclications" in said.errors, said
    verified = await dump("verify", sample)
    assert verified.status == FOUND and "the table publications is missing" in verified.output, verified
    refused = await dump("verify", "--repair", "--yes", sample)
    assert refused.status == FOUND and "cannot be repaired" in refused.errors, refused


async def test_damaged_records_are_no_reason_to_say_that_archives_are_the_same(sample, dump, tmp_path):
    flip(sample / "archive.mdb", b"with \"quotes\"")
    said = await dump("diff", sample, sample)
    assert said.status == CANNOT_READ and "could not be compared" in said.errors, said
    listed = await dump("list", sample)
    assert listed.status == CANNOT_READ and "cannot be read" in listed.errors, listed
