"""`export`, `import`, `prove`, `check-proof` and `diff` as an operator uses them."""

import asyncio
import csv
import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import struct
import subprocess

import pytest
from ipv8.dht.storage import Storage
from ipv8.keyvault.crypto import default_eccrypto

from harness.command import clean_environment
from harness.folder import fingerprint
from harness.waiting import wait_until
from reading import Dump, root_of_path

DONE, FOUND, CANNOT_READ, USAGE = 0, 1, 2, 64
GOLDEN_EXPORT = """\
Exported 42 items to <file>: <size> in <time>
  pin          2
  floor        3
  history      9
  value        23
  evidence     1
  publication  2
  block        2
  state        change <n> of archive <id>
  root         <root>
"""
GOLDEN_IMPORT = """\
Imported <file> into <folder>, a new archive: 42 items in <time> (<n> a second)
  taken  42
  root   <root>
"""


def plain(text, *paths):
    """Output without what differs from run to run."""
    for path, name in paths:
        text = text.replace(str(path), name)
    text = re.sub(r"\d+(\.\d+)? (ms|s)\b", "<time>", text)
    text = re.sub(r"\(\d+ a second\)", "(<n> a second)", text)
    text = re.sub(r"\d+(\.\d+)? K?M?i?B\b", "<size>", text)
    text = re.sub(r"change \d+ of archive [0-9a-f]{32}", "change <n> of archive <id>", text)
    return re.sub(r"[0-9a-f]{64}", "<root>", text)


async def export(dump, folder, path, *arguments):
    """Exports a folder to a file and returns its bytes."""
    completed = await dump("export", folder, "--output", path, *arguments)
    assert completed.status == DONE, completed
    return path.read_bytes()


async def take(dump, path, folder, *arguments):
    """Imports a file, and returns what came of it."""
    completed = await dump("import", path, folder, "--json", *arguments)
    assert completed.status in (DONE, FOUND), completed
    return completed.json()


async def test_export_and_import_say_what_they_did(sample, dump, tmp_path):
    file, copy = tmp_path / "sample.dump", tmp_path / "copy"
    exported = await dump("export", sample, "-o", file)
    assert exported.status == DONE and plain(exported.output, (file, "<file>")) == GOLDEN_EXPORT, exported
    imported = await dump("import", file, copy)
    assert imported.status == DONE, imported
    assert plain(imported.output, (file, "<file>"), (copy, "<folder>")) == GOLDEN_IMPORT, imported
    assert not exported.errors and not imported.errors


@pytest.mark.parametrize("form", ["dump", "jsonl", "csv"])
async def test_exporting_importing_and_exporting_gives_the_same_bytes(sample, dump, tmp_path, form):
    before = fingerprint(sample)
    original = await export(dump, sample, tmp_path / "one", "--format", form)
    assert (await take(dump, tmp_path / "one", tmp_path / "copy"))["taken"] == 42
    assert await export(dump, tmp_path / "copy", tmp_path / "two", "--format", form) == original
    verified = await dump("verify", tmp_path / "copy", "--json")
    assert verified.status == DONE and verified.json()["index_not_compared"] is None, verified
    assert fingerprint(sample) == before


async def test_a_dump_can_be_read_without_this_program(sample, dump, tmp_path):
    key = default_eccrypto.generate_key("curve25519")
    (sample / "identity.key").write_bytes(key.key_to_bin())
    read = Dump(await export(dump, sample, tmp_path / "signed", "--sign"))
    assert [item[0] for item in read.items] == sorted(item[0] for item in read.items)
    assert read.public_key == key.pub().key_to_bin()
    assert default_eccrypto.is_valid_signature(key.pub(), read.signed_message, read.signature)
    imported = await take(dump, tmp_path / "signed", tmp_path / "copy", "--signed-by", key.pub().key_to_hash().hex())
    assert imported["signed_by"] == key.pub().key_to_hash().hex() and imported["root"] == read.root.hex()


async def test_exported_entries_are_accepted_by_the_reference(sample, dump, network, tmp_path):
    peer = (await network.start(1))[0]
    overlay = peer.overlay
    await export(dump, sample, tmp_path / "lines", "--format", "jsonl")
    rows = [json.loads(line) for line in (tmp_path / "lines").read_text().splitlines()]
    values = [row for row in rows if row["kind"] == "value"]
    assert len(values) == 23
    for row in values:
        entry, key = bytes.fromhex(row["entry"]), bytes.fromhex(row["key"])
        data, public_key, version = overlay.unserialize_value(entry)
        assert data.hex() == row["data"] and version == row.get("version", 0)
        assert (public_key or b"").hex() == row.get("public_key", "")
        storage = Storage()
        overlay.add_value(key, entry, storage)
        assert storage.get(key) == [entry]


