"""A running node whose files disappear, and folders and sockets that somebody else has a hand in."""

import asyncio
import fcntl
import os
import pathlib
import resource
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile

import pytest

from harness.command import run_command
from harness.process import cpu_seconds
from harness.waiting import wait_until
from test_command_line import sentence_of

KEY, NOBODY = bytes(20), 65534
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can act as another user")


async def problems(node):
    """What its status says that somebody has to do something about."""
    return (await node.status())["problems"]


async def expect_problem(node, words):
    async def is_told():
        return any(words in problem for problem in await problems(node))
    await wait_until(is_told, f"the status says {words!r}")
    assert words in node.log_tail()


def delete_archive(node):
    (node.data / "archive.mdb").unlink()


def replace_archive(node):
    os.rename(node.data / "archive.mdb", node.data / "archive.mdb.old")
    shutil.copy(node.data / "archive.mdb.old", node.data / "archive.mdb")


@pytest.mark.parametrize("spoil", [delete_archive, replace_archive])
async def test_nothing_is_acknowledged_without_the_archive(network, nodes, tmp_path, spoil):
    node = await nodes.start()
    (peer,) = await network.start(1)
    assert await peer.store_on(node.contact, KEY, [peer.entry(b"kept")])
    assert await problems(node) == []
    spoil(node)
    assert not await peer.store_on(node.contact, KEY, [peer.entry(b"lost")])
    completed = await node.command("store", "key", "lost")
    assert completed.status == 1
    await expect_problem(node, "archive.mdb")
    # What it still has open is saved, and a node that is restored from it knows what was acknowledged.
    backup = await node.command("backup", str(tmp_path / "backup"))
    assert backup.status == 0, backup
    await node.stop()
    restored = await node.command("restore", str(tmp_path / "backup"))
    assert restored.status == 0, restored
    await node.restart()
    assert await node.find_local(KEY) == {(b"kept", peer.public_key)}


async def test_a_folder_that_is_moved_away_and_back(network, nodes):
    node = await nodes.start()
    (peer,) = await network.start(1)
    aside = node.data.with_name("aside")
    os.rename(node.data, aside)
    assert not await peer.store_on(node.contact, KEY, [peer.entry(b"lost")])
    os.rename(aside, node.data)
    assert await peer.store_on(node.contact, KEY, [peer.entry(b"kept")])
    await node.stop()


@needs_root
async def test_a_mount_over_the_folder(network, nodes, tmp_path):
    node = await nodes.start()
    (peer,) = await network.start(1)
    (tmp_path / "other").mkdir()
    mounted = subprocess.run(["mount", "--bind", tmp_path / "other", node.data], capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"nothing can be mounted here: {mounted.stderr.strip()}")
    try:
        assert not await peer.store_on(node.contact, KEY, [peer.entry(b"lost")])
        assert os.listdir(node.data) == []
    finally:
        subprocess.run(["umount", node.data], check=True)
    assert await peer.store_on(node.contact, KEY, [peer.entry(b"kept")])


async def test_a_deleted_lock_lets_no_second_node_in(nodes):
    node = await nodes.start()
    (node.data / "lock").unlink()
    completed = await node.command("run", "--listen", "127.0.0.1:0", "--no-bootstrap")
    assert "is using the data folder" in sentence_of(completed)
    await wait_until(lambda: (node.data / "lock").exists(), "the lock is there again")
    second = await node.command("run", "--listen", "127.0.0.1:0", "--no-bootstrap")
    assert f"pid {node.pid}" in sentence_of(second)


async def test_a_deleted_control_socket_comes_back(nodes):
    node = await nodes.start()
    (node.data / "control.sock").unlink()
    await wait_until(lambda: (node.data / "control.sock").exists(), "the socket is there again")
    assert (await node.status())["pid"] == node.pid
    assert stat.S_IMODE(os.stat(node.data / "control.sock").st_mode) == 0o600
    await node.stop()
    assert not (node.data / "control.sock").exists()


async def test_a_deleted_index_is_made_anew(nodes):
    node = await nodes.start()
    await node.store(KEY, b"kept")
    for suffix in ("", "-wal", "-shm"):
        (node.data / f"index.sqlite{suffix}").unlink()
    await wait_until(lambda: (node.data / "index.sqlite").exists(), "the index is there again")

    async def is_complete():
        archive = (await node.status())["archive"]
        return archive["index_last"] == archive["journal_last"] > 0
    await wait_until(is_complete, "the index is complete")
    assert await problems(node) == []


async def test_a_deleted_identity_is_told_and_saved(nodes, tmp_path):
    node = await nodes.start()
    (node.data / "identity.key").unlink()
    await expect_problem(node, "identity.key is gone")
    assert (await node.command("backup", str(tmp_path / "backup"))).status == 0
    shutil.copy(tmp_path / "backup" / "identity.key", node.data / "identity.key")

    async def is_over():
        return await problems(node) == []
    await wait_until(is_over, "the problem is over")
    mid = node.contact.mid
    await node.stop()
    assert (await node.restart()).contact.mid == mid


