"""What the program says when it is told something that it cannot do, and that it leaves everything as it was."""

import asyncio
import hashlib
import os
import re
import shutil
import signal
import socket
import tempfile

import pytest

from harness.command import clean_environment, run_command
from harness.folder import fingerprint
from harness.waiting import wait_until

USAGE, CONFIGURATION = 64, 78
# What ArgumentParser adds below the sentence.
USAGE_LINES = ("Usage:", "  See ", "Help:")
SENTENCE_CHARACTERS_MAX, SENTENCE_WORDS_MIN = 500, 4
LEAKS = re.compile(r"Fatal error|Swift\.|Optional\(|Error Domain|\.swift:|errorDescription|backtrace", re.IGNORECASE)


def sentence_of(completed):
    """The one line that explains a failure; fails where there is none, more than one, or one for programmers."""
    assert completed.status not in (0, None), completed
    assert completed.status > 0, f"ended by a signal: {completed}"
    lines = [line for line in completed.errors.splitlines() if line.strip() and not line.startswith(USAGE_LINES)]
    assert len(lines) == 1, f"one sentence, please: {completed}"
    assert len(lines[0]) <= SENTENCE_CHARACTERS_MAX and not LEAKS.search(lines[0]), completed
    assert len(lines[0].split()) >= SENTENCE_WORDS_MIN, f"not a sentence: {completed}"
    return lines[0]


@pytest.fixture
def run(binary, tmp_path):
    """Runs the program in an empty folder."""
    async def run(*arguments):
        return await run_command(str(binary), *arguments, folder=tmp_path, seconds=15.0)
    return run


# run: sockets and folders


async def test_a_port_in_use(nodes, run, tmp_path, addresses):
    node = await nodes.start()
    await node.stop()
    before = fingerprint(node.data)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as occupant:
        occupant.bind((addresses.take(), 0))
        place = "%s:%d" % occupant.getsockname()
        known = await run("run", "--data", str(node.data), "--listen", place, "--no-bootstrap")
        fresh = await run("run", "--data", "fresh", "--listen", place, "--no-bootstrap")
    assert place in sentence_of(known) and place in sentence_of(fresh)
    assert fingerprint(node.data) == before
    assert not (tmp_path / "fresh").exists(), "a folder was made for a node that could not start"


async def test_a_port_in_use_by_ipv6(run):
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as occupant:
        occupant.bind(("::1", 0))
        port = occupant.getsockname()[1]
        completed = await run("run", "--data", "fresh", "--listen", f"[::1]:{port}", "--no-bootstrap")
    said = sentence_of(completed)
    assert f"[::1]:{port}" in said and "--listen" in said and '"[::]:' in said and "Trying again may help." in said


async def test_a_signal_that_is_to_be_ignored(binary, run, tmp_path, addresses):
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", 'trap "" HUP; exec "$@"', "sh", str(binary), "run", "--data", "data", "--no-bootstrap",
        "--listen", f"{addresses.take()}:0", cwd=tmp_path, env=clean_environment(),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL)

    async def answers():
        return (await run("status", "--data", "data")).status == 0
    try:
        await wait_until(answers, "the node answers")
        process.send_signal(signal.SIGHUP)
        await asyncio.sleep(0.5)
        assert await answers()
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 20.0) == 0
    finally:
        if process.returncode is None:
            process.kill()


async def test_a_node_that_hangs_takes_nobody_in(nodes, run):
    node = await nodes.start()
    os.kill(node.pid, signal.SIGSTOP)
    waiting = []
    try:
        # As many as the system lets wait, of those that have given up since.
        while len(waiting) < 5000:
            client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            client.setblocking(False)
            waiting.append(client)
            try:
                client.connect(str(node.data / "control.sock"))
            except BlockingIOError:
                break
        assert len(waiting) < 5000
        completed = await run_command(str(node.binary), "status", "--data", str(node.data), seconds=30.0)
        assert "did not answer" in sentence_of(completed)
    finally:
        for client in waiting:
            client.close()
        os.kill(node.pid, signal.SIGCONT)


@pytest.mark.parametrize("arguments", [("config", "show"), ("config", "show", "--default-file"), ("status", "--json")])
async def test_an_answer_that_finds_no_room(nodes, binary, arguments):
    node = await nodes.start()
    completed = await run_command(
        "sh", "-c", 'exec "$@" >/dev/full', "sh", str(binary), *arguments,
        *(() if "--default-file" in arguments else ("--data", str(node.data))))
    assert completed.status == 1 and "cannot be written" in sentence_of(completed)


async def test_an_address_that_this_machine_does_not_have(run, tmp_path):
    completed = await run("run", "--data", "fresh", "--listen", "192.0.2.1:8090", "--no-bootstrap")
    assert "192.0.2.1" in sentence_of(completed)
    assert fingerprint(tmp_path) == {}


async def test_a_data_folder_that_another_node_uses(nodes, run, addresses):
    node = await nodes.start()
    before = fingerprint(node.data)
    completed = await run("run", "--data", str(node.data), "--listen", f"{addresses.take()}:0", "--no-bootstrap")
    assert str(node.data) in sentence_of(completed)
    assert fingerprint(node.data).keys() == before.keys()
    assert (await node.status())["pid"] == node.pid