async def test_increments_hold_what_came_since(sample, dump, tmp_path):
    whole = await export(dump, sample, tmp_path / "lines", "--format", "jsonl")
    moments = sorted(json.loads(line)["last_stored"] for line in whole.splitlines() if b'"value"' in line)
    increment = Dump(await export(dump, sample, tmp_path / "late", "--since", moments[-3]))
    assert 3 <= len(increment.items) < 42
    assert increment.header.since is not None
    none = Dump(await export(dump, sample, tmp_path / "none", "--since", "2100-01-01"))
    # That something was withdrawn is not dated with the value, so withdrawn ones are in every increment.
    assert len(none.items) == 1
    part = Dump(await export(dump, sample, tmp_path / "part", "--prefix", "a"))
    assert part.items and all(item[4 if item[0] in (1, 7) else 3] >> 4 == 10 for item in part.items)


async def test_standard_input_and_output(sample, dump, binary, tmp_path):
    program = binary.parent / "bristlecone-dump"
    script = f'"{program}" export "{sample}" 2>said | "{program}" import - copy --json'
    process = await asyncio.create_subprocess_shell(
        script, cwd=tmp_path, stdout=asyncio.subprocess.PIPE, env=clean_environment())
    output, _ = await process.communicate()
    assert process.returncode == DONE and json.loads(output)["taken"] == 42
    assert "Exported 42 items" in (tmp_path / "said").read_text()
    assert (await dump("diff", sample, tmp_path / "copy")).status == DONE


