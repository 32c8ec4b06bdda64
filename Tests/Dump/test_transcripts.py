"""What every sub-command says about every kind of archive, as a new user would see it.

The transcripts in `golden` are read by people. After a change that is meant, they are written anew with

    GOLDEN=write .venv/bin/python -m pytest -c Tests/pytest.ini --rootdir Tests Tests/Dump/test_transcripts.py

and looked over with `git diff`.
"""

import os
import pathlib
import re

import pytest

from transcript import run, run_on_terminal, told

GOLDEN = pathlib.Path(__file__).parent / "golden"
ALICE = "13f0b2e62ad78ca38fa71eb9274677a63fce8c35"
SIGNED = "010002" + "6869"

# Every sub-command that looks into an archive, in its simplest form.
EVERY = [
    ["stat"], ["list", "--limit", "5"], ["get", "greeting"], ["history", "greeting"], ["why", "greeting"],
    ["evidence"], ["publishers", "--limit", "5"], ["contacts"], ["buckets"], ["jobs", "--limit", "5"],
    ["plan"], ["verify"],
]
# The rest, which is about what is in it.
QUESTIONS = [
    ["list"], ["list", "--prefix", "7"], ["list", "--signer", ALICE], ["list", "--unsigned", "--served"],
    ["list", "--expired"], ["list", "--class", "owner"], ["list", "--since", "3w", "--until", "3d"],
    ["list", "--min-size", "150", "--max-size", "158"], ["list", "--sort", "size", "--reverse", "--limit", "3"],
    ["list", "--sort", "version", "--signed"], ["list", "--as-of", "30d"], ["list", "--prefix", "ffff"],
    ["get", "greeting", "--as-of", "45d"], ["get", "binary"], ["get", "text"], ["get", "no such key"],
    ["history", "text"], ["history", "greeting", "--changes"],
    ["why", "expired"], ["why", "kept"], ["why", "forgotten"], ["why", "mine"], ["why", "withdrawn"],
    ["why", "contradiction"], ["why", "text"], ["why", "barred"], ["why", "no such key"],
    ["publishers", "--sort", "mid", "--reverse"],
]
JSON = [[*arguments, "--json"] for arguments in EVERY if arguments[0] != "verify"] + [
    ["history", "greeting", "--changes", "--json"], ["decode", "0068656c6c6f", "--json"]]
WRONG = [
    [], ["lst"], ["list", "--prefix", "xyz"], ["list", "--signed", "--unsigned"], ["list", "--limit", "0"],
    ["list", "--since", "yesterday"], ["list", "--sort", "size", "--as-of", "1d"], ["get"], ["get", ""],
    ["get", "greeting", "--raw", "--json"], ["list", "--max-size", "3", "--min-size", "5"], ["decode", "no file"],
    ["verify", "--threads", "0"], ["list", "--class", "mine"],
]
DECODED = [["decode", digits] for digits in (
    "0068656c6c6f", "0x00 68 65", "", "02aa", "01", "0100", "01000568", SIGNED + "00000007" + "0003" + "aabbcc",
    "00028d0be1845d74d175f178197cad001591d04d73cc", "00028d0be1845d74d175f178197cad001591d04d73ccf0",
    "00028d0be1845d74d175f178197cad001591d04d73cc63", "00028d0be1845d74d175f178197cad001591d04d73cc010003aabbcc")]
DECODED.append(["decode", "--as", "packet", "0002" + "ff" * 20 + "01"])
STATES = ["empty", "large", "damaged", "locked", "newer", "unindexed", "nothing", "nowhere"]


def compare(name, text):
    """Holds what was said against what is written down."""
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"there is no {path}: see the beginning of this file"
    assert text == path.read_text(encoding="utf-8")


def transcript(tool, commands, folder, *place):
    """What all of these commands say."""
    told_all = []
    for arguments in commands:
        status, output, errors = run(tool, [*arguments, *place], folder)
        told_all.append(told([*arguments, *place], status, output, errors))
    return "".join(told_all)


def test_small_archive(tool, archives):
    compare("small", transcript(tool, EVERY + QUESTIONS, archives, "small"))


def test_small_archive_as_json(tool, archives):
    compare("json", transcript(tool, [arguments for arguments in JSON if arguments[0] != "decode"], archives, "small"))


@pytest.mark.parametrize("state", STATES)
def test_other_states(tool, archives, state):
    compare(state, transcript(tool, EVERY, archives, state))


def test_command_lines_that_make_no_sense(tool, archives):
    compare("wrong", transcript(tool, WRONG, archives))


def test_decoding(tool, archives):
    compare("decode", transcript(tool, DECODED, archives))


def test_help(tool, archives):
    names = ["list", "get", "history", "why", "evidence", "stat", "publishers", "contacts", "buckets", "jobs", "plan",
             "decode", "verify", "export", "import", "diff", "prove", "check-proof", "salvage", "compact"]
    compare("help", transcript(tool, [["--version"], ["--help"], *([name, "--help"] for name in names)], archives))


@pytest.mark.parametrize("columns", [80, 160])
def test_on_a_terminal(tool, archives, columns):
    commands = [[*arguments, "small"] for arguments in EVERY if arguments[0] != "stat"] + [
        ["why", "contradiction", "small"], ["get", "greeting", "damaged"], ["list", "--prefix", "a0", "damaged"],
        ["decode", "0068656c6c6f"], ["decode", "02aa"]]
    text = ""
    for arguments in commands:
        status, sent = run_on_terminal(tool, arguments, archives, columns)
        if arguments[0] in ("list", "history", "why", "evidence", "publishers", "contacts", "buckets", "jobs", "plan", "decode"):
            too_long = [line for line in re.sub(r"\x1b\[\d+m", "", sent).splitlines()
                        if len(line) > columns and not line.startswith("bristlecone-dump: ")]
            assert not too_long, too_long
        text += told(arguments, status, sent)
    compare(f"terminal-{columns}", text)


def test_no_color_is_obeyed(tool, archives):
    status, sent = run_on_terminal(tool, ["list", "small"], archives, 120, NO_COLOR="1")
    assert status == 0 and "\x1b[" not in sent
    status, sent = run_on_terminal(tool, ["list", "small"], archives, 120)
    assert status == 0 and "\x1b[" in sent
