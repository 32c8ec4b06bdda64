"""What both programs print is safe to show, whatever their arguments are; and what they cannot print, they say."""

import json
import os
import shutil
import subprocess

import pytest

from transcript import environment, run_on_terminal

CANNOT_READ, USAGE = 2, 64
# Clears the screen; the same with the one character for it; turns the writing around; and begins a line of its own.
EVIL = "evil\x1b[2J\x9b2J\u202e\x07\nbristlecone: all is well"
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can do that")


@pytest.fixture
def node(binary):
    """The other program."""
    return str(binary)


def is_safe(text):
    """Whether a terminal only shows it."""
    return all(character.isprintable() or character == "\n" for character in text)


def run(program, arguments, folder, **options):
    """Runs a program with arguments as they are."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, **options}
    return subprocess.run(
        [program, *arguments], cwd=folder, env=environment(), timeout=90, check=False, **options)


@pytest.mark.parametrize("arguments", [
    ["stat", EVIL], ["list", EVIL], [EVIL], ["stat", "--" + EVIL], ["list", "--limit", EVIL], ["export", "small", "-o", EVIL + "/x"],
    ["import", EVIL, "copy"], ["check-proof", EVIL], ["diff", EVIL, "small"], ["prove", "x", EVIL], ["decode", EVIL],
    ["compact", EVIL], ["list", f"--since={EVIL}", "small"],
])
def test_arguments_of_the_tool_command_no_terminal(tool, archives, arguments):
    done = run(tool, arguments, archives)
    said = done.stdout.decode() + done.stderr.decode()
    assert done.returncode != 0 and is_safe(said), (done, said)
    assert not any(line.startswith("bristlecone: all is well") for line in said.splitlines()), said


@pytest.mark.parametrize("arguments", [
    ["status", "--data", EVIL], ["find", "x", "--data", EVIL], [EVIL], ["status", "--" + EVIL], ["run", "--listen", EVIL],
    ["run", "--config", EVIL], ["backup", EVIL, "--data", EVIL], ["restore", EVIL], ["config", "check", "--config", EVIL],
    ["ping", EVIL], ["run", "--log-level", EVIL],
])
def test_arguments_of_the_node_command_no_terminal(node, tmp_path, arguments):
    done = run(node, arguments, tmp_path)
    said = done.stdout.decode() + done.stderr.decode()
    assert done.returncode != 0 and is_safe(said), (done, said)
    assert not any(line.startswith("bristlecone: all is well") for line in said.splitlines()), said


def test_names_of_folders_command_no_terminal(tool, archives, tmp_path):
    folder = tmp_path / EVIL.replace("/", "")
    shutil.copytree(archives / "small", folder)
    for arguments in (["stat", folder.name], ["export", folder.name, "-o", folder.name + ".dump"], ["compact", folder.name],
                      ["import", folder.name + ".dump", folder.name], ["verify", folder.name], ["get", "nothing", folder.name]):
        done = run(tool, arguments, tmp_path)
        said = done.stdout.decode() + done.stderr.decode()
        assert said and is_safe(said), (done, said)
        assert not any(line.startswith("bristlecone: all is well") for line in said.splitlines()), said
    _, sent = run_on_terminal(tool, ["stat", folder.name], tmp_path, 120)
    assert "\x1b[1m" in sent and "\x1b[2J" not in sent and "\x9b" not in sent


def test_json_says_the_same_with_escapes(tool, archives, tmp_path):
    folder = tmp_path / EVIL.replace("/", "")
    shutil.copytree(archives / "small", folder)
    done = run(tool, ["stat", folder.name, "--json"], tmp_path)
    assert is_safe(done.stdout.decode()) and json.loads(done.stdout)["folder"] == folder.name
    exported = run(tool, ["export", folder.name, "-o", EVIL + ".x", "--json"], tmp_path)
    assert is_safe(exported.stdout.decode()) and json.loads(exported.stdout)["output"] == EVIL + ".x", exported


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["help"], ["--generate-completion-script", "bash"]])
def test_help_that_cannot_be_written_is_a_failure(tool, node, tmp_path, arguments):
    for program, status in ((tool, CANNOT_READ), (node, 1)):
        with open("/dev/full", "wb") as full:
            done = run(program, arguments, tmp_path, stdout=full)
        assert done.returncode == status and b"No space left on device" in done.stderr, done
        assert done.stderr.count(b"\n") == 1, done


def test_a_sound_configuration_that_cannot_be_told_is_a_failure(node, tmp_path):
    with open("/dev/full", "wb") as full:
        done = run(node, ["config", "check"], tmp_path, stdout=full)
    assert done.returncode == 1 and b"No space left on device" in done.stderr, done


def test_arguments_that_are_not_utf8_are_refused(tool, node, tmp_path):
    for program in (tool, node):
        done = run(program, ["stat", b"\xff\xfe"], tmp_path)
        assert done.returncode == USAGE and b"Argument 2 is not UTF-8" in done.stderr, done


@AS_ROOT
def test_without_proc_both_programs_say_so(tool, node, tmp_path):
    for program in (tool, node):
        for arguments in ("verify /nonexistent", "--help", ""):
            done = subprocess.run(
                ["unshare", "-m", "bash", "-c", f"mount -t tmpfs none /proc && exec {program} {arguments}"], cwd=tmp_path,
                env=environment(), capture_output=True, timeout=60, check=False)
            if b"mount" in done.stderr and b"permission denied" in done.stderr.lower():
                pytest.skip("nothing can be mounted here")
            assert done.returncode not in (0, USAGE) and done.stdout == b"", done
            assert b"/proc is not mounted" in done.stderr and done.stderr.count(b"\n") == 1, done
