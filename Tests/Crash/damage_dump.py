#!/usr/bin/env python3
"""Alters single bytes of an archive and looks whether the offline tool says so.

    swift build
    Tests/Crash/damage_dump.py [--cases 40] [--first N] [--tool .build/debug/bristlecone-dump] [--jobs 2] [--direct]

Each case takes a sound archive with something of everything, replaces one byte at a random place of all its pages, and
asks `export`, `list`, `stat`, `diff` and `verify`. What is required:

    export, list, stat, diff   with exit status 0, say what they say of the sound archive, byte for byte
    verify                     with exit status 0, only where every record of every table is as it was

What the records are is read from the pages by `pages.py`, which shares nothing with the tool. With `--direct` the child that
reads is run without its parent, which only passes on what the child says: that is twice as fast.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from pages import PAGE, Unreadable, content, last_page

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SECONDS_MAX = 180
LIFELINE = []
# What differs from run to run, or says how the file lies on the disk.
CHANGING = ("growth", "space", "folder", "in_use")


def ask(tool, *arguments):
    """Runs the tool; (exit status, standard output, standard error)."""
    done = subprocess.run(
        [tool, *arguments], capture_output=True, check=False, timeout=SECONDS_MAX, pass_fds=LIFELINE,
        env=os.environ | {"SWIFT_BACKTRACE": "enable=no"})
    return done.returncode, done.stdout, done.stderr


def verified(tool, folder):
    """The exit status of `verify`; run alone, the child tells its findings in lines, and the end of the walk."""
    status, output, _ = ask(tool, "verify", "--threads", "1", "--json", folder)
    if "BRISTLECONE_DUMP_WORKER" not in os.environ or status != 0:
        return status
    events = [next(iter(json.loads(line))) for line in output.splitlines()]
    return 0 if "end" in events and "finding" not in events else 1


def answers(tool, folder, dump):
    """{command: (exit status, what it says)} of all commands that read a whole archive."""
    said = {}
    said["export"] = ask(tool, "export", folder, "--format", "jsonl")[:2]
    said["list"] = ask(tool, "list", "--json", folder)[:2]
    status, output, _ = ask(tool, "stat", "--json", folder)
    if status == 0:
        output = {key: value for key, value in json.loads(output).items() if key not in CHANGING}
    said["stat"] = status, output
    said["diff"] = ask(tool, "diff", dump, folder)[0], b""
    said["verify"] = verified(tool, folder), b""
    return said


class Sound:
    """An archive that is whole, and what is said of it."""

    def __init__(self, tool, writer, folder):
        self.tool, self.folder = tool, os.path.join(folder, "data")
        subprocess.run([writer, "sample", self.folder, "40"], check=True, timeout=SECONDS_MAX)
        with open(os.path.join(self.folder, "archive.mdb"), "rb") as file:
            whole = file.read()
        self.data = whole[:(last_page(whole) + 1) * PAGE]
        self.records = content(self.data)
        self.dump = os.path.join(folder, "whole.dump")
        subprocess.run([tool, "export", self.folder, "-o", self.dump], check=True, capture_output=True)
        self.said = answers(tool, self.folder, self.dump)
        wrong = {command: status for command, (status, _) in self.said.items() if status != 0}
        assert not wrong, f"the sound archive is not: {wrong}"


def case(number, sound):
    """One case; (what was done, whether the content changed, the exit statuses, what is wrong)."""
    dice = random.Random(number)
    place = dice.randrange(len(sound.data))
    data = bytearray(sound.data)
    data[place] = dice.choice([value for value in range(256) if value != data[place]])
    done = f"byte {place} (page {place // PAGE}, offset {place % PAGE}) from {sound.data[place]:#04x} to {data[place]:#04x}"
    with tempfile.TemporaryDirectory(prefix="damage-dump-") as parent:
        folder = os.path.join(parent, "data")
        os.mkdir(folder)
        shutil.copy(os.path.join(sound.folder, "index.sqlite"), folder)
        with open(os.path.join(folder, "archive.mdb"), "wb") as file:
            file.write(data)
        said = answers(sound.tool, folder, sound.dump)
    try:
        changed = content(bytes(data)) != sound.records
    except Unreadable:
        changed = True
    wrong = [
        f"{command} ends with 0 and says something else" for command in ("export", "list", "stat")
        if said[command][0] == 0 and said[command] != sound.said[command]]
    if said["diff"][0] == 0 and said["export"] != sound.said["export"]:
        wrong.append("diff ends with 0 and the exports differ")
    if said["verify"][0] == 0 and changed:
        wrong.append("verify says that an archive is sound whose records are others")
    return done, changed, {command: status for command, (status, _) in said.items()}, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=40)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--tool", default=os.path.join(ROOT, ".build", "debug", "bristlecone-dump"))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--direct", action="store_true")
    options = parser.parse_args()
    if options.direct:
        os.environ["BRISTLECONE_DUMP_WORKER"] = "run"
        # The child ends when this descriptor of its parent's does.
        os.dup2(os.pipe()[0], 3)
        LIFELINE.append(3)
    writer = os.path.join(ROOT, ".build", "debug", "ArchiveWriter")
    for program in (options.tool, writer):
        if not os.access(program, os.X_OK):
            sys.exit(f"{program} is not there: build it with `swift build`.")
    begun, tally, failures, changes = time.monotonic(), collections.Counter(), 0, 0
    with tempfile.TemporaryDirectory(prefix="damage-dump-") as folder:
        sound = Sound(options.tool, writer, folder)
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            numbers = range(options.first, options.first + options.cases)
            for number, (done, changed, statuses, wrong) in zip(numbers, pool.map(lambda n: case(n, sound), numbers)):
                changes += changed
                for command, status in statuses.items():
                    tally[command, status] += 1
                for complaint in wrong:
                    failures += 1
                    print(f"case {number}: {done}: {complaint}\n    Tests/Crash/damage_dump.py --first {number} --cases 1")
        print(f"{options.cases} cases on {len(sound.data) // PAGE} pages, {time.monotonic() - begun:.0f} s; records were "
              f"altered, added or lost in {changes}")
    for (command, status), count in sorted(tally.items()):
        print(f"{command:8} ends with {status}: {count}")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