async def test_a_data_folder_that_is_a_file(run, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    before = fingerprint(tmp_path)
    completed = await run("run", "--data", "file", "--listen", "127.0.0.1:0", "--no-bootstrap")
    assert "file" in sentence_of(completed)
    assert fingerprint(tmp_path) == before


async def test_a_data_folder_that_cannot_be_made(run):
    completed = await run("run", "--data", "/proc/bristlecone", "--listen", "127.0.0.1:0", "--no-bootstrap")
    assert "/proc/bristlecone" in sentence_of(completed)


async def test_a_data_folder_that_is_not_writable(binary):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        data = os.path.join(folder, "data")
        os.mkdir(data, 0o555)
        program, user = str(binary), None
        if os.getuid() == 0:
            # Root may write anywhere, so another user runs a copy that he can reach.
            program, user = shutil.copy(binary, os.path.join(folder, "program")), 65534
        completed = await run_command(
            program, "run", "--data", data, "--listen", "127.0.0.1:0", "--no-bootstrap", user=user)
        assert data in sentence_of(completed)
        assert fingerprint(data) == {}


@pytest.mark.parametrize("command", [("status",), ("run", "--listen", "127.0.0.1:0", "--no-bootstrap")])
async def test_a_folder_of_other_files_is_left_alone(run, tmp_path, command):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "tree.jpg").write_bytes(b"jpeg")
    before = fingerprint(tmp_path)
    completed = await run(*command, "--data", "photos")
    assert "photos" in sentence_of(completed)
    assert fingerprint(tmp_path) == before


# What a newer program, a bad disk or a careless hand leaves behind: (file, what it then holds, None for no file).
SPOILED_FOLDERS = {
    "a newer format": ("bristlecone.format", b"999\n"),
    "a format that is no number": ("bristlecone.format", b"\x00\xff"),
    "a key that is none": ("identity.key", b"not a key"),
    "a missing key": ("identity.key", None),
}


@pytest.mark.parametrize("case", SPOILED_FOLDERS)
async def test_a_data_folder_that_this_program_must_not_touch(network, nodes, run, case):
    node = await nodes.start()
    (peer,) = await network.start(1)
    assert await peer.store_on(node.contact, bytes(20), [peer.entry(b"precious")])
    await node.stop()
    name, content = SPOILED_FOLDERS[case]
    whole = (node.data / name).read_bytes()
    if content is None:
        (node.data / name).unlink()
    else:
        (node.data / name).write_bytes(content)
    before = fingerprint(node.data)
    completed = await run("run", "--data", str(node.data), "--listen", "127.0.0.1:0", "--no-bootstrap")
    assert str(node.data) in sentence_of(completed)
    assert fingerprint(node.data) == before

    (node.data / name).write_bytes(whole)
    (node.data / name).chmod(0o600)
    await node.restart()
    assert await node.find_local(bytes(20)) == {(b"precious", peer.public_key)}


@pytest.mark.parametrize("listen", [
    "nonsense", "127.0.0.1", "127.0.0.1:99999", "127.0.0.1:-1", "256.1.1.1:80", "[::1:80", ""])
async def test_a_listen_address_that_is_none(run, tmp_path, listen):
    completed = await run("run", "--data", "fresh", "--listen", listen, "--no-bootstrap")
    assert completed.status in (USAGE, CONFIGURATION)
    assert "listen" in sentence_of(completed)
    assert fingerprint(tmp_path) == {}


async def test_two_listen_addresses_of_one_family(run, tmp_path):
    completed = await run(
        "run", "--data", "fresh", "--listen", "127.0.0.1:0", "--listen", "127.0.0.2:0", "--no-bootstrap")
    assert completed.status in (USAGE, CONFIGURATION)
    assert "listen" in sentence_of(completed)
    assert fingerprint(tmp_path) == {}


@pytest.mark.parametrize("peer", ["nonsense", "127.0.0.1", "127.0.0.1:0", "0.0.0.0:8090", "127.0.0.1:x"])
async def test_a_peer_address_that_is_none(run, tmp_path, peer):
    completed = await run("run", "--data", "fresh", "--listen", "127.0.0.1:0", "--no-bootstrap", "--peer", peer)
    assert completed.status in (USAGE, CONFIGURATION)
    assert "peer" in sentence_of(completed)
    assert fingerprint(tmp_path) == {}


# Configuration

WRONG_CONFIGURATIONS = {
    "unknown setting": ("log:\n  levle: info\n", "2"),
    "unknown section": ("lgo:\n  level: info\n", "1"),
    "value out of range": ("threads: 1000\n", "1"),
    "wrong type": ("# comment\n\nbootstrap:\n  enabled: perhaps\n", "4"),
    "bad address": ("listen:\n  - nonsense\n", "2"),
    "not YAML": ("log: [unclosed\n", None),
}


