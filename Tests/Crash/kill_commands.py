#!/usr/bin/env python3
"""Kills the commands that write files, at random moments, and runs three of each at once.

    swift build
    Tests/Crash/kill_commands.py [--kills 4] [--only export,compact] [--seed N] [--programs .build/debug]

The commands are export, backup, restore, import, compact and verify --repair. After each kill nothing that was there
may be lost, no foreign file may be touched, the same command has to succeed when it is given again, and then nothing
may be left of the run that was killed.
"""

import argparse
import contextlib
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from ipv8.keyvault.crypto import default_eccrypto

ROOT = pathlib.Path(__file__).resolve().parents[2]
VALUES = 400
OTHER_VALUES = 60
SECONDS_MAX = 120
DAMAGED = b"plain 7"


class Broken(Exception):
    """A promise was not kept."""


def require(truth, what):
    """Raises `Broken` unless it is true."""
    if not truth:
        raise Broken(what)


def environment():
    """A shell's environment without settings of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith("BRISTLECONE")}


def copy(source, target):
    """Copies a folder with its holes."""
    subprocess.run(["cp", "-a", "--sparse=always", source, target], check=True)


def digests(folder):
    """What the files of a folder hold, links as what they are."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            found[path.name] = os.readlink(path)
        elif path.is_file():
            found[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


class Bench:
    """Two archives, their dumps, and the programs."""

    def __init__(self, programs, folder):
        self.node, self.tool = str(programs / "bristlecone"), str(programs / "bristlecone-dump")
        self.folder = folder
        self.data, self.other = self._make(programs, "data", VALUES), self._make(programs, "other", OTHER_VALUES)
        self.whole, self.less = self.export(self.data), self.export(self.other)
        (folder / "whole.dump").write_bytes(self.whole)
        self.backup = folder / "backup"
        self.succeed([self.node, "backup", self.backup, "--data", self.data])

    def _make(self, programs, name, count):
        """Makes an archive, and a data folder of a node of it."""
        path = self.folder / name
        subprocess.run([programs / "ArchiveWriter", "sample", path, str(count)], check=True, timeout=SECONDS_MAX)
        key = path / "identity.key"
        key.write_bytes(default_eccrypto.generate_key("curve25519").key_to_bin())
        key.chmod(0o600)
        path.chmod(0o700)
        (path / "bristlecone.format").write_text("1\n")
        (path / "lock").touch(0o600)
        return path

    def start(self, command):
        """Starts a command in a session of its own, so that its processes can be killed together."""
        return subprocess.Popen(
            [str(word) for word in command], env=environment(), start_new_session=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def succeed(self, command):
        """Runs a command, which has to succeed."""
        done = subprocess.run(
            [str(word) for word in command], env=environment(), capture_output=True, stdin=subprocess.DEVNULL,
            timeout=SECONDS_MAX, check=False)
        require(done.returncode == 0, f"{command} ended with {done.returncode}: {done.stderr.decode()}")
        return done.stdout

    def export(self, folder):
        """All that an archive holds."""
        return self.succeed([self.tool, "export", folder])


class Command:
    """A command, the place that it writes to, and what is right afterwards."""

    # Whether all of several at once succeed, or only one and the others say why not.
    all_succeed = False

    def __init__(self, bench, place):
        self.bench, self.place = bench, place
        place.mkdir()
        self.foreign = place / "foreign"
        self.foreign.mkdir()
        (self.foreign / "note").write_text("not to be touched")
        self.prepare()
        self.before = digests(self.foreign)

    def prepare(self):
        """Puts there what the command finds."""

    def words(self):
        """The command."""
        raise NotImplementedError

    def check_killed(self):
        """Looks at what a kill has left."""

    def check_done(self):
        """Looks at what the command has made."""

    def reset(self):
        """Brings the place back to what it was."""
        for path in self.place.iterdir():
            if path != self.foreign:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        self.prepare()

    def check_foreign(self):
        """Nobody else's file is touched."""
        require(digests(self.foreign) == self.before, f"a foreign file was touched: {digests(self.foreign)}")

    def names(self):
        """What is in the place, without what is foreign."""
        return sorted(path.name for path in self.place.iterdir() if path != self.foreign)


class Export(Command):
    all_succeed = True

    def prepare(self):
        self.target = self.place / "out.dump"
        self.target.write_bytes(self.bench.less)
        # Names that an export could be thought to use on its way.
        for name in ("out.dump.unfinished", ".out.dump.unfinished"):
            with contextlib.suppress(FileExistsError):
                (self.place / name).symlink_to(self.foreign / "note")

    def words(self):
        return [self.bench.tool, "export", self.bench.data, "--output", self.target]

    def check_killed(self):
        require(self.target.read_bytes() in (self.bench.whole, self.bench.less), "the dump is neither the old nor the new one")

    def check_done(self):
        require(self.target.read_bytes() == self.bench.whole, "the dump is another one")
        require(self.names() == [".out.dump.unfinished", "out.dump", "out.dump.unfinished"], f"left behind: {self.names()}")


class Backup(Command):
    def prepare(self):
        copy(self.bench.data, self.place / "data")

    def words(self):
        return [self.bench.node, "backup", self.place / "copy", "--data", self.place / "data"]

    def check_killed(self):
        require(self.bench.export(self.place / "data") == self.bench.whole, "the data folder holds something else")
        if (self.place / "copy").exists():
            self._check_copy()
            shutil.rmtree(self.place / "copy")

    def check_done(self):
        self._check_copy()
        require(self.names() == ["copy", "data"], f"left behind: {self.names()}")

    def _check_copy(self):
        restored = self.place / "restored"
        self.bench.succeed([self.bench.node, "restore", self.place / "copy", "--data", restored])
        require(self.bench.export(restored) == self.bench.whole, "the backup holds something else")
        shutil.rmtree(restored)


class Restore(Command):
    def prepare(self):
        copy(self.bench.other, self.place / "data")

    def words(self):
        return [self.bench.node, "restore", self.bench.backup, "--data", self.place / "data"]

    def _held(self):
        """What each folder holds that has an archive, other than unfinished ones."""
        held = {}
        for path in self.place.iterdir():
            if path != self.foreign and (path / "archive.mdb").exists() and not (path / "restore.unfinished").exists():
                held[path.name] = self.bench.export(path)
        return held

    def check_killed(self):
        held = self._held()
        require(held.get("data") in (self.bench.whole, self.bench.less), "the data folder holds something else")
        require(self.bench.less in held.values(), "what was there before is gone")

    def check_done(self):
        held = self._held()
        require(held["data"] == self.bench.whole, "the backup was not restored")
        require(self.bench.less in held.values(), "what was there before is gone")
        require(all(name == "data" or name.startswith("data.before-restore-") for name in self.names()),
                f"left behind: {self.names()}")


class Import(Command):
    def prepare(self):
        self.folder = self.place / "copy"

    def words(self):
        return [self.bench.tool, "import", self.bench.folder / "whole.dump", self.folder, "--threads", "1"]

    def check_done(self):
        require(self.bench.export(self.folder) == self.bench.whole, "the import holds something else")
        require(not [name for name in os.listdir(self.folder) if name.startswith("archive.mdb.")],
                f"left behind: {os.listdir(self.folder)}")


class Compact(Command):
    def prepare(self):
        self.folder = self.place / "data"
        copy(self.bench.data, self.folder)

    def words(self):
        return [self.bench.tool, "compact", self.folder]

    def check_killed(self):
        require(self.bench.export(self.folder) == self.bench.whole, "the archive holds something else")

    def check_done(self):
        self.check_killed()
        require(not [name for name in os.listdir(self.folder) if name.startswith("archive.mdb.")],
                f"left behind: {os.listdir(self.folder)}")


class Repair(Command):
    expected = None

    def prepare(self):
        self.folder = self.place / "data"
        copy(self.bench.data, self.folder)
        path = self.folder / "archive.mdb"
        content = path.read_bytes()
        require(DAMAGED in content, "there is nothing to damage")
        path.write_bytes(content.replace(DAMAGED, DAMAGED.upper()))
        (self.folder / "index.sqlite").unlink()
        if self.expected is None:
            mended = self.place / "mended"
            copy(self.folder, mended)
            self.bench.succeed([self.bench.tool, "verify", "--repair", "--yes", mended])
            self.expected = self._held(mended)
            shutil.rmtree(mended)

    def _held(self, folder):
        """What an archive holds, without when floors were noted: a repair notes one for what it moves aside."""
        lines = self.bench.succeed([self.bench.tool, "export", folder, "--format", "jsonl"]).splitlines()[1:-1]
        return [{key: value for key, value in json.loads(line).items() if key != "noted_at"} for line in lines]

    def words(self):
        return [self.bench.tool, "verify", "--repair", "--yes", self.folder]

    def check_done(self):
        require(self._held(self.folder) == self.expected, "the repaired archive holds something else")
        self.bench.succeed([self.bench.tool, "verify", self.folder])


COMMANDS = {"export": Export, "backup": Backup, "restore": Restore, "import": Import, "compact": Compact, "repair": Repair}


def kill(bench, command, seconds):
    """Starts a command and kills all of its processes after a while; answers whether it was still running."""
    process = bench.start(command.words())
    try:
        process.communicate(timeout=seconds)
        return False
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return True


def kill_often(bench, command, kills, dice):
    """Kills a command so often; answers how often it was still running."""
    begun = time.monotonic()
    bench.succeed(command.words())
    usual = time.monotonic() - begun
    command.check_done()
    hit = 0
    for number in range(kills):
        command.reset()
        hit += kill(bench, command, dice.uniform(0, usual))
        try:
            command.check_foreign()
            command.check_killed()
            bench.succeed(command.words())
            command.check_done()
            command.check_foreign()
        except Broken as broken:
            raise Broken(f"kill {number + 1}: {broken}") from broken
    return hit


def run_three(bench, command):
    """Runs three at once; answers how many succeeded."""
    command.reset()
    processes = [bench.start(command.words()) for _ in range(3)]
    said = [process.communicate(timeout=SECONDS_MAX)[1].decode() for process in processes]
    succeeded = sum(process.returncode == 0 for process in processes)
    for process, errors in zip(processes, said):
        require(process.returncode == 0 or errors.count("\n") == 1 and errors.endswith(".\n"), f"no sentence: {errors!r}")
    require(succeeded == 3 if command.all_succeed else succeeded >= 1, f"{succeeded} succeeded: {said}")
    command.check_foreign()
    command.check_killed()
    if not isinstance(command, Restore):
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(command.place / "copy")
        bench.succeed(command.words())
    command.check_done()
    return succeeded


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=4, help="of each command")
    parser.add_argument("--only", default=",".join(COMMANDS))
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--programs", type=pathlib.Path, default=ROOT / ".build" / "debug")
    options = parser.parse_args()
    for name in ("bristlecone", "bristlecone-dump", "ArchiveWriter"):
        if not os.access(options.programs / name, os.X_OK):
            sys.exit(f"{options.programs / name} is not there: build it with `swift build`.")
    dice = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="kill-commands-") as folder:
        bench = Bench(options.programs, pathlib.Path(folder))
        for name in options.only.split(","):
            begun = time.monotonic()
            try:
                command = COMMANDS[name](bench, bench.folder / f"place-{name}")
                hit = kill_often(bench, command, options.kills, dice)
                together = run_three(bench, command)
            except Broken as broken:
                sys.exit(f"{name}, seed {options.seed}: {broken}")
            print(f"{name}: {options.kills} kills, {hit} of them before its end; {together} of 3 at once succeeded; "
                  f"nothing lost, {time.monotonic() - begun:.0f} s", flush=True)
    print(f"seed {options.seed}")


if __name__ == "__main__":
    main()
