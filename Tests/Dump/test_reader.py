"""The independent reader in tools/reader reads what this program writes, and the documents that it was written from are right."""

import hashlib
import json
import re
import struct
import subprocess
import sys

import pytest

from pages import is_sound
from released import name_of, released
from transcript import run

DUMPS, PROOFS = released("*.dump"), released("*.proof")


@pytest.fixture(scope="session")
def reader(repository):
    """Runs the reader."""
    def read(*arguments):
        done = subprocess.run(
            [sys.executable, "-B", repository / "tools/reader/dump_reader.py", *map(str, arguments)],
            capture_output=True, text=True, timeout=120, check=False)
        return done.returncode, done.stdout, done.stderr
    return read


@pytest.fixture(scope="session")
def modules(repository):
    """The reader's two files as modules."""
    sys.path.insert(0, str(repository / "tools/reader"))
    import dump_reader
    import signatures
    return dump_reader, signatures


def hexadecimal(text, label):
    """The indented digits that follow a sentence of a document."""
    block = re.search(re.escape(label) + r"\n\n((?:    .+\n)+)", text)
    assert block, label
    return re.sub(r"\s", "", block[1])


@pytest.mark.parametrize("path", DUMPS, ids=name_of)
def test_every_released_dump_is_read(reader, tool, path, tmp_path):
    status, _, errors = reader("check", path, "--signatures")
    assert status == 0, errors
    # What this program makes of the dump is what the reader reads.
    copy = tmp_path / "copy"
    assert run(tool, ["import", str(path), str(copy)], tmp_path)[0] in (0, 1)
    _, listed, _ = reader("list", path)
    items = [json.loads(line) for line in listed.splitlines()]
    assert items[0]["kind"] == "header" and items[-1]["leaves"] == len(items) - (1 if items[0]["format"] == 1 else 0)


@pytest.mark.parametrize("path", released("whole.jsonl"), ids=name_of)
def test_the_reader_lists_what_export_wrote(reader, path):
    assert reader("list", path.with_suffix(".dump"))[1] == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PROOFS, ids=name_of)
def test_every_released_proof_holds(reader, tool, path, tmp_path):
    status, output, errors = reader("proof", path)
    assert status == 0, errors
    said = run(tool, ["check-proof", str(path), "--json"], tmp_path)
    assert said[0] == 0 and json.loads(said[1])["whole"] == json.loads(output).get("whole")
    proof = json.loads(path.read_text(encoding="utf-8"))
    assert reader("proof", path, "--root", "0" * 64)[0] == 1
    proof["items"][0]["item"] = proof["items"][0]["item"][:-2] + "00"
    (tmp_path / "altered").write_text(json.dumps(proof), encoding="utf-8")
    assert reader("proof", tmp_path / "altered")[0] == 1


@pytest.mark.parametrize("path", released("whole.dump"), ids=name_of)
def test_proofs_from_every_released_dump(reader, tool, path, tmp_path):
    (tmp_path / "proof").write_text(run(tool, ["prove", "several", str(path)], tmp_path)[1], encoding="utf-8")
    said = run(tool, ["check-proof", "proof", "--json"], tmp_path)
    whole = None if path.parent.name == "dump-1" else True
    assert said[0] == 0 and json.loads(said[1])["whole"] is whole
    status, output, errors = reader("proof", tmp_path / "proof")
    assert status == 0 and json.loads(output)["holds"] is True, errors


@pytest.mark.parametrize("kind", ["empty", "small", "large", "damaged"])
def test_fresh_exports_are_read(reader, tool, archives, tmp_path, kind):
    for form in ("dump", "jsonl"):
        status = run(tool, ["export", kind, "--format", form, "--output", str(tmp_path / form)], archives)[0]
        assert status == (1 if kind == "damaged" else 0)
    status, listed, errors = reader("list", tmp_path / "dump")
    assert status == 0, errors
    assert listed == (tmp_path / "jsonl").read_text(encoding="utf-8")
    assert json.loads(listed.splitlines()[-1])["left_out"] == (1 if kind == "damaged" else 0)


