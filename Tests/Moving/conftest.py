"""What the tests of moving and mending archives ask for by name."""

import os
import shutil
import subprocess

import pytest

from harness.command import run_command


@pytest.fixture
def dump(binary):
    """Runs the tool."""
    async def run(*arguments, **options):
        return await run_command(str(binary.parent / "bristlecone-dump"), *map(str, arguments), **options)
    return run


@pytest.fixture(scope="session")
def make_archive(binary):
    """Makes an archive that has something of everything, and so many plain values beside."""
    program = binary.parent / "ArchiveWriter"
    if not os.access(program, os.X_OK):
        pytest.fail(f"there is no program at {program}: build it with `swift build --product ArchiveWriter`")

    def make(folder, count):
        subprocess.run([program, "sample", folder, str(count)], check=True, timeout=200)
        return folder
    return make


@pytest.fixture(scope="session")
def prepared(make_archive, tmp_path_factory):
    """A small archive that no test changes."""
    return make_archive(tmp_path_factory.mktemp("prepared") / "data", 12)


@pytest.fixture
def sample(prepared, tmp_path):
    """A small archive with something of everything, the same in each test."""
    return shutil.copytree(prepared, tmp_path / "sample")


def sentence_of(completed, status):
    """The one sentence that a command that failed has said."""
    assert completed.status == status, completed
    lines = completed.errors.splitlines()
    assert len(lines) == 1 and lines[0].startswith("bristlecone-dump: ") and lines[0].endswith("."), completed
    return lines[0]


@pytest.fixture
def sentence():
    """Reads the one sentence that a command that failed has said."""
    return sentence_of
