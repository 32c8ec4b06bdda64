#!/usr/bin/env python3
"""Cuts the power, fills the disk and makes it fail under a program that stores, and looks whether the archive held.

    swift build --product ArchiveWriter
    Tests/Crash/fault_archive.py [--seeds 40] [--first N] [--program .build/debug/ArchiveWriter]

Each seed runs the program on a disk that may fill up or fail (`faults/faults.c`), cuts the power at a few moments of
that run, and lets the archive be opened on what may be on the disk then (`faults/power.py`); from one of these disks
the next round goes on, now and then with an index that was deleted or damaged, or that is older, ahead, or of another
archive, so that the next cuts fall into its making anew. Whatever was acknowledged before the cut has to be there, unaltered, no version may have gone
back, what is served is what is held, and the index agrees once it has followed.
"""

import argparse
import collections
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from faults import power, shim
from kill_archive import take, verify

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROUNDS = 3
CUTS = 3
GROUPS = (1, 8, 64)
# A cut during the opening, every so often.
OPENING_RECORDS = 60
# So many syncs without a store, once there is room again, are too many.
SYNCS_TO_RECOVER_IN = 8


class Broken(Exception):
    """The archive did not keep a promise."""


class Seed:
    """One seed's rounds."""

    def __init__(self, number, program, library, folder):
        self.dice = random.Random(number)
        self.program, self.library, self.folder = program, library, folder
        self.tally = collections.Counter()
        self.held = {}
        # Indexes of other times, to be put beside the archive: lists of (name, content).
        self.indexes = {}
        self.index_state = "rebuild"

    def run(self):
        """Raises `Broken`; returns what happened, counted."""
        disk = self._empty("disk")
        for round_number in range(1, ROUNDS + 1):
            if round_number > 1:
                self._change_index(disk)
            before = self._empty("before")
            shutil.copytree(disk, before, dirs_exist_ok=True, copy_function=copy_sparse)
            records = self._write(disk, round_number)
            disk = self._cut(before, records)
        return self.tally

    def _write(self, disk, round_number):
        """Runs the program to its end on a disk with faults; the log's records."""
        group = self.dice.choice(GROUPS)
        environment, fault = self._faults()
        log = os.path.join(self.folder, "log")
        if os.path.exists(log):
            os.remove(log)
        environment |= {"FAULTS_FOLDER": disk, "FAULTS_LOG": log, "LD_PRELOAD": self.library}
        groups = {1: 120, 8: 60, 64: 12}[group]
        done = subprocess.run(
            [self.program, "endure", disk, str(round_number), str(group), str(groups)], capture_output=True,
            text=True, env=os.environ | environment, check=False, timeout=200)
        if done.returncode not in (0, 2) or "\n!" in "\n" + done.stderr:
            raise Broken(f"with {fault} the program ended with {done.returncode}: {done.stderr.strip()[-2000:]}")
        self.tally[fault] += 1
        for line in done.stderr.splitlines():
            check_sentence(line)
            self.tally[" ".join(word for word in line.split() if "/" not in word)[:60]] += 1
        self.indexes["an index ahead"] = index_files(disk)
        records = list(power.records(log)) if os.path.exists(log) else []
        if fault == "full for a while":
            self.tally["recoveries"] += check_recovery(done, "".join(record[0] for record in records))
        return records

    def _faults(self):
        """The environment that brings a fault about, and its name."""
        dice, start = self.dice, str(int(10 ** self.dice.uniform(0, 3)))
        kind = dice.choice(("power", "power", "full for a while", "full for ever", "write fails", "sync fails"))
        if kind == "power":
            return {}, kind
        if kind.startswith("full"):
            calls = 0 if kind.endswith("ever") else dice.randint(1, 40)
            return {"FAULTS_FULL": f"{start},{calls},{dice.choice((1, 1000))}"}, kind
        name = dice.choice(("archive.mdb", "archive.mdb", "index.sqlite", "index.sqlite-wal"))
        start = str(dice.randint(1, 40)) if kind == "sync fails" else start
        return {"FAULTS_EIO": f"{kind.split()[0]},{start},{dice.choice((0, 1, 3))},{name}"}, f"{kind}: {name}"

    def _cut(self, before, records):
        """Cuts the power at some of the records and looks at each disk; returns the last one."""
        disk = power.Disk(before)
        moments = sorted(self._moment(len(records)) for _ in range(CUTS))
        played = 0
        held = dict(self.held)
        for moment in moments:
            for record in records[played:moment]:
                disk.play(record, self.dice)
            played = moment
            after = self._empty("after")
            disk.cut(after, self.dice)
            self._damage_locks(after)
            self.held = dict(held)
            take(self.held, [line.decode() for line in bytes(disk.output).split(b"\n")[:-1]])
            found, faults = verify(self.program, after, self.held, self.index_state)
            if faults:
                raise Broken(f"power cut at record {moment} of {len(records)}:\n" + "\n".join(faults[:20]))
            take(self.held, found)
            self.indexes.setdefault("an older index", index_files(after))
            self.tally["cuts"] += 1
            self.tally["values checked"] += len(self.held)
        return after

    def _moment(self, count):
        return self.dice.randint(0, min(count, OPENING_RECORDS) if self.dice.random() < 0.25 else count)

    def _damage_locks(self, folder):
        """What processes agree by is neither synced nor worth anything after a power cut."""
        for name, length in (("archive.mdb-lock", 32_896), ("index.sqlite-shm", 32_768)):
            if (content := self.dice.choice((None, bytes(length), self.dice.randbytes(length)))) is not None:
                with open(os.path.join(folder, name), "wb") as file:
                    file.write(content)

    def _change_index(self, disk):
        """Leaves the index as it is half of the time."""
        change = self.dice.choice((*(None,) * 6, "no index", "a damaged index", "a foreign index", *sorted(self.indexes)))
        if change is None:
            return
        self.tally[change] += 1
        files = self.indexes.get(change, [])
        if change == "a damaged index":
            self.index_state = "damaged"
            files = [(name, self._damaged(content)) for name, content in index_files(disk)]
        elif change == "a foreign index":
            other = self._empty("other")
            subprocess.run([self.program, "endure", other, "9", "8", "10"], capture_output=True, check=True)
            files = index_files(other)
        for name, _ in index_files(disk):
            os.remove(os.path.join(disk, name))
        for name, content in files:
            with open(os.path.join(disk, name), "wb") as file:
                file.write(content)

    def _damaged(self, content):
        content = bytearray(content)
        for _ in range(self.dice.randint(1, 40) if content else 0):
            content[self.dice.randrange(len(content))] = self.dice.randrange(256)
        return content

    def _empty(self, name):
        path = os.path.join(self.folder, name)
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        return path