def test_damage_is_found(reader, tmp_path):
    whole = next(path for path in DUMPS if path.name == "signed.dump").read_bytes()
    for place in [*range(0, len(whole), 251), len(whole) - 1]:
        (tmp_path / "harmed").write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1:])
        assert reader("check", tmp_path / "harmed")[0] == 1, f"flipped at {place}"
    for length in (0, 15, 16, 100, len(whole) - 1):
        (tmp_path / "harmed").write_bytes(whole[:length])
        assert reader("list", tmp_path / "harmed")[:2] == (1, ""), f"cut at {length}"


@pytest.mark.parametrize("arguments, whole", [
    ([], True), (["--prefix", "a0f7"], False), (["--since", "2020-01-01"], False)])
def test_proofs_show_whether_their_dump_is_whole(reader, tool, archives, tmp_path, arguments, whole):
    path = tmp_path / "dump"
    assert run(tool, ["export", "small", "--output", str(path), *arguments], archives)[0] == 0
    status, proof, errors = run(tool, ["prove", "greeting", str(path)], tmp_path)
    assert status == 0, errors
    (tmp_path / "proof").write_text(proof, encoding="utf-8")
    assert json.loads(reader("proof", tmp_path / "proof")[1])["whole"] is whole
    said = run(tool, ["check-proof", "proof", "--json"], tmp_path)
    assert said[0] == 0 and json.loads(said[1])["whole"] is whole
    # Another header, or one that is left out, does not pass for the right one.
    for change in ("header", "closing"):
        altered = json.loads(proof)
        altered[change] = dict(altered["items"][0])
        (tmp_path / "altered").write_text(json.dumps(altered), encoding="utf-8")
        assert run(tool, ["check-proof", "altered"], tmp_path)[0] == 1 and reader("proof", tmp_path / "altered")[0] == 1
    altered = json.loads(proof)
    altered["header"] = altered["closing"] = None
    (tmp_path / "altered").write_text(json.dumps(altered), encoding="utf-8")
    assert run(tool, ["check-proof", "altered"], tmp_path)[0] == 2 and reader("proof", tmp_path / "altered")[0] == 1


def test_damaged_records_are_counted_in_the_dump(tool, archives, tmp_path):
    assert run(tool, ["export", "damaged", "--output", str(tmp_path / "dump")], archives)[0] == 1
    proof = run(tool, ["prove", "text", "dump"], tmp_path)[1]
    (tmp_path / "proof").write_text(proof, encoding="utf-8")
    said = json.loads(run(tool, ["check-proof", "proof", "--json"], tmp_path)[1])
    assert (said["holds"], said["whole"], said["left_out"]) == (True, False, 1)


def test_the_vectors_of_the_documents(reader, tool, repository, tmp_path):
    text = (repository / "docs/dump-format.md").read_text(encoding="utf-8")
    dump, root = tmp_path / "dump", hexadecimal(text, "Its root:")
    dump.write_bytes(bytes.fromhex(hexadecimal(text, "with the five bytes `value`.")))
    assert reader("check", dump, "--signatures") == (0, f"whole: 4 leaves, root {root}\n", "")
    proof = tmp_path / "proof"
    proof.write_text(hexadecimal(text, "A proof of both items under the key:") + "\n", encoding="utf-8")
    assert reader("proof", proof, "--root", root) == (0, '{"holds":true,"whole":true,"items":2}\n', "")
    assert run(tool, ["prove", "0000000000000001000000000000000200000003", str(dump)], tmp_path)[1] == proof.read_text()


def test_the_vector_of_an_increment(reader, repository, tmp_path):
    text = (repository / "docs/dump-format.md").read_text(encoding="utf-8")
    dump, root = tmp_path / "dump", hexadecimal(text, "The increment's root:")
    dump.write_bytes(bytes.fromhex(hexadecimal(text, "the pin is gone, and the value is there.")))
    assert reader("check", dump, "--signatures") == (0, f"whole: 5 leaves, root {root}\n", "")
    rows = [json.loads(line) for line in reader("list", dump)[1].splitlines()]
    assert (rows[0]["from"], rows[0]["change"]) == (2, 5)
    assert rows[1]["hash"] == hashlib.sha256(
        b"\4" + bytes.fromhex(rows[2]["key"]) + b"\3" + hashlib.sha1(b"\0other").digest()).hexdigest()
    assert rows[2]["op"] == "gone" and rows[3]["key"] == rows[2]["key"] and "op" not in rows[3]


