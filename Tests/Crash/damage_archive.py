#!/usr/bin/env python3
"""Damages an archive's file at random and looks whether that is seen.

    swift build --product ArchiveWriter
    Tests/Crash/damage_archive.py [--cases 60] [--first N] [--program .build/debug/ArchiveWriter] [--unchecked]

Each case takes a sound archive, flips a bit, overwrites some bytes, puts a page in another one's place, or cuts the
file off, and reads everything back in a process of its own. What may come of it:

    refused      opening says in one sentence what is damaged and what to do
    reported     all but the records that are reported as damaged, or missing, are read as they were
    unharmed     everything is read as it was: what was hit is not in use
    died         the process was ended by a signal while reading
    silent       something else was read than was stored, or something was missing, and nothing was said

Only the first three are right. With `--unchecked`, opening does not look over LMDB's pages, which shows what that is
good for.
"""

import argparse
import collections
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from kill_archive import take

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = 4096
# Metas are two pages of many, and LMDB's own fields few bytes of each page, so they are hit on purpose.
KINDS = ("bit", "bit", "bit", "header", "header", "meta", "bytes", "page", "cut")
HEADER = 64
META = 152
SECONDS_MAX = 180
RIGHT = ("refused", "reported", "unharmed")


def last_page(data):
    """The last page that either meta page names."""
    return max(int.from_bytes(data[page * PAGE + 136:page * PAGE + 144], "little") for page in (0, 1))


def damage(data, dice):
    """Changes a file's bytes; returns them and what was done."""
    kind, pages = dice.choice(KINDS), last_page(data) + 1
    page = dice.randrange(pages)
    if kind == "cut":
        length = dice.choice((dice.randrange(pages * PAGE), dice.randrange(pages) * PAGE))
        return data[:length], f"cut to {length} bytes of {pages * PAGE}"
    data = bytearray(data)
    if kind == "page":
        other = dice.randrange(2, pages)
        page = dice.randrange(2, pages)
        data[page * PAGE:(page + 1) * PAGE] = data[other * PAGE:(other + 1) * PAGE]
        return data, f"page {page} holds page {other}"
    if kind == "bytes":
        place, count = page * PAGE + dice.randrange(PAGE), dice.choice((4, 64, 512, 4096))
        count = min(count, pages * PAGE - place)
        data[place:place + count] = dice.choice((bytes(count), b"\xff" * count, dice.randbytes(count)))
        return data, f"{count} bytes at {place}"
    if kind == "meta":
        place = dice.randrange(2) * PAGE + dice.randrange(META)
    elif kind == "header":
        place = page * PAGE + dice.randrange(HEADER)
    else:
        place = page * PAGE + dice.randrange(PAGE)
    bit = dice.randrange(8)
    data[place] ^= 1 << bit
    return data, f"bit {bit} of byte {place} (page {place // PAGE}, offset {place % PAGE})"


class Sound:
    """An archive that is whole, and what is in it."""

    def __init__(self, program, folder):
        self.folder = folder
        os.makedirs(folder)
        self.held = {}
        for number, (group, groups) in enumerate(((64, 8), (1, 40), (8, 30)), 1):
            done = subprocess.run(
                [program, "endure", folder, str(number), str(group), str(groups)],
                capture_output=True, text=True, check=True)
            take(self.held, done.stdout.splitlines())
        with open(os.path.join(folder, "archive.mdb"), "rb") as file:
            content = file.read()
        # The hole behind the last page is put back by opening.
        self.content = content[:(last_page(content) + 4) * PAGE]
        self.question = "".join(f"{t} {i} {version} {digest}\n" for (t, i), (version, digest) in self.held.items())


def outcome(program, folder, question, unchecked):
    """Opens and reads everything; what came of it, and why."""
    words = ["unchecked"] if unchecked else []
    try:
        done = subprocess.run(
            [program, "read", folder, *words], input=question, capture_output=True, text=True, check=False,
            timeout=SECONDS_MAX, env=os.environ | {"SWIFT_BACKTRACE": "enable=no"})
    except subprocess.TimeoutExpired:
        return "silent", f"nothing came within {SECONDS_MAX} s"
    lines = done.stdout.splitlines()
    if done.returncode < 0:
        return "died", signal.Signals(-done.returncode).name
    if done.returncode == 2:
        said = done.stderr.strip()
        return ("refused" if said.endswith(".") and "\n" not in said else "silent"), said
    wrong = [line for line in lines if line.startswith("!")]
    reports = [line for line in lines if line.startswith("damaged")]
    if done.returncode != 0:
        return "silent", done.stderr.strip() or f"status {done.returncode}"
    if wrong:
        return "silent", wrong[0]
    return ("reported", reports[0]) if reports else ("unharmed", "")


def run_case(number, program, sound, unchecked):
    """One case; (what was done, what came of it, why)."""
    dice = random.Random(number)
    with tempfile.TemporaryDirectory(prefix="damage-archive-") as folder:
        for name in ("index.sqlite",):
            shutil.copy(os.path.join(sound.folder, name), folder)
        data, done = damage(sound.content, dice)
        with open(os.path.join(folder, "archive.mdb"), "wb") as file:
            file.write(data)
        return done, *outcome(program, folder, sound.question, unchecked)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=60)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--program", default=os.path.join(ROOT, ".build", "debug", "ArchiveWriter"))
    parser.add_argument("--unchecked", action="store_true")
    options = parser.parse_args()
    if not os.access(options.program, os.X_OK):
        sys.exit(f"{options.program} is not there: build it with `swift build --product ArchiveWriter`.")
    begun, tally, wrong = time.monotonic(), collections.Counter(), 0
    with tempfile.TemporaryDirectory(prefix="damage-archive-") as folder:
        sound = Sound(options.program, os.path.join(folder, "sound"))
        for number in range(options.first, options.first + options.cases):
            done, came, why = run_case(number, options.program, sound, options.unchecked)
            tally[came] += 1
            if came not in RIGHT:
                wrong += 1
                print(f"case {number}: {done}: {came} ({why})\n    Tests/Crash/damage_archive.py --first {number} --cases 1")
        pages = last_page(sound.content) + 1
        print(f"{options.cases} cases on an archive of {len(sound.held)} values and {pages} pages, "
              f"{time.monotonic() - begun:.0f} s")
    for came, count in sorted(tally.items()):
        print(f"{count:8} {came}")
    sys.exit(1 if wrong and not options.unchecked else 0)


if __name__ == "__main__":
    main()
