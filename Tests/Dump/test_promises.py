"""What the dump tool promises whatever it is asked: to touch nothing, to be a good end of a pipe, and to stay small."""

import hashlib
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import tempfile

import pytest

from test_transcripts import EVERY
from transcript import environment, run

SOUND, FOUND, CANNOT_READ = 0, 1, 2


def look(folder):
    """What a program could change about a folder's files: size, time, mode, place and content."""
    seen = {}
    for path in sorted(folder.rglob("*")) + [folder]:
        status = path.stat()
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
        seen[str(path.relative_to(folder))] = (
            status.st_size, status.st_mtime_ns, status.st_mode, status.st_ino, digest)
    return seen


@pytest.fixture
def stopped(make_archive, tmp_path):
    """The folder of a node that has been stopped: it has a lock file that nobody holds."""
    folder = shutil.copytree(make_archive("small"), tmp_path / "stopped")
    (folder / "lock").touch()
    return folder


@pytest.fixture
def killed(stopped, tmp_path):
    """The folder of a node that was killed: its index has changes that are in the write-ahead log alone."""
    folder = tmp_path / "killed"
    with sqlite3.connect(stopped / "index.sqlite") as index:
        index.execute("UPDATE contacts SET address = '192.0.2.99:99' WHERE address LIKE '%4:8004'")
        index.commit()
        shutil.copytree(stopped, folder)
    index.close()
    assert (folder / "index.sqlite-wal").stat().st_size > 0
    return folder


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_nothing_is_touched(tool, request, how):
    folder = request.getfixturevalue(how)
    before = look(folder)
    for arguments in EVERY:
        status, _, errors = run(tool, [*arguments, str(folder)], folder.parent)
        assert status == SOUND, errors
        assert look(folder) == before, arguments
    _, output, _ = run(tool, ["contacts", str(folder)], folder.parent)
    assert ("192.0.2.99:99" in output) == (how == "killed")


def test_a_folder_that_may_only_be_read(tool, stopped):
    """Another user, who may read it and not write, gets the same answers; where he may not read, a sentence."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    with tempfile.TemporaryDirectory() as parent:
        os.chmod(parent, 0o755)
        folder = shutil.copytree(stopped, pathlib.Path(parent) / "data")
        program = shutil.copy(tool, parent)
        subprocess.run(["chmod", "-R", "a+rX", parent], check=True)
        before = look(folder)
        for arguments in EVERY:
            status, output, errors = run(program, [*arguments, "data"], parent, user="nobody")
            assert status == SOUND and (output or errors), errors
        assert look(folder) == before
        os.chmod(folder / "archive.mdb", 0o600)
        for arguments in EVERY:
            status, output, errors = run(program, [*arguments, "data"], parent, user="nobody")
            assert (status, output) == (CANNOT_READ, "") and "cannot be" in errors and "Permission denied" in errors
            assert errors.count("\n") == 1, errors


@pytest.mark.parametrize("name", [
    "archive.mdb", "archive.mdb-lock", "index.sqlite", "index.sqlite-wal", "index.sqlite-shm", "lock",
    "bristlecone.format", "bristlecone.yaml", "identity.key"])
def test_a_pipe_in_place_of_a_file_keeps_nobody_waiting(tool, stopped, name):
    path = stopped / name
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    for arguments in EVERY:
        status, output, errors = run(tool, [*arguments, str(stopped)], stopped.parent)
        assert status in (SOUND, CANNOT_READ) and (output or errors), (arguments, errors)


@pytest.mark.parametrize("arguments", [["list"], ["list", "--json"], ["list", "--sort", "size"]])
def test_a_reader_that_stops_is_no_error(tool, archives, arguments):
    process = subprocess.Popen(
        [tool, *arguments, "large"], cwd=archives, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(30) in (0, -signal.SIGPIPE)


def test_a_full_disk_is_told(tool, archives):
    for arguments in (["list"], ["list", "--json"], ["stat"], ["get", "1", "--raw"]):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [tool, *arguments, "large"], cwd=archives, env=environment(), stdout=full, stderr=subprocess.PIPE,
                timeout=90, check=False)
        assert done.returncode == CANNOT_READ, done
        assert b"No space left on device" in done.stderr and done.stderr.count(b"\n") == 1, done


@pytest.mark.parametrize("arguments", [["list"], ["list", "--json"], ["list", "--sort", "size", "--reverse"]])
def test_memory_does_not_grow_with_the_list(tool, archives, arguments):
    """Whoever reads slowly keeps the tool waiting, so that its memory can be looked at on the way."""
    process = subprocess.Popen(
        [tool, *arguments, "large"], cwd=archives, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    sizes, lines = [], 0
    for line in process.stdout:
        lines += 1
        if lines % 5000 == 500:
            sizes.append(anonymous_bytes(process.pid))
    assert process.wait(30) == SOUND
    assert lines >= 20_000 and len(sizes) >= 4
    assert sizes[3] - sizes[1] < 2 << 20, sizes


def anonymous_bytes(parent):
    """The memory of the process that reads, which is the child of the one that was started, without mapped files."""
    with open(f"/proc/{parent}/task/{parent}/children", encoding="ascii") as children:
        child = children.read().split()[0]
    with open(f"/proc/{child}/status", encoding="ascii") as status:
        fields = dict(line.split(":", 1) for line in status if ":" in line)
    return int(fields["RssAnon"].split()[0]) << 10


def test_lists_say_the_same_however_they_are_asked_for(tool, archives):
    _, output, _ = run(tool, ["list", "large"], archives)
    rows = output.splitlines()[1:]
    assert len(rows) == 20_000 and rows == sorted(rows)
    status, output, errors = run(tool, ["list", "--json", "large"], archives)
    values = [json.loads(line) for line in output.splitlines()]
    assert (status, errors) == (SOUND, "") and [value["key"] for value in values] == [row.split()[0] for row in rows]
    _, output, _ = run(tool, ["list", "--sort", "key", "--reverse", "large"], archives)
    assert output.splitlines()[1:] == rows[::-1]
    _, output, _ = run(tool, ["list", "--prefix", "00", "--limit", "7", "large"], archives)
    assert output.splitlines()[1:] == [row for row in rows if row.startswith("00")][:7]


def test_raw_data_is_what_was_stored_byte_for_byte(tool, archives):
    done = subprocess.run([tool, "get", "binary", "--raw", "small"], cwd=archives, capture_output=True, check=True)
    assert done.stdout == bytes([0, 255, 27, 91, 51, 49, 109, 10])
    status, output, errors = run(tool, ["get", "nothing", "--raw", "small"], archives)
    assert (status, output) == (FOUND, "") and "nothing under" in errors


def test_a_value_cannot_command_the_terminal(tool, archives):
    for arguments in (["list"], ["get", "binary"], ["why", "binary"], ["get", "binary", "--json"]):
        _, output, _ = run(tool, [*arguments, "small"], archives)
        assert all(character.isprintable() or character == "\n" for character in output)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_it(tool, shell, tmp_path):
    status, output, errors = run(tool, ["--generate-completion-script", shell], tmp_path)
    assert (status, errors) == (SOUND, "")
    for word in ("list", "publishers", "sort", "first-seen"):
        assert word in output
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=output.encode(), check=True)