@pytest.mark.parametrize("case", WRONG_CONFIGURATIONS)
@pytest.mark.parametrize("command", [("config", "check"), ("config", "show"), ("run", "--data", "fresh", "--no-bootstrap")])
async def test_a_configuration_with_a_mistake(run, tmp_path, case, command):
    text, line = WRONG_CONFIGURATIONS[case]
    (tmp_path / "node.yaml").write_text(text)
    before = fingerprint(tmp_path)
    completed = await run(*command, "--config", "node.yaml")
    assert completed.status == CONFIGURATION, completed
    sentence = sentence_of(completed)
    assert "node.yaml" in sentence
    assert line is None or f":{line}" in sentence or f"line {line}" in sentence
    assert fingerprint(tmp_path) == before


async def test_a_configuration_file_that_is_missing(run, tmp_path):
    completed = await run("run", "--data", "fresh", "--config", "missing.yaml", "--no-bootstrap")
    assert "missing.yaml" in sentence_of(completed)
    assert fingerprint(tmp_path) == {}


async def test_a_good_configuration_is_checked_and_shown(run, tmp_path):
    (tmp_path / "node.yaml").write_text("log:\n  level: debug\n")
    checked = await run("config", "check", "--config", "node.yaml")
    assert checked.status == 0 and checked.errors == "", checked
    shown = await run("config", "show", "--config", "node.yaml")
    assert shown.status == 0 and "debug" in shown.output and "node.yaml" in shown.output, shown


# Commands

NODELESS = {
    "store": ("store", "key", "value"), "find": ("find", "key"), "find --local": ("find", "key", "--local"),
    "ping": ("ping", "127.0.0.1:8090"), "status": ("status",),
}


@pytest.mark.parametrize("command", NODELESS)
async def test_a_command_without_a_running_node(run, tmp_path, command):
    completed = await run(*NODELESS[command], "--data", "nowhere")
    assert completed.status == 1
    assert "nowhere" in sentence_of(completed)
    assert fingerprint(tmp_path) == {}


async def test_a_command_after_a_kill_says_that_no_node_runs(nodes):
    node = await nodes.start()
    await node.kill()
    completed = await node.command("status")
    assert completed.status == 1
    assert str(node.data) in sentence_of(completed)
    await node.restart()


@pytest.mark.parametrize("arguments", [
    ("frobnicate",), ("run", "--frobnicate"), ("store", "key"), ("find",), ("ping", "nonsense"), ("ping", "127.0.0.1:0"),
    ("store", "key", "abc", "--hex"), ("store", "key", "zz", "--hex"),
])
async def test_arguments_that_make_no_sense(run, tmp_path, arguments):
    completed = await run(*arguments)
    assert completed.status == USAGE, completed
    sentence_of(completed)
    assert fingerprint(tmp_path) == {}


async def test_a_value_too_long_is_refused_with_its_limit(nodes):
    node = await nodes.start()
    signed = await node.command("store", "key", "x" * 24)
    unsigned = await node.command("store", "key", "x" * 170, "--unsigned")
    assert "23" in sentence_of(signed) and "169" in sentence_of(unsigned)
    assert (await node.status())["archive"]["values"] == 0


async def test_nothing_found_and_no_answer_are_failures(nodes, addresses):
    node = await nodes.start()
    assert (await node.command("find", "nothing")).status == 1
    assert (await node.command("find", "nothing", "--local")).status == 1
    silent = await node.command("ping", f"{addresses.take()}:9")
    assert silent.status == 1
    sentence_of(silent)


async def test_text_keys_are_hashed_and_hex_keys_are_taken(network, nodes):
    (peer,) = await network.start(1, tick=0.1)
    node = await nodes.start(peers=[peer])
    await peer.meet(node)
    stored = (await node.command("store", "a name", "text", "--json")).json()
    assert stored["key"] == hashlib.sha1(b"a name").hexdigest()
    again = (await node.command("find", stored["key"], "--local", "--json")).json()
    assert [value["data"] for value in again["values"]] == [b"text".hex()]


# Status


async def test_status_tells_what_the_contract_says(nodes):
    node = await nodes.start()
    status = await node.status()
    assert status["pid"] == node.pid
    assert status["key_level"] == "curve25519" and status["uptime_seconds"] >= 0
    assert bytes.fromhex(status["mid"]) == node.contact.mid
    (endpoint,) = status["endpoints"]
    assert endpoint["family"] == "ipv4" and endpoint["contacts"] == 0 and endpoint["buckets"] >= 1
    assert status["contacts"] == []
    assert {"values", "keys", "live_bytes", "map_bytes", "journal_last", "index_last"} <= status["archive"].keys()
    assert os.stat(node.data / "control.sock").st_mode & 0o777 == 0o600
    assert os.stat(node.data).st_mode & 0o077 == 0, "others may not look into the data folder"


async def test_output_for_people_is_not_json(nodes):
    node = await nodes.start()
    completed = await node.command("status")
    assert completed.status == 0 and completed.output.strip() and not completed.output.lstrip().startswith("{")


async def test_sigterm_and_sigint_end_a_node_cleanly(nodes):
    node = await nodes.start()
    await node.stop()
    await node.restart()
    await node.stop(signal.SIGINT)
    assert not (node.data / "control.sock").exists()
