"""What the tests of the dump tool ask for by name."""

import fcntl
import os
import shutil
import struct
import subprocess
import time

import pytest

PAGE = 4096


@pytest.fixture(scope="session")
def tool(repository, binary):
    """The program under test, beside `bristlecone`."""
    path = binary.parent / "bristlecone-dump"
    if not os.access(path, os.X_OK):
        pytest.fail(f"there is no program at {path}: build it with `swift build`")
    return str(path)


@pytest.fixture(scope="session")
def make_archive(repository, tmp_path_factory):
    """Makes an archive of a kind: `empty`, `small` or a number of values."""
    program = repository / ".build/debug/SampleArchive"
    if not os.access(program, os.X_OK):
        pytest.fail(f"there is no program at {program}: build it with `swift build --product SampleArchive`")

    def make(kind):
        folder = tmp_path_factory.mktemp("archives") / str(kind)
        subprocess.run([program, folder, str(int(time.time())), str(kind)], check=True, timeout=300)
        return folder
    return make


@pytest.fixture(scope="session")
def archives(make_archive, tmp_path_factory):
    """A folder with one archive of every state that a user meets."""
    root = tmp_path_factory.mktemp("states")
    small = make_archive("small")
    shutil.copytree(make_archive("empty"), root / "empty")
    shutil.copytree(small, root / "small")
    shutil.copytree(make_archive(20_000), root / "large")
    damage(shutil.copytree(small, root / "damaged"))
    renumber(shutil.copytree(small, root / "newer"))
    without_index(shutil.copytree(small, root / "unindexed"))
    (root / "nothing").mkdir()
    locked = shutil.copytree(small, root / "locked")
    with open(locked / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield root


def damage(folder):
    """Flips a bit of every record that holds a certain value."""
    path = folder / "archive.mdb"
    path.write_bytes(path.read_bytes().replace(b"hello once more", b"hellO once more"))


def renumber(folder):
    """Makes the archive one of a later format, which the first bytes of its identity tell."""
    path = folder / "archive.mdb"
    content = path.read_bytes()
    key = b"archive"
    place = content.index(key + struct.pack(">BH", 1, 3)) + len(key)
    identity = content[place:place + 19]
    path.write_bytes(content.replace(identity, struct.pack(">BH", 9, 9) + identity[3:]))


def without_index(folder):
    """Takes the index away."""
    for path in folder.glob("index.sqlite*"):
        path.unlink()
