"""What a newer program wrote is left alone and told plainly; what an editor adds to lines of text does no harm."""

import json
import re
import shutil

import pytest
from ipv8.keyvault.crypto import default_eccrypto

from harness.command import run_command
from harness.folder import fingerprint

DONE, FOUND, CANNOT_READ = 0, 1, 2


@pytest.fixture
def folder(sample):
    """A data folder of a node, which a newer program has written."""
    key = sample / "identity.key"
    key.write_bytes(default_eccrypto.generate_key("curve25519").key_to_bin())
    key.chmod(0o600)
    sample.chmod(0o700)
    (sample / "bristlecone.format").write_text("2\n")
    (sample / "lock").write_text("")
    return sample


async def lines_of(dump, folder, path, form):
    """The lines of an export."""
    assert (await dump("export", folder, "-o", path, "--format", form)).status == DONE
    return path.read_text().splitlines(keepends=True)


async def test_no_command_changes_a_newer_data_folder(folder, dump, binary, sentence, tmp_path):
    assert (await dump("export", folder, "-o", tmp_path / "whole")).status == DONE
    before = fingerprint(folder)
    for command in (["import", tmp_path / "whole", folder], ["compact", folder], ["compact", "--keep", folder],
                    ["verify", "--repair", "--yes", folder]):
        said = sentence(await dump(*command), CANNOT_READ)
        assert "newer program" in said and "format 2" in said and "up to 1" in said and str(folder) in said, said
        assert fingerprint(folder) == before, command
    old = shutil.copytree(folder, tmp_path / "old")
    (old / "bristlecone.format").write_text("1\n")
    for command in (["backup", tmp_path / "copy", "--data", old], ["backup", tmp_path / "none", "--data", folder],
                    ["restore", tmp_path / "copy", "--data", folder], ["run", "--no-bootstrap", "--data", folder],
                    ["key", "rotate", "--data", folder], ["key", "import", folder / "identity.key", "--data", folder]):
        completed = await run_command(str(binary), *map(str, command))
        assert (completed.status == DONE) == (str(old) in map(str, command)), completed
        if completed.status != DONE:
            assert "newer" in completed.errors and completed.errors.count("\n") == 1, completed
        assert fingerprint(folder) == before, command
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "old", "sample", "whole"]


async def test_stat_tells_of_a_newer_data_folder(folder, dump):
    told = await dump("stat", folder)
    assert told.status == DONE and "format 2, written by a newer program" in told.output, told
    report = (await dump("stat", folder, "--json")).json()
    assert report["folder_format"] == 2 and report["folder_is_newer"] is True and report["format"] >= 1
    (folder / "bristlecone.format").write_text("1\n")
    assert (await dump("stat", folder, "--json")).json()["folder_is_newer"] is False
    assert "newer program" not in (await dump("stat", folder)).output


async def test_a_data_folder_whose_format_nobody_can_tell_is_not_changed(folder, dump, sentence):
    (folder / "bristlecone.format").write_text("garbage")
    before = fingerprint(folder)
    for command in (["compact", folder], ["verify", "--repair", "--yes", folder]):
        assert "does not hold a number" in sentence(await dump(*command), CANNOT_READ)
    assert fingerprint(folder) == before


@pytest.mark.parametrize("form", ["jsonl", "csv"])
async def test_lines_of_a_newer_format_are_told(sample, dump, sentence, tmp_path, form):
    lines = await lines_of(dump, sample, tmp_path / "lines", form)
    place = 0 if form == "jsonl" else 1
    newer = re.sub(r'"format":\d+', '"format":7', lines[place]) if form == "jsonl" else ",".join(
        "7" if name == "format" else cell
        for name, cell in zip(lines[0].strip().split(","), lines[1].strip("\n").split(","))) + "\n"
    assert newer != lines[place]
    (tmp_path / "newer").write_text("".join([*lines[:place], newer, *lines[place + 1:]]))
    for command in (["import", tmp_path / "newer", tmp_path / "copy"], ["diff", tmp_path / "newer", sample],
                    ["prove", "several", tmp_path / "newer"], ["import", tmp_path / "newer", tmp_path / "copy", "--unsealed"]):
        said = sentence(await dump(*command), CANNOT_READ)
        assert "dump format 7" in said and "up to" in said and "newer program" in said, said
    assert not (tmp_path / "copy").exists()


async def test_a_proof_of_a_newer_format_is_told(sample, dump, sentence, tmp_path):
    assert (await dump("export", sample, "-o", tmp_path / "whole")).status == DONE
    proof = (await dump("prove", "several", tmp_path / "whole")).json()
    # A newer one may have whatever form.
    for newer in ({**proof, "format": 9}, {"format": 9, "leaves": "many"}):
        (tmp_path / "proof").write_text(json.dumps(newer))
        said = sentence(await dump("check-proof", tmp_path / "proof"), CANNOT_READ)
        assert "proof format 9" in said and "up to" in said and "newer program" in said, said


@pytest.mark.parametrize("form", ["jsonl", "csv"])
@pytest.mark.parametrize("start, between, end", [
    ("\ufeff", "", ""), ("", "\n", ""), ("", "", "\n\r\n"), ("\n", "", ""), ("\ufeff\r\n", "\r\n\n", "\n"),
], ids=["mark", "between", "behind", "before", "everywhere"])
async def test_marks_and_blank_lines_do_no_harm(sample, dump, tmp_path, form, start, between, end):
    lines = await lines_of(dump, sample, tmp_path / "lines", form)
    (tmp_path / "edited").write_text(start + between.join(lines) + end, newline="")
    completed = await dump("import", tmp_path / "edited", tmp_path / "copy", "--json")
    assert completed.status == DONE and completed.json()["taken"] == len(lines) - (3 if form == "csv" else 2), completed
    assert await lines_of(dump, tmp_path / "copy", tmp_path / "again", form) == lines


async def test_text_of_another_encoding_is_told(sample, dump, sentence, tmp_path):
    lines = await lines_of(dump, sample, tmp_path / "lines", "jsonl")
    (tmp_path / "wide").write_bytes("".join(lines).encode("utf-16"))
    said = sentence(await dump("import", tmp_path / "wide", tmp_path / "copy"), CANNOT_READ)
    assert "UTF-16" in said and "save it as UTF-8" in said, said


async def test_a_proof_may_begin_with_a_mark(sample, dump, tmp_path):
    assert (await dump("export", sample, "-o", tmp_path / "whole")).status == DONE
    proof = (await dump("prove", "several", tmp_path / "whole")).output
    (tmp_path / "proof").write_text("\ufeff" + proof)
    assert (await dump("check-proof", tmp_path / "proof")).status == DONE


async def test_blank_lines_count_where_a_fault_is_named(sample, dump, sentence, tmp_path):
    lines = await lines_of(dump, sample, tmp_path / "lines", "jsonl")
    (tmp_path / "bad").write_text("".join([lines[0], "\n", "\n", lines[1], "nonsense\n", *lines[2:]]))
    assert "line 5" in sentence(await dump("import", tmp_path / "bad", tmp_path / "copy"), CANNOT_READ)
