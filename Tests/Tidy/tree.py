"""The project's files, and Swift source without what only looks like code."""

import functools
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

_NOT_CODE = re.compile(
    r'"""(?:\\.|[^\\])*?"""'  # a text of several lines
    r'|"(?:\\.|[^"\\\n])*"'  # a text
    r"|//[^\n]*"  # a comment
    r"|/\*.*?\*/",
    re.DOTALL)


@functools.cache
def tracked():
    """Every file that is, or is about to be, in the repository."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
    return [ROOT / name for name in sorted(filter(None, names)) if (ROOT / name).is_file()]


def text_of(path):
    """A file's text; None where it is none."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def sources(target=None):
    """The Swift files of one target, or of all."""
    folder = ROOT / "Sources" / (target or "")
    return sorted(folder.rglob("*.swift"))


def code_of(path):
    """A Swift file's text with comments and texts blanked out, its lines where they were."""
    return _NOT_CODE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), path.read_text(encoding="utf-8"))


def place(path, text, offset):
    """`Sources/IPv8/Entry.swift:12`."""
    return f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, offset) + 1}"


class RuleTest(unittest.TestCase):
    """A test that lists the places where a rule is broken."""

    def assert_none(self, places, remedy):
        """Fails with a line for each place."""
        if places:
            self.fail("\n".join([f"{remedy}:", *places]))
