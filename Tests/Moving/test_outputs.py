"""Where `export` writes to: through what is no file, in the place of a file, and never to what is a node's."""

import asyncio
import contextlib
import fcntl
import os
import pathlib
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import threading

import pytest

from harness.command import clean_environment
from harness.folder import fingerprint
from harness.waiting import wait_until

DONE, CANNOT_READ = 0, 2
NODES_FILES = ("archive.mdb", "identity.key", "index.sqlite", "lock", "bristlecone.format")
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can do that")


@pytest.fixture
def folder(sample):
    """A data folder with all that a node has in it."""
    (sample / "identity.key").write_bytes(b"LibNaCLSK:" + bytes(64))
    (sample / "bristlecone.format").write_text("1\n")
    (sample / "lock").touch()
    return sample


@pytest.fixture
def program(binary):
    """The tool, for shells."""
    return str(binary.parent / "bristlecone-dump")


@pytest.fixture
async def whole(folder, dump, tmp_path):
    """What an export holds."""
    assert (await dump("export", folder, "-o", tmp_path / "reference")).status == DONE
    return (tmp_path / "reference").read_bytes()


def read_from(path):
    """Begins to read a pipe to its end; answers what brings what came."""
    came = []
    thread = threading.Thread(target=lambda: came.append(path.read_bytes()))
    thread.start()

    def result():
        thread.join(30)
        assert came, "nothing came through the pipe"
        return came[0]
    return result


async def test_a_pipe_is_written_through_to(folder, dump, whole, tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    result = read_from(path)
    assert (await dump("export", folder, "-o", path)).status == DONE
    assert result() == whole and stat.S_ISFIFO(path.lstat().st_mode)


async def test_a_link_to_a_pipe_is_too(folder, dump, whole, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    result = read_from(tmp_path / "pipe")
    assert (await dump("export", folder, "-o", tmp_path / "link")).status == DONE
    assert result() == whole and (tmp_path / "link").is_symlink()


async def test_a_socket_is_too(folder, dump, whole, tmp_path):
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        exporting = asyncio.create_task(dump("export", folder, "-o", path))
        came = b""
        connection, _ = await asyncio.to_thread(listener.accept)
        with connection:
            while part := await asyncio.to_thread(connection.recv, 1 << 20):
                came += part
    assert (await exporting).status == DONE
    assert came == whole and stat.S_ISSOCK(path.lstat().st_mode)


@AS_ROOT
@pytest.mark.parametrize("minor, status", [(3, DONE), (7, CANNOT_READ)], ids=["null", "full"])
async def test_a_device_stays_one(folder, dump, tmp_path, minor, status):
    path = tmp_path / "device"
    os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, minor))
    try:
        path.open("wb").close()
    except PermissionError:
        pytest.skip("devices cannot be opened on this file system")
    completed = await dump("export", folder, "-o", path)
    assert completed.status == status, completed
    assert ("No space left on device" in completed.errors) == (status == CANNOT_READ)
    assert stat.S_ISCHR(path.lstat().st_mode) and path.lstat().st_rdev == os.makedev(1, minor)


@pytest.mark.parametrize("line", [
    "{tool} export {folder} -o >(cat >{out}); wait $!",
    "{tool} export {folder} -o /dev/stdout >{out}",
    "{tool} export {folder} -o /dev/stdout | cat >{out}",
    "{tool} export {folder} -o /dev/fd/3 3>{out}",
    "{tool} export {folder} -o /proc/self/fd/4 4>{out}",
    "{tool} export {folder} -o /dev/stderr 2>{out} --json",
])
def test_open_descriptors_are_written_through_to(folder, program, whole, tmp_path, line):
    out = tmp_path / "out"
    before = os.lstat("/dev/stdout")
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line.format(tool=program, folder=folder, out=out)], env=clean_environment(),
        capture_output=True, timeout=60, check=False)
    assert done.returncode == DONE, done
    assert out.read_bytes() == whole
    assert os.lstat("/dev/stdout").st_ino == before.st_ino


async def test_a_descriptor_that_is_not_open_is_refused(folder, dump, sentence):
    assert "Bad file descriptor" in sentence(await dump("export", folder, "-o", "/dev/fd/77"), CANNOT_READ)


async def test_a_link_keeps_leading_to_what_it_led_to(folder, dump, whole, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    target, link = tmp_path / "elsewhere/target", tmp_path / "link"
    link.symlink_to("elsewhere/target")
    for _ in range(2):
        assert (await dump("export", folder, "-o", link)).status == DONE
        assert link.is_symlink() and target.read_bytes() == whole
        assert target.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path / "elsewhere") == ["target"]


@pytest.mark.parametrize("is_running", [False, True], ids=["stopped", "running"])
async def test_nothing_in_a_data_folder_is_written(folder, dump, sentence, tmp_path, is_running):
    (folder / "sub").mkdir()
    (tmp_path / "door").symlink_to(folder)
    (tmp_path / "file").symlink_to(folder / "archive.mdb")
    os.link(folder / "archive.mdb", tmp_path / "other-name")
    outputs = [*(folder / name for name in NODES_FILES), folder / "new", folder / "sub" / "new", tmp_path / "door" / "lock",
               tmp_path / "file", tmp_path / "other-name"]
    before = fingerprint(folder)
    with open(folder / "lock", "a") as lock:
        if is_running:
            fcntl.flock(lock, fcntl.LOCK_EX)
        for output in outputs:
            for form in ("dump", "csv"):
                said = sentence(await dump("export", folder, "-o", output, "--format", form), CANNOT_READ)
                assert str(output) in said and "choose another place" in said, said
    assert fingerprint(folder) == before
    assert os.stat(tmp_path / "other-name").st_ino == os.stat(folder / "archive.mdb").st_ino


