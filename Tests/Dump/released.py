"""The dumps, proofs and lines of every released format, which every later program has to read."""

import pathlib

RELEASED = pathlib.Path(__file__).resolve().parent.parent / "Moving" / "released"


def released(pattern):
    """The files of a kind, with the number of the format in their names."""
    return sorted(RELEASED.glob(f"dump-*/{pattern}"))


def name_of(path):
    """A file's name for a test."""
    return f"{path.parent.name}/{path.name}"