# Signals and limits


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGXFSZ, signal.SIGPIPE])
async def test_signals_that_do_not_end_a_node(nodes, number):
    node = await nodes.start()
    os.kill(node.pid, number)
    if number == signal.SIGHUP:
        await wait_until(lambda: "Read the configuration." in node.log_tail(), "it reads its configuration")
        os.kill(node.pid, number)
    assert (await node.status())["pid"] == node.pid
    await node.stop()


def limited(soft, hard):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("limit", [16, 20, 27, 28, 32, 40, 48])
def test_too_few_files_are_refused(binary, tmp_path, limit):
    completed = subprocess.run(
        [binary, "run", "--data", "data", "--listen", "127.0.0.1:0", "--no-bootstrap"], cwd=tmp_path,
        preexec_fn=limited(limit, limit), capture_output=True, text=True, timeout=30)
    assert completed.returncode == 1, completed
    assert "ulimit -n 1024" in completed.stderr and len(completed.stderr.splitlines()) == 1
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("soft, hard", [(20, 4096), (64, 64), (100, 100), (256, 256)])
def test_a_node_lives_with_the_files_that_it_may_open(binary, tmp_path, soft, hard):
    with open(tmp_path / "log", "wb") as log:
        node = subprocess.Popen(
            [binary, "run", "--data", "data", "--listen", "127.0.0.1:0", "--no-bootstrap"], cwd=tmp_path,
            preexec_fn=limited(soft, hard), stdout=log, stderr=log)
    try:
        for _ in range(150):
            if (tmp_path / "data" / "control.sock").exists():
                break
            assert node.poll() is None, (tmp_path / "log").read_text()
            subprocess.run(["sleep", "0.1"], check=True)
        # More connections than it can have files.
        clients = [socket.socket(socket.AF_UNIX) for _ in range(300)]
        for client in clients:
            client.setblocking(False)
            try:
                client.connect(str(tmp_path / "data" / "control.sock"))
            except BlockingIOError:
                break
        spent = cpu_seconds(node.pid)
        subprocess.run(["sleep", "1"], check=True)
        assert cpu_seconds(node.pid) - spent < 0.5, "it spins"
        for client in clients:
            client.close()
        # It may not know yet that the others have gone; then it says to try again.
        for _ in range(50):
            completed = subprocess.run(
                [binary, "store", "key", "value", "--data", "data"], cwd=tmp_path, capture_output=True, text=True,
                timeout=30)
            if "Trying again may help" not in completed.stderr:
                break
            subprocess.run(["sleep", "0.1"], check=True)
        log_text = (tmp_path / "log").read_text()
        assert completed.returncode == 0, (completed, log_text)
        assert "restore it from a backup" not in log_text, log_text
        node.terminate()
        assert node.wait(20) == 0
    finally:
        node.kill()
        node.wait()


async def test_a_node_that_can_open_no_more_files_does_not_spin(nodes):
    node = await nodes.start()
    count = len(os.listdir(f"/proc/{node.pid}/fd"))
    soft, hard = resource.prlimit(node.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(node.pid, resource.RLIMIT_NOFILE, (count, hard))
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(node.data / "control.sock"))
        spent = cpu_seconds(node.pid)
        await asyncio.sleep(3)
        assert cpu_seconds(node.pid) - spent < 1.0, "it spins"
        resource.prlimit(node.pid, resource.RLIMIT_NOFILE, (soft, hard))
    assert (await node.status())["pid"] == node.pid


# Other users


