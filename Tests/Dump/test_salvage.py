"""`salvage` as an operator uses it: on a dump that was damaged, cut, or only feared to be."""

import json
import struct

import pytest

from released import name_of, released
from transcript import run


@pytest.fixture
def whole(tool, archives, tmp_path):
    """The bytes of a dump of several blocks, and where each block begins."""
    path = tmp_path / "whole"
    assert run(tool, ["export", "large", "--output", str(path)], archives)[0] == 0
    content, starts = path.read_bytes(), [16]
    while starts[-1] < len(content):
        starts.append(starts[-1] + 41 + struct.unpack_from(">I", content, starts[-1] + 5)[0])
    assert starts[-1] == len(content) and len(starts) > 20
    return content, starts


def salvage(tool, folder, content):
    """Salvages some bytes; the status and the report."""
    (folder / "harmed").write_bytes(content)
    status, output, errors = run(tool, ["salvage", "harmed", "--output", "saved", "--json"], folder)
    assert status in (0, 1), errors
    return status, json.loads(output)


def test_damaged_blocks_cost_only_themselves(tool, whole, tmp_path):
    content, starts = whole
    harmed = bytearray(content)
    for number in (3, 7, 8):
        harmed[starts[number] + 5000] ^= 1
    # A piece in the middle is missing, and some bytes are too many.
    harmed[starts[15]:starts[15]] = b"\2" * 77
    del harmed[starts[12] + 100:starts[12] + 300]
    status, report = salvage(tool, tmp_path, harmed)
    losses = [(loss["first_block"], loss["last_block"]) for loss in report["losses"]]
    assert status == 1 and losses == [(3, 3), (7, 8), (12, 12), (None, None)], report
    lost = sum(struct.unpack_from(">I", content, starts[number] + 1)[0] for number in (3, 7, 8, 12))
    assert report["lost"] == lost and report["salvaged"] == 20_000 - lost
    assert report["losses"][0]["from_byte"] == starts[3] and report["losses"][0]["to_byte"] == starts[4]
    assert run(tool, ["import", "saved", "copy"], tmp_path)[0] == 0
    difference = run(tool, ["diff", "whole", "copy"], tmp_path)
    assert difference[1].splitlines()[-1] == f"0 added, {lost} removed, 0 changed, of 20000 items"


def test_a_salvaged_dump_does_not_pass_for_a_whole_one(tool, whole, tmp_path):
    content, starts = whole
    status, report = salvage(tool, tmp_path, content[:starts[4]] + content[starts[5]:])
    assert status == 1 and report["losses"][0]["first_block"] == 4
    imported = run(tool, ["import", "saved", "copy"], tmp_path)
    assert "salvaged from a damaged dump" in imported[2]
    key = json.loads(run(tool, ["list", "--limit", "1", "--json", "copy"], tmp_path)[1])["key"]
    (tmp_path / "proof").write_text(run(tool, ["prove", key, "saved"], tmp_path)[1], encoding="utf-8")
    said = json.loads(run(tool, ["check-proof", "proof", "--json"], tmp_path)[1])
    assert (said["holds"], said["salvaged"], said["whole"], said["left_out"]) == (True, True, False, report["lost"])


def test_a_lost_end_and_a_lost_header_are_told(tool, whole, tmp_path):
    content, starts = whole
    status, report = salvage(tool, tmp_path, content[:starts[-2]])
    assert (status, report["salvaged"], report["lost"], report["end_lost"]) == (1, 20_000, None, True)
    harmed = bytearray(content)
    harmed[20] ^= 1
    status, report = salvage(tool, tmp_path, harmed)
    assert (status, report["salvaged"], report["lost"], report["header_lost"]) == (1, 20_000, 0, True)


def test_a_whole_dump_needs_no_salvage(tool, whole, tmp_path):
    status, report = salvage(tool, tmp_path, whole[0])
    assert (status, report["output"], report["lost"], report["losses"]) == (0, None, 0, [])
    assert not (tmp_path / "saved").exists()


@pytest.mark.parametrize("path", released("whole.dump"), ids=name_of)
def test_dumps_of_every_format_can_be_salvaged(tool, path, tmp_path):
    content = path.read_bytes()
    assert salvage(tool, tmp_path, content)[0] == 0
    status, report = salvage(tool, tmp_path, content[:-20])
    assert status == 1 and report["end_lost"] and report["salvaged"] == 42


def test_what_is_no_damaged_dump_is_refused(tool, tmp_path):
    lines = released("whole.jsonl")[-1]
    status, _, errors = run(tool, ["salvage", str(lines), "--output", "saved"], tmp_path)
    assert status == 2 and "--unsealed" in errors
    (tmp_path / "only").write_bytes(released("whole.dump")[-1].read_bytes()[:-1])
    (tmp_path / "link").symlink_to("only")
    for output in ("only", "./only", "link"):
        status, _, errors = run(tool, ["salvage", "only", "--output", output], tmp_path)
        assert status == 2 and "is the damaged dump itself" in errors, output
    (tmp_path / "text").write_text("no dump at all\n" * 500, encoding="utf-8")
    status, _, errors = run(tool, ["salvage", "text", "--output", "saved"], tmp_path)
    assert status == 2 and "is no dump" in errors and not list(tmp_path.glob("saved*"))