async def test_nothing_in_a_backup_is_written(folder, dump, sentence, tmp_path):
    backup = tmp_path / "backup"
    backup.mkdir()
    for name in ("manifest.json", "manifest.sha256"):
        (backup / name).write_text("{}")
    before = fingerprint(backup)
    for name in ("manifest.json", "new"):
        sentence(await dump("export", folder, "-o", backup / name), CANNOT_READ)
    assert (await dump("export", folder, "-o", tmp_path / "whole")).status == DONE
    sentence(await dump("import", tmp_path / "whole", backup / "new"), CANNOT_READ)
    sentence(await dump("import", tmp_path / "whole", folder / "new"), CANNOT_READ)
    assert fingerprint(backup) == before and not (folder / "new").exists()


async def test_what_somebody_plants_beside_an_output_is_not_used(folder, dump, whole, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    out = tmp_path / "out"
    for name in ("out.unfinished", ".out.unfinished", "out.new", "out.tmp"):
        (tmp_path / name).symlink_to(victim)
    assert (await dump("export", folder, "-o", out)).status == DONE
    assert victim.read_text() == "precious" and out.read_bytes() == whole
    assert out.stat().st_uid == os.geteuid() and out.stat().st_mode & 0o777 == 0o600


@AS_ROOT
@pytest.mark.parametrize("kind", ["link", "pipe"])
async def test_what_another_user_planted_as_the_output_is_refused(folder, dump, sentence, tmp_path, kind):
    victim, out = tmp_path / "victim", tmp_path / "out"
    victim.write_text("precious")
    if kind == "link":
        out.symlink_to(victim)
    else:
        os.mkfifo(out)
    nobody = pwd.getpwnam("nobody").pw_uid
    os.lchown(out, nobody, -1)
    said = sentence(await dump("export", folder, "-o", out), CANNOT_READ)
    assert "of the user nobody" in said and victim.read_text() == "precious" and out.lstat().st_uid == nobody


async def test_another_users_file_is_replaced_by_ones_own(folder, dump, whole, tmp_path):
    out = tmp_path / "out"
    out.write_text("planted")
    if os.geteuid() == 0:
        os.chown(out, pwd.getpwnam("nobody").pw_uid, -1)
    out.chmod(0o666)
    with open(out, "rb") as planted:
        assert (await dump("export", folder, "-o", out)).status == DONE
        assert planted.read() == b"planted"
    assert out.stat().st_uid == os.geteuid() and out.stat().st_mode & 0o777 == 0o600 and out.read_bytes() == whole


async def test_exports_to_one_name_at_once_do_not_disturb_each_other(folder, dump, whole, tmp_path):
    place = tmp_path / "place"
    place.mkdir()
    completed = await asyncio.gather(*(dump("export", folder, "-o", place / "out") for _ in range(3)))
    assert [one.status for one in completed] == [DONE] * 3, completed
    assert (place / "out").read_bytes() == whole and os.listdir(place) == ["out"]


def has_open_in(place):
    """Whether any process has something open there, with or without a name."""
    for link in pathlib.Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if os.readlink(link).startswith(f"{place}/"):
                return True
    return False


async def test_an_export_that_is_killed_leaves_nothing(make_archive, program, tmp_path):
    folder = make_archive(tmp_path / "large", 8_000)
    place = tmp_path / "place"
    place.mkdir()
    process = subprocess.Popen(
        [program, "export", folder, "-o", place / "out"], env=clean_environment(), start_new_session=True,
        stdout=subprocess.DEVNULL)
    await wait_until(lambda: has_open_in(place) or process.poll() is not None, "the export has begun to write", 60.0, every=0.005)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "the kill came too late"
    assert os.listdir(place) == []


async def test_places_that_are_no_files(folder, dump, sentence, tmp_path):
    (tmp_path / "folder").mkdir()
    for output in (tmp_path / "folder", f"{tmp_path}/folder/", f"{tmp_path}/new/", ".."):
        assert "folder" in sentence(await dump("export", folder, "-o", output), CANNOT_READ)
    (tmp_path / "loop").symlink_to("loop")
    assert "cannot be written" in sentence(await dump("export", folder, "-o", tmp_path / "loop"), CANNOT_READ)
    assert "cannot be written" in sentence(await dump("export", folder, "-o", tmp_path / "no" / "file"), CANNOT_READ)


def test_a_dump_is_not_written_to_a_terminal_by_another_name(folder, program):
    done = subprocess.run(
        ["script", "-qec", f"{program} export {folder} -o /dev/stdout", "/dev/null"], capture_output=True, timeout=60,
        check=False) if shutil.which("script") else None
    if done is None:
        pytest.skip("there is no script(1)")
    assert b"does not go to a terminal" in done.stdout and done.returncode == 64, done