def test_the_vector_of_a_record(modules, repository):
    text = (repository / "docs/archive-format.md").read_text(encoding="utf-8")
    key = bytes.fromhex(hexadecimal(text, "127.1.0.1:8090. Its key in `entries`:"))
    record = bytes.fromhex(hexadecimal(text, "The record, of which the last eight bytes are the checksum:"))
    body = record[1:-8]
    assert is_sound("entries", key, record)
    leaf = b"\4" + struct.pack(">H", len(key) + len(body)) + key + body
    row = json.loads(modules[0].item_row(modules[0].read_item(leaf, 0)))
    assert bytes.fromhex(row["data"]) == b"value" and row["sender_address"] == "127.1.0.1:8090"
    assert row["id"] == hashlib.sha1(b"\0value").hexdigest()


def test_signatures_of_every_level(modules, repository):
    text = (repository / "Tests/IPv8Tests/Fixtures/ipv8-wire.json").read_text(encoding="utf-8")
    samples = json.loads(text)
    for key in [*samples["keys"], *samples["legacy_keys"]]:
        public, signature = bytes.fromhex(key["public"]), bytes.fromhex(key["signature_of_'hello'"])
        assert modules[1].is_valid(public, signature, b"hello")
        assert not modules[1].is_valid(public, signature, b"hellO")


def test_the_curves_of_the_reader_are_those_of_the_document(modules, repository):
    text = re.sub(r"\n {10,}(?=[0-9a-f])", "", (repository / "docs/keys.md").read_text(encoding="utf-8"))
    curves = re.findall(r"    sect\d+k1\n +polynomial +(.+)\n +a +(\d)\n +n +(\w+)\n +x +(\w+)\n +y +(\w+)\n", text)
    assert len(curves) == 4
    for (polynomial, a, *numbers), curve in zip(curves, modules[1].CURVES):
        exponents = tuple(int(term[2:]) if "^" in term else "1x".index(term) for term in polynomial.split(" + "))
        assert (exponents, int(a), *(int(digits, 16) for digits in numbers)) == curve[2:]
        assert f"1.3.132.0.{curve[0]}" in text


@pytest.mark.parametrize("path", [*released("*.jsonl"), *released("*.csv")], ids=name_of)
def test_lines_of_every_format_are_read(tool, path, tmp_path):
    whole = path.with_name("whole.dump")
    said = run(tool, ["import", str(path), "copy", "--json"], tmp_path)
    assert said[0] == 0, said
    gaps = run(tool, ["import", str(path.with_name("left-out.dump")), "other"], tmp_path)[2]
    assert ("lacks 1 record" in gaps) == (path.parent.name != "dump-1")
    if path.stem == "whole":
        for other in released("whole.dump"):
            assert run(tool, ["diff", str(whole), str(other)], tmp_path)[1] == "The same: 42 items\n"
        assert run(tool, ["diff", str(whole), "copy"], tmp_path)[1] == "The same: 42 items\n"
    assert json.loads(said[1])["items"] == (42 if path.stem == "whole" else 1)


def test_the_columns_are_those_of_the_document(repository):
    text = (repository / "docs/dump-format.md").read_text(encoding="utf-8")
    table = text[text.index("The columns, in the order of CSV:"):]
    table = table[:table.index("\n\n", table.index("| --- |"))]
    named = [name for line in table.splitlines()[4:] for name in re.findall(r"`(\w+)`", line.split("|")[1])]
    newest = released("whole.csv")[-1].read_bytes()
    assert newest.split(b"\n", 1)[0].decode("ascii").split(",") == named
    assert b"\r" not in newest and b'"' not in newest and newest.endswith(b"\n")
    # Format 2 lacks the last eight, and format 1 two more.
    oldest, older = (path.read_bytes() for path in released("whole.csv")[:2])
    assert older.split(b"\n", 1)[0].decode("ascii").split(",") == named[:-8]
    assert oldest.split(b"\n", 1)[0].decode("ascii").split(",") == named[:-10]