def index_files(folder):
    """SQLite's files that hold data: (name, content)."""
    found = []
    for name in ("index.sqlite", "index.sqlite-wal"):
        if os.path.exists(path := os.path.join(folder, name)):
            with open(path, "rb") as file:
                found.append((name, file.read()))
    return found


def copy_sparse(source, target):
    subprocess.run(["cp", "--sparse=always", source, target], check=True)


def check_sentence(line):
    """Each error is one sentence that says what to do."""
    if not (line.endswith(".") and ":" in line):
        raise Broken(f"this says nothing of a remedy: {line}")


def check_recovery(done, kinds):
    """
    Once there is room again, stores are taken; returns whether that was seen.

    The one exception is LMDB's meta page: a file system that has no room to write that in its place leaves LMDB not
    knowing what is on the disk, and the archive says that it wants a restart.
    """
    after = kinds.rpartition("E")[2]
    if "E" not in kinds or after.count("S") < SYNCS_TO_RECOVER_IN or "since the device failed" in done.stderr:
        return False
    if "A" not in after:
        raise Broken(f"nothing was stored after there was room again: {done.stderr.strip()}")
    return True


def run_seed(number, program, library):
    """Runs one seed in a folder of its own, which is kept when it fails."""
    folder = tempfile.mkdtemp(prefix=f"fault-archive-{number}-")
    try:
        tally = Seed(number, program, library, folder).run()
    except Broken as broken:
        raise Broken(
            f"seed {number}: {broken}\n{folder} is kept; this replays it:\n"
            f"    Tests/Crash/fault_archive.py --first {number} --seeds 1") from None
    shutil.rmtree(folder)
    return tally


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--program", default=os.path.join(ROOT, ".build", "debug", "ArchiveWriter"))
    options = parser.parse_args()
    if not os.access(options.program, os.X_OK):
        sys.exit(f"{options.program} is not there: build it with `swift build --product ArchiveWriter`.")
    begun, tally = time.monotonic(), collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        library = shim.build(folder)
        for number in range(options.first, options.first + options.seeds):
            try:
                tally += run_seed(number, options.program, library)
            except Broken as broken:
                sys.exit(str(broken))
    for what, count in sorted(tally.items()):
        print(f"{count:8} {what}")
    print(f"{options.seeds} seeds, all kept, {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