async def test_a_dump_that_was_cut_or_altered_is_refused_and_nothing_is_taken(sample, dump, sentence, tmp_path):
    whole = await export(dump, sample, tmp_path / "whole")
    copy = tmp_path / "copy"
    await take(dump, tmp_path / "whole", copy)
    before = fingerprint(copy)
    harmed = tmp_path / "harmed"
    # Every single place is tried by DumpTests; here it is the program's answer.
    for place in range(1, len(whole), len(whole) // 12):
        harmed.write_bytes(whole[:place])
        assert re.search(rf"cut off at byte {place},|is no dump", sentence(await dump("import", harmed, copy), CANNOT_READ))
        flipped = bytearray(whole)
        flipped[place] ^= 4
        harmed.write_bytes(flipped)
        said = sentence(await dump("import", harmed, tmp_path / "nowhere"), CANNOT_READ)
        assert str(harmed) in said and re.search(r"block \d+|is no dump", said), said
    harmed.write_bytes(whole + b"x")
    assert f"at byte {len(whole)}" in sentence(await dump("import", harmed, copy), CANNOT_READ)
    assert fingerprint(copy) == before and not (tmp_path / "nowhere").exists()


async def test_lines_that_were_cut_are_refused(sample, dump, sentence, tmp_path):
    for form in ("jsonl", "csv"):
        lines = (await export(dump, sample, tmp_path / form, "--format", form)).splitlines(keepends=True)
        (tmp_path / "cut").write_bytes(b"".join(lines[:-1]))
        assert "closing line" in sentence(await dump("import", tmp_path / "cut", tmp_path / "none"), CANNOT_READ)
        (tmp_path / "cut").write_bytes(b"".join(lines[:20] + lines[21:]))
        assert "line" in sentence(await dump("import", tmp_path / "cut", tmp_path / "none"), CANNOT_READ)
    assert not (tmp_path / "none").exists()


async def test_what_is_refused_is_told(sample, dump, tmp_path):
    lines = (await export(dump, sample, tmp_path / "lines", "--format", "jsonl")).decode().splitlines()
    signed = next(json.loads(line) for line in lines if '"value"' in line and '"version":4' in line)
    forged = dict(signed, entry=signed["entry"][:-2] + f"{int(signed['entry'][-2:], 16) ^ 1:02x}")
    (tmp_path / "picked").write_text("\n".join([json.dumps(forged), *lines[12:16]]) + "\n")
    completed = await dump("import", tmp_path / "picked", tmp_path / "copy", "--unsealed")
    assert completed.status == FOUND, completed
    assert f"not taken: value {signed['key']} {signed['id']} version 4 (signature)" in completed.output
    assert "1 have a wrong signature" in completed.output and "taken    4" in completed.output, completed
    again = await take(dump, tmp_path / "picked", tmp_path / "copy", "--unsealed")
    assert again["held"] == 4 and again["refused"] == {"signature": 1} and again["refusals"][0]["id"] == signed["id"]


async def test_values_of_somebody_else_come_without_his_decisions(sample, dump, tmp_path):
    await export(dump, sample, tmp_path / "whole")
    imported = await take(dump, tmp_path / "whole", tmp_path / "copy", "--values-only")
    assert imported["left_out"] > 6 and imported["left_out"] + imported["taken"] == 42
    rows = [json.loads(line) for line in
            (await export(dump, tmp_path / "copy", tmp_path / "lines", "--format", "jsonl")).splitlines()]
    assert not any(row.get("published_here") for row in rows)
    assert {row["kind"] for row in rows} == {"header", "history", "value", "evidence", "end"}


async def test_published_values_get_the_publications_that_a_dump_lacks(sample, dump, tmp_path):
    lines = (await export(dump, sample, tmp_path / "lines", "--format", "jsonl")).decode().splitlines()
    (tmp_path / "picked").write_text("\n".join(line for line in lines if json.loads(line)["kind"] == "value") + "\n")
    await take(dump, tmp_path / "picked", tmp_path / "copy", "--unsealed")
    verified = await dump("verify", tmp_path / "copy")
    assert verified.status == 0 and "Sound" in verified.output, verified
    rows = [json.loads(line) for line in
            (await export(dump, tmp_path / "copy", tmp_path / "again", "--format", "jsonl")).splitlines()]
    published = {row["id"] for row in rows if row.get("published_here") and not row.get("withdrawn")}
    assert published and published == {row["id"] for row in rows if row["kind"] == "publication"}


async def test_an_import_that_is_killed_goes_on_where_it_was(make_archive, dump, binary, tmp_path):
    whole = await export(dump, make_archive(tmp_path / "large", 12_000), tmp_path / "whole")
    copy = tmp_path / "copy"
    program = str(binary.parent / "bristlecone-dump")
    for held in (1, 4_500):
        process = await asyncio.create_subprocess_exec(
            program, "import", str(tmp_path / "whole"), str(copy), "--threads", "1", env=clean_environment(),
            start_new_session=True, stdout=asyncio.subprocess.DEVNULL)

        async def holds_some():
            stat = await dump("stat", copy, "--json")
            return stat.status == 0 and stat.json()["values"]["all"] > held
        await wait_until(holds_some, "the import has taken some", 60.0)
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    finished = await dump("import", tmp_path / "whole", copy, "--json", seconds=120.0)
    assert finished.status == DONE and finished.json()["resumed_at"] > 4_500, finished
    assert finished.json()["taken"] + finished.json()["resumed_at"] == finished.json()["items"]
    assert await export(dump, copy, tmp_path / "again") == whole
    assert (await dump("verify", copy, seconds=120.0)).status == DONE


async def test_a_worker_ends_with_its_parent(make_archive, dump, binary, tmp_path):
    folder = make_archive(tmp_path / "large", 5_000)
    # Not by asyncio, which would empty the pipe.
    process = subprocess.Popen(
        [binary.parent / "bristlecone-dump", "export", folder, "--format", "csv"], bufsize=0, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, env=clean_environment())
    # It has begun to write, and waits for the pipe to be emptied.
    assert process.stdout.read(100)
    process.kill()
    process.wait()

    async def is_free():
        with open(folder / "lock", "a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True
    await wait_until(is_free, "nobody holds the folder", 20.0)
    process.stdout.close()


async def test_beside_a_running_node(sample, dump, sentence, tmp_path):
    whole = await export(dump, sample, tmp_path / "whole")
    with open(sample / "lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert await export(dump, sample, tmp_path / "beside") == whole
        assert (await dump("diff", sample, tmp_path / "whole")).status == DONE
        said = sentence(await dump("import", tmp_path / "whole", sample), CANNOT_READ)
        assert "is in use by a node" in said and "bristlecone import" in said and str(sample) in said


async def test_a_node_starts_on_what_was_imported(sample, dump, nodes, tmp_path):
    await export(dump, sample, tmp_path / "whole")
    node = nodes.make()
    assert (await take(dump, tmp_path / "whole", node.data))["begun_archive"] is True
    await node.start()
    found = await node.command("find", "greeting", "--local", "--json")
    assert found.status == 0, found
    held = {value["data"] for value in found.json()["values"]}
    assert bytes([0, 255, 10, 13, 44]).hex() in json.dumps(sorted(held)), held
    beside = await export(dump, node.data, tmp_path / "beside")
    await node.stop()
    assert await export(dump, node.data, tmp_path / "stopped") == beside
    assert (await dump("diff", "--content", tmp_path / "whole", node.data)).status == DONE


async def test_places_and_files_that_cannot_be_read(sample, dump, sentence, tmp_path):
    whole = tmp_path / "whole"
    await export(dump, sample, whole)
    for command in (["export", tmp_path / "nowhere", "-o", tmp_path / "x"], ["compact", tmp_path / "nowhere"],
                    ["diff", tmp_path / "nowhere", whole], ["import", tmp_path / "nowhere", tmp_path / "y"],
                    ["prove", "x", tmp_path / "nowhere"], ["check-proof", tmp_path / "nowhere"],
                    ["verify", "--repair", "--yes", tmp_path / "nowhere"]):
        assert "nowhere" in sentence(await dump(*command), CANNOT_READ), command
    assert "cannot be written" in sentence(
        await dump("export", sample, "-o", tmp_path / "no" / "folder"), CANNOT_READ)
    (tmp_path / "text").write_text("neither a dump nor lines\n" * 9)
    for command in (["import", tmp_path / "text", tmp_path / "y"], ["diff", tmp_path / "text", sample],
                    ["prove", "x", tmp_path / "text"]):
        assert "is no dump" in sentence(await dump(*command), CANNOT_READ)
    assert "is no proof" in sentence(await dump("check-proof", tmp_path / "text"), CANNOT_READ)
    assert not (tmp_path / "y").exists()
    for arguments in (["export", "--prefix", "xyz", sample], ["export", "--since", "yesterday", sample],
                      ["export", "--format", "csv", "--sign", sample], ["import", whole, sample, "--threads", "0"],
                      ["verify", "--yes", sample]):
        assert (await dump(*arguments)).status == USAGE, arguments


async def test_newer_archives_and_dumps_are_left_alone(sample, dump, sentence, tmp_path):
    whole = tmp_path / "whole"
    content = await export(dump, sample, whole)
    identity = bytes.fromhex((await dump("stat", sample, "--json")).json()["archive_id"])
    path = sample / "archive.mdb"
    newer = path.read_bytes().replace(struct.pack(">BH", 1, 3) + identity, struct.pack(">BH", 9, 9) + identity)
    path.write_bytes(newer)
    before = fingerprint(sample)
    for command in (["export", sample, "-o", tmp_path / "x"], ["import", whole, sample], ["diff", sample, whole],
                    ["compact", sample], ["verify", "--repair", "--yes", sample]):
        assert "newer program" in sentence(await dump(*command), CANNOT_READ), command
    assert fingerprint(sample) == before
    header = content[25:25 + struct.unpack_from(">I", content, 21)[0]]
    later = struct.pack(">H", 4) + header[2:]
    head = content[16:25]
    checksum = hashlib.sha256(struct.pack(">Q", 0) + head + later).digest()
    whole.write_bytes(content[:16] + head + later + checksum + content[25 + len(header) + 32:])
    assert "dump format 4" in sentence(await dump("import", whole, tmp_path / "y"), CANNOT_READ)


async def test_damaged_records_are_left_out_of_an_export(sample, dump, tmp_path):
    path = sample / "archive.mdb"
    path.write_bytes(path.read_bytes().replace(b"with \"quotes\"", b"with \"quotas\""))
    completed = await dump("export", sample, "-o", tmp_path / "left", "--json")
    assert completed.status == FOUND and completed.json()["damaged"] == 1, completed
    assert completed.errors.startswith("left out: retained "), completed
    read = Dump((tmp_path / "left").read_bytes())
    assert (len(read.items), read.left_out) == (41, 1)


async def test_proofs_hold_and_show_what_they_prove(sample, dump, sentence, tmp_path):
    key = default_eccrypto.generate_key("curve25519")
    (sample / "identity.key").write_bytes(key.key_to_bin())
    read = Dump(await export(dump, sample, tmp_path / "whole", "--sign"))
    proven = await dump("prove", "several", tmp_path / "whole")
    assert proven.status == DONE, proven
    proof = proven.json()
    assert len(proof["items"]) == 8
    for item in proof["items"]:
        path = [bytes.fromhex(sibling) for sibling in item["path"]]
        assert root_of_path(bytes.fromhex(item["item"]), item["leaf"], proof["leaves"], path) == read.root
    (tmp_path / "proof").write_text(proven.output)
    mid = key.pub().key_to_hash().hex()
    checked = await dump("check-proof", tmp_path / "proof", "--root", read.root.hex(), "--signed-by", mid)
    assert checked.status == DONE and checked.output.startswith("Holds: 8 items"), checked
    assert 'version 4 "version 4"' in checked.output
    report = (await dump("check-proof", tmp_path / "proof", "--json")).json()
    assert report["holds"] and report["signed_by"] == mid and len(report["items"]) == 8
    for options in (["--root", "0" * 64], ["--signed-by", "0" * 40]):
        assert (await dump("check-proof", tmp_path / "proof", *options)).status == FOUND
    for change in ("item", "leaf", "path", "root"):
        altered = json.loads(proven.output)
        if change == "root":
            altered["root"] = "0" * 64
        else:
            first = altered["items"][0]
            first[change] = {"item": first["item"][:-2] + "00", "leaf": first["leaf"] + 1,
                             "path": first["path"][1:]}[change]
        (tmp_path / "altered").write_text(json.dumps(altered))
        refused = await dump("check-proof", tmp_path / "altered")
        assert refused.status == FOUND and "Does not hold" in refused.output, (change, refused)
    assert "nothing under" in sentence(await dump("prove", "nothing here", tmp_path / "whole"), FOUND)


async def test_diff_tells_what_was_added_removed_and_changed(sample, dump, tmp_path):
    lines = (await export(dump, sample, tmp_path / "lines", "--format", "jsonl")).decode().splitlines()
    rows = [json.loads(line) for line in lines]
    values = [row for row in rows if row["kind"] == "value" and row.get("version")]
    shutil.copytree(sample, tmp_path / "other")
    fewer = [line for line, row in zip(lines, rows) if row not in values[:2] and row["kind"] not in ("header", "end")]
    (tmp_path / "fewer").write_text("\n".join(fewer) + "\n")
    await take(dump, tmp_path / "fewer", tmp_path / "less", "--unsealed")
    assert (await dump("diff", sample, tmp_path / "other")).output == "The same: 42 items\n"
    removed = await dump("diff", sample, tmp_path / "less")
    assert removed.status == FOUND and removed.output.splitlines()[-1] == (
        "0 added, 2 removed, 0 changed, of 42 items"), removed
    first = values[0]
    data = bytes.fromhex(first["data"]).decode()
    assert removed.output.splitlines()[0] == (
        f"- value {first['key']} {first['id']} version {first['version']} \"{data}\"")
    added = await dump("diff", tmp_path / "less", sample, "--json")
    told = [json.loads(line) for line in added.output.splitlines()]
    assert added.status == FOUND and told[-1]["added"] == 2 and told[0]["change"] == "added"
    assert told[0]["version_after"] == first["version"] and told[0]["version_before"] is None


async def test_diff_can_look_at_content_alone(sample, dump, tmp_path):
    lines = (await export(dump, sample, tmp_path / "lines", "--format", "jsonl")).decode().splitlines()
    later = [re.sub(r'"expires_at":"20\d\d', '"expires_at":"2099', line) for line in lines[1:-1]]
    (tmp_path / "later").write_text("\n".join(later) + "\n")
    await take(dump, tmp_path / "later", tmp_path / "other", "--unsealed")
    changed = await dump("diff", sample, tmp_path / "other")
    assert changed.status == FOUND and changed.output.splitlines()[0].startswith("~ "), changed
    assert changed.output.splitlines()[0].endswith(": expires_at")
    assert (await dump("diff", "--content", sample, tmp_path / "other")).status == DONE


async def test_csv_is_what_it_seems(sample, dump, tmp_path):
    await export(dump, sample, tmp_path / "table", "--format", "csv")
    with open(tmp_path / "table", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["kind"] == "header" and rows[-1]["kind"] == "end" and int(rows[-1]["leaves"]) == 44
    texts = {bytes.fromhex(row["data"]) for row in rows if row["kind"] == "value"}
    assert b'unsigned, with "quotes", and a comma' in texts and b"" in texts


async def test_an_empty_archive_goes_there_and_back(nodes, dump, tmp_path):
    node = await nodes.start()
    await node.stop()
    await export(dump, node.data, tmp_path / "empty")
    assert (await take(dump, tmp_path / "empty", tmp_path / "copy"))["items"] == 0
    assert await export(dump, tmp_path / "copy", tmp_path / "again") == (tmp_path / "empty").read_bytes()
    assert (await dump("diff", node.data, tmp_path / "copy")).output == "The same: 0 items\n"


async def test_help_is_complete(dump):
    for command in ("export", "import", "prove", "check-proof", "diff", "compact", "verify"):
        completed = await dump(command, "--help")
        assert completed.status == DONE and "For example:" in completed.output