@pytest.fixture
def open_folder():
    """A folder that other users can reach, which that of pytest is not."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield folder


async def test_a_folder_that_everybody_may_write_to_is_refused(run_in, open_folder):
    os.chmod(open_folder, 0o777)
    completed = await run_in("run", "--data", open_folder, "--listen", "127.0.0.1:0", "--no-bootstrap")
    assert f"chmod o-w {open_folder}" in sentence_of(completed)
    assert os.listdir(open_folder) == []


async def test_a_planted_link_is_not_followed(nodes, run_in, tmp_path):
    node = await nodes.start()
    await node.stop()
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    for name in ("archive.mdb-lock", "lock", "control.sock", "archive.mdb.new"):
        place = node.data / name
        place.unlink(missing_ok=True)
        place.symlink_to(precious)
        completed = await run_in("run", "--data", str(node.data), "--listen", "127.0.0.1:0", "--no-bootstrap")
        assert f"{name} is a symbolic link" in sentence_of(completed)
        place.unlink()
    assert precious.read_bytes() == b"precious"
    await node.restart()


@needs_root
async def test_members_of_the_folders_group_may_only_read(nodes, open_folder):
    node = nodes.make(settings={"HTTP_GROUP_READS": "true"})
    node.data = pathlib.Path(open_folder) / "data"
    node.data.mkdir()
    os.chown(node.data, 0, NOBODY)
    # With the folder's group for what is made in it, since the node runs in another one.
    node.data.chmod(0o2750)
    await node.start()
    program = shutil.copy(node.binary, os.path.join(open_folder, "program"))

    async def ask(*arguments, group=NOBODY):
        process = await asyncio.create_subprocess_exec(
            "setpriv", f"--reuid={NOBODY}", f"--regid={group}", "--clear-groups", program, *arguments,
            "--data", str(node.data), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        output, errors = await asyncio.wait_for(process.communicate(), 30.0)
        return process.returncode, (output + errors).decode()

    status, output = await ask("status")
    assert status == 0 and "running for" in output
    assert (await ask("history"))[0] == 0
    for command in (["store", "key", "value"], ["pin", "add", "key"], ["backup", os.path.join(open_folder, "backup")]):
        status, output = await ask(*command)
        assert status == 1 and "The node serves the user who started it" in output, output
    status, output = await ask("status", group=NOBODY - 1)
    assert status == 1 and "belongs to another user" in output
    for name in ("identity.key", "archive.mdb", "index.sqlite", "api.key", "bristlecone.yaml"):
        assert stat.S_IMODE((node.data / name).stat().st_mode) == 0o600, name
    await node.stop()


SERVER = """
import os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
server.listen(5)
print("listening", flush=True)
connection, _ = server.accept()
print(repr(connection.recv(4096)), flush=True)
"""


@needs_root
async def test_a_socket_of_another_user_is_told_nothing(run_in, open_folder):
    os.chmod(open_folder, 0o777)
    server = subprocess.Popen(
        ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", sys.executable, "-c", SERVER,
         os.path.join(open_folder, "control.sock")], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout.readline() == "listening\n"
        completed = await run_in("store", "key", "secret", "--data", open_folder)
        assert "belongs to a process of the user nobody" in sentence_of(completed)
        assert server.stdout.readline() == "b''\n", "something was sent"
    finally:
        server.kill()
        server.wait()


CLIENT = """
import socket, sys
client = socket.socket(socket.AF_UNIX)
client.connect(sys.argv[1])
try:
    client.sendall(b'GET /api/v1/status HTTP/1.1\\r\\nHost: node\\r\\nConnection: close\\r\\n\\r\\n')
except BrokenPipeError:
    # The node was faster to refuse; its reply is there to be read.
    pass
print(client.makefile().read(), end="")
"""


@needs_root
async def test_another_user_is_not_served(binary, open_folder):
    data = os.path.join(open_folder, "data")
    node = await asyncio.create_subprocess_exec(
        str(binary), "run", "--data", data, "--listen", "127.0.0.1:0", "--no-bootstrap",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL)
    place = os.path.join(data, "control.sock")
    try:
        async def answers():
            return (await run_command(str(binary), "status", "--data", data)).status == 0

        await wait_until(answers, "it answers", 30.0, every=0.2)
        # As an operator might do who does not know better.
        os.chmod(data, 0o755)
        os.chmod(place, 0o666)
        command = [sys.executable, "-c", CLIENT, place]
        other = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        refused = subprocess.run(other + command, capture_output=True, text=True, timeout=30, check=True)
        assert "serves the user who started it" in refused.stdout and '"code":"not_permitted"' in refused.stdout
        served = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
        assert served.stdout.startswith("HTTP/1.1 200 OK") and '"public_key"' in served.stdout
    finally:
        node.terminate()
        await asyncio.wait_for(node.wait(), 20.0)


async def test_a_reader_is_told_from_another_node(nodes, run_in):
    node = await nodes.start()
    await node.stop()
    reader = os.open(node.data, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(reader, fcntl.LOCK_SH | fcntl.LOCK_NB)
    try:
        completed = await run_in("run", "--data", str(node.data), "--listen", "127.0.0.1:0", "--no-bootstrap")
        said = sentence_of(completed)
        assert f"being read by another program (pid {os.getpid()})" in said and "Trying again may help." in said
    finally:
        os.close(reader)


async def test_the_way_back_from_a_backup_names_the_data_folder(nodes, tmp_path):
    node = await nodes.start()
    completed = await node.command("backup", str(tmp_path / "backup"))
    assert f"bristlecone restore {tmp_path}/backup --data {node.data}" in completed.output


@pytest.fixture
def run_in(binary, tmp_path):
    """Runs the program in an empty folder."""
    async def run(*arguments):
        return await run_command(str(binary), *arguments, folder=tmp_path, seconds=30.0)
    return run
