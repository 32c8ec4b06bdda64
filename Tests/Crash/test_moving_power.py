"""Power that fails while an archive is compacted or imported into: nothing is lost, and the import goes on."""

import os
import random
import shutil
import subprocess

import pytest

from faults import power


@pytest.fixture
def tool(binary):
    """Runs the dump tool, if asked to on a disk that is followed."""
    program = str(binary.parent / "bristlecone-dump")

    def run(*arguments, environment=None):
        return subprocess.run(
            [program, *map(str, arguments)], env={**os.environ, **(environment or {})}, capture_output=True, timeout=200)
    return run


def follow(tool, library, folder, log, *arguments):
    """Runs a command on a folder; the disk as it was before, and the records of what happened to it."""
    before = power.Disk(str(folder))
    completed = tool(*arguments, environment={
        "LD_PRELOAD": library, "FAULTS_FOLDER": str(folder), "FAULTS_LOG": str(log)})
    assert completed.returncode == 0, completed
    return before, list(power.records(log))


def cuts(disk, records, moments, dice, tmp_path):
    """The folders that power cuts at these moments leave behind."""
    for moment, record in enumerate(records):
        disk.play(record, dice)
        if moment not in moments:
            continue
        folder = tmp_path / "after"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        disk.cut(str(folder), dice)
        yield moment, folder


def export(tool, folder, path):
    """What the archive in a folder holds."""
    completed = tool("export", folder, "--output", path)
    assert completed.returncode == 0, completed
    return path.read_bytes()


def test_an_archive_that_is_being_compacted_survives_every_cut(writer, library, tool, tmp_path):
    folder = tmp_path / "data"
    subprocess.run([writer, "sample", folder, "100"], check=True)
    whole = export(tool, folder, tmp_path / "whole")
    disk, records = follow(tool, library, folder, tmp_path / "log", "compact", folder)
    kinds = [record[0] for record in records]
    assert "L" in kinds and "R" in kinds
    # Every moment around the exchange, and some of the copying.
    exchange = kinds.index("L")
    moments = {*range(max(0, exchange - 12), len(records)), *range(0, exchange, max(1, exchange // 12))}
    states = set()
    for moment, after in cuts(disk, records, moments, random.Random(1), tmp_path):
        states.add(tuple(sorted(name for name in os.listdir(after) if name.startswith("archive.mdb"))))
        assert export(tool, after, tmp_path / "again") == whole, f"power cut at record {moment} of {len(records)}"
        assert tool("compact", after).returncode == 0, moment
        assert export(tool, after, tmp_path / "again") == whole
        assert not [name for name in os.listdir(after) if name.startswith("archive.mdb.")], moment
    assert len(states) >= 3, states


@pytest.mark.parametrize("cut_count", [3, pytest.param(24, marks=[pytest.mark.full, pytest.mark.timeout(900)])])
def test_an_import_goes_on_after_every_cut(writer, library, tool, tmp_path, cut_count):
    subprocess.run([writer, "sample", tmp_path / "data", "4500"], check=True)
    whole = export(tool, tmp_path / "data", tmp_path / "whole")
    folder = tmp_path / "copy"
    folder.mkdir()
    disk, records = follow(tool, library, folder, tmp_path / "log", "import", tmp_path / "whole", folder)
    dice = random.Random(2)
    # Before the first commit there is nothing to go on from.
    moments = {len(records) * (number + 1) // (cut_count + 1) for number in range(cut_count)}
    resumed = 0
    for moment, after in cuts(disk, records, moments, dice, tmp_path):
        completed = tool("import", tmp_path / "whole", after, "--json")
        assert completed.returncode == 0, (moment, completed)
        resumed += b'"resumed_at":0' not in completed.stdout
        assert export(tool, after, tmp_path / "again") == whole, f"power cut at record {moment} of {len(records)}"
        assert tool("verify", after).returncode == 0, moment
    assert resumed > 0
