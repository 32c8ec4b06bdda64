"""The archive alone, killed while it is written at full speed: see kill_archive.py."""

import asyncio
import os
import pathlib
import sys

import pytest

SCRIPT = pathlib.Path(__file__).with_name("kill_archive.py")


@pytest.fixture
def writer(repository):
    """The program that is killed."""
    path = pathlib.Path(os.environ.get("ARCHIVE_WRITER") or repository / ".build/debug/ArchiveWriter").absolute()
    if not os.access(path, os.X_OK):
        pytest.fail(f"there is no program at {path}: build it with `swift build`, or name it in $ARCHIVE_WRITER")
    return path


@pytest.mark.parametrize("rounds", [
    pytest.param(5, id="a-few-rounds"),
    pytest.param(60, id="many-rounds", marks=[pytest.mark.full, pytest.mark.timeout(1800)]),
])
async def test_an_archive_killed_at_random_moments_keeps_what_it_acknowledged(writer, rounds):
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), "--rounds", str(rounds), "--program", str(writer),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
