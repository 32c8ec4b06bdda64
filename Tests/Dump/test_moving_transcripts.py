"""What the sub-commands say that move, compare and mend an archive, about every kind of archive, as a new user would see it.

The transcripts are kept, and written anew, as those of `test_transcripts.py` are.
"""

import shutil

import pytest

from test_transcripts import STATES, compare
from transcript import run, run_on_terminal, told

SECONDS_MAX = 120


def moving(state):
    """What is done to an archive, one after the other; a large one differs in each of its values, which nobody reads."""
    compared = [] if state == "large" else [
        ["diff", "whole.dump", state], ["diff", "--content", "whole.dump", state]]
    return [
        ["export", state, "--output", f"{state}.dump"], ["import", "whole.dump", state], *compared, ["compact", state],
        ["verify", "--repair", "--yes", state],
    ]


@pytest.fixture
def folder(tool, archives, tmp_path):
    """A folder to change things in, with a dump of the small archive."""
    status, _, errors = run(tool, ["export", "small", "--output", str(tmp_path / "whole.dump")], archives)
    assert status == 0, errors
    return tmp_path


def place(archives, folder, state):
    """Puts an archive of a kind into the folder; the one that is in use stays where it is used."""
    if state == "locked":
        (folder / state).symlink_to(archives / state)
    elif (archives / state).exists():
        shutil.copytree(archives / state, folder / state)


def transcript(tool, commands, folder):
    """What all of these commands say."""
    return "".join(told(arguments, *run(tool, arguments, folder, SECONDS_MAX)) for arguments in commands)


@pytest.mark.parametrize("state", ["small", *STATES])
def test_moving_and_mending(tool, archives, folder, state):
    place(archives, folder, state)
    compare(f"moving-{state}", transcript(tool, moving(state), folder))


def test_moving_as_json(tool, archives, folder):
    place(archives, folder, "damaged")
    commands = [[*arguments, "--json"] for arguments in moving("damaged")]
    compare("moving-json", transcript(tool, commands, folder))


def test_proofs(tool, archives, folder):
    place(archives, folder, "small")
    whole = (folder / "whole.dump").read_bytes()
    (folder / "cut.dump").write_bytes(whole[:len(whole) // 2])
    (folder / "flipped.dump").write_bytes(whole[:900] + bytes([whole[900] ^ 1]) + whole[901:])
    text = ""
    for dump in ("whole.dump", "cut.dump", "flipped.dump", "no.dump"):
        arguments = ["prove", "contradiction", dump]
        status, output, errors = run(tool, arguments, folder)
        # A proof is made of the moments at which the sample was made.
        text += told(arguments, status, errors if status else "<proof>\n")
        if status == 0:
            (folder / "proof").write_text(output, encoding="utf-8")
            (folder / "altered").write_text(output.replace('"leaf":', '"leaf":1'), encoding="utf-8")
    commands = [
        ["prove", "no such key", "whole.dump"], ["check-proof", "proof"], ["check-proof", "proof", "--json"],
        ["check-proof", "proof", "--root", "0" * 64], ["check-proof", "altered"], ["check-proof", "whole.dump"],
        ["import", "small", "copy"], ["prove", "greeting", "small"], ["import", "cut.dump", "copy"],
        ["import", "flipped.dump", "copy"], ["diff", "cut.dump", "whole.dump"]]
    compare("proofs", text + transcript(tool, commands, folder))
    commands = [
        ["salvage", "whole.dump", "--output", "saved.dump"], ["salvage", "flipped.dump", "--output", "saved.dump"],
        ["salvage", "cut.dump", "--output", "saved.dump", "--json"], ["salvage", "proof", "--output", "saved.dump"],
        ["salvage", "no.dump", "--output", "saved.dump"], ["salvage", "whole.dump"]]
    compare("salvage", transcript(tool, commands, folder))
    assert not (folder / "copy").exists()


def test_moving_on_a_terminal(tool, archives, folder):
    place(archives, folder, "small")
    place(archives, folder, "damaged")
    text = ""
    for arguments in [["export", "small"], *moving("damaged"), ["diff", "whole.dump", "small"]]:
        status, sent = run_on_terminal(tool, arguments, folder, 80, SECONDS_MAX)
        text += told(arguments, status, sent)
    compare("moving-terminal", text)
