"""The child that reads the archive: what is said when the system ends it, and that another container's processes do not
stand in its way."""

import fcntl
import os
import resource
import shutil
import signal
import subprocess

import pytest

from transcript import environment, run

CANNOT_READ = 2
SECONDS = 90


def child_of(parent):
    """The process that reads, which is the child of the one that was started."""
    with open(f"/proc/{parent}/task/{parent}/children", encoding="ascii") as children:
        return int(children.read().split()[0])


def listing(tool, folder, *before):
    """A list whose reader is slow: the child waits with the archive open."""
    process = subprocess.Popen(
        [*before, tool, "list", "--json", "large"], cwd=folder, env=environment(), bufsize=0, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)
    assert process.stdout.readline()
    return process


def one_sentence(errors):
    """What was said on standard error: one line."""
    text = errors.decode()
    assert text.startswith("bristlecone-dump: ") and text.count("\n") == 1, text
    return text


@pytest.mark.parametrize("number, words", [
    (signal.SIGKILL, "memory"), (signal.SIGTERM, "by somebody"), (signal.SIGXCPU, "ulimit -t"),
    (signal.SIGXFSZ, "ulimit -f"), (signal.SIGHUP, "by somebody")])
def test_a_child_that_the_system_ended_is_no_damage(tool, archives, number, words):
    process = listing(tool, archives)
    os.kill(child_of(process.pid), number)
    _, errors = process.communicate(timeout=SECONDS)
    text = one_sentence(errors)
    assert process.returncode == CANNOT_READ
    assert number.name in text and words in text
    assert "verify" not in text and "backup" not in text


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT])
def test_a_child_that_died_of_what_it_read_is_damage(tool, archives, number):
    process = listing(tool, archives)
    os.kill(child_of(process.pid), number)
    _, errors = process.communicate(timeout=SECONDS)
    text = one_sentence(errors)
    assert process.returncode == CANNOT_READ
    assert number.name in text and "pages are damaged" in text and "backup" in text


def test_a_child_that_made_a_mistake_is_a_mistake(tool, archives):
    process = listing(tool, archives)
    os.kill(child_of(process.pid), signal.SIGILL)
    _, errors = process.communicate(timeout=SECONDS)
    text = one_sentence(errors)
    assert process.returncode == CANNOT_READ and "SIGILL" in text and "bug in" in text and "backup" not in text


def test_a_verification_that_was_killed_finds_nothing(tool, archives):
    """Neither a fault nor that all is well is said of an archive that was not looked at to its end."""
    process = subprocess.Popen(
        [tool, "verify", "--threads", "1", "large"], cwd=archives, env=environment(), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)
    child = None
    while child is None and process.poll() is None:
        try:
            child = child_of(process.pid)
        except (IndexError, FileNotFoundError):
            continue
    os.kill(child, signal.SIGKILL)
    output, errors = process.communicate(timeout=SECONDS)
    assert (process.returncode, output) == (CANNOT_READ, b"")
    assert "SIGKILL" in one_sentence(errors)


@pytest.mark.parametrize("limit, words", [(resource.RLIMIT_FSIZE, "SIGXFSZ"), (resource.RLIMIT_CPU, "SIGXCPU")])
def test_a_limit_is_named(tool, archives, tmp_path, limit, words):
    """As the system itself enforces it."""
    arguments, value = (["list", "large"], 4096) if limit == resource.RLIMIT_FSIZE else (["verify", "large"], 1)
    if limit == resource.RLIMIT_CPU:
        arguments = ["verify", "--threads", "1", "large"]
    with open(tmp_path / "output", "wb") as output:
        done = subprocess.run(
            [tool, *arguments], cwd=archives, env=environment(), stdout=output, stderr=subprocess.PIPE, check=False,
            timeout=SECONDS, preexec_fn=lambda: resource.setrlimit(limit, (value, resource.RLIM_INFINITY)))
    if limit == resource.RLIMIT_CPU and done.returncode == 0:
        pytest.skip("this machine verifies 20,000 values within a second of processor time")
    assert done.returncode == CANNOT_READ
    assert words in one_sentence(done.stderr)


@pytest.fixture
def in_use(archives, tmp_path):
    """A folder whose lock is held, as a node holds it, so that who reads takes a place in LMDB's file of readers."""
    folder = tmp_path / "containers"
    folder.mkdir()
    shutil.copytree(archives / "large", folder / "large")
    with open(folder / "large/lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def test_processes_of_two_containers_have_the_same_number(tool, in_use):
    """LMDB tells readers apart by their process numbers, and each container begins with 1."""
    if os.geteuid() != 0 or not shutil.which("unshare"):
        pytest.skip("only root can make a namespace of processes")
    container = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    first = listing(tool, in_use, *container)
    try:
        for arguments in (["list", "--limit", "3", "large"], ["stat", "large"], ["get", "1", "large"]):
            done = subprocess.run(
                [*container, tool, *arguments], cwd=in_use, env=environment(), capture_output=True, timeout=SECONDS,
                check=False)
            assert (done.returncode, done.stderr) == (0, b""), done
            assert done.stdout == run(tool, arguments, in_use)[1].encode() or arguments[0] == "stat"
        # The first one reads on undisturbed.
        output, errors = first.communicate(timeout=SECONDS)
        assert (first.returncode, errors, output.count(b"\n")) == (0, b"", 19_999)
    finally:
        if first.poll() is None:
            first.kill()
            first.wait()
