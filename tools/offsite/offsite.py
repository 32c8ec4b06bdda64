#!/usr/bin/env python3
"""
Sends an archive to any storage that rclone knows, as a whole dump and increments, and restores a machine from there.

    offsite.py ship ./data remote:bucket/archives       each night; the node may run meanwhile
    offsite.py list remote:bucket/archives
    offsite.py restore remote:bucket/archives ./data    on a new machine

docs/offsite.md explains what is in the storage and what an interruption leaves. It needs Python, rclone and
bristlecone-dump, which $BRISTLECONE_DUMP names if it is not in the path.
"""

import argparse
import contextlib
import fcntl
import glob
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from typing import NamedTuple, Optional

MAGIC = b"bristlecone dump"
NAME = re.compile(
    r"(?P<number>\d{6,})-(?:base|after-(?P<start>\d+-[0-9a-f]{16}))-to-(?P<end>\d+-[0-9a-f]{16})\.dump")
PARTIAL = "partial"


class Failure(Exception):
    """A sentence for the person who called the tool."""


class State(NamedTuple):
    """An archive at a change; with `start`, what an increment begins after."""

    archive: str
    end: str
    start: Optional[str]


class Shipment(NamedTuple):
    """A file in the storage, by its name."""

    number: int
    start: Optional[str]
    end: str
    name: str

    @classmethod
    def named(cls, name):
        """The shipment of that name; `None` for any other file."""
        match = NAME.fullmatch(name)
        return match and cls(int(match["number"]), match["start"], match["end"], name)

    @classmethod
    def of(cls, number, state):
        """The next shipment."""
        middle = f"after-{state.start}" if state.start else "base"
        return cls(number, state.start, state.end, f"{number:06}-{middle}-to-{state.end}.dump")


def main():
    """Runs the command that the arguments name."""
    arguments = parser().parse_args()
    try:
        arguments.run(arguments)
    except Failure as failure:
        print(f"offsite: {failure}", file=sys.stderr)
        return 2
    return 0


def parser():
    """The command line."""
    whole = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    ship = commands.add_parser("ship", help="send what changed since the last time")
    ship.add_argument("data", type=pathlib.Path, help="the data folder")
    ship.add_argument("storage", help="where to, as rclone writes it: remote:bucket/folder")
    ship.add_argument("--increments", type=int, default=30, metavar="N", help="a new base after so many (default: 30)")
    ship.add_argument("--keep", type=int, default=2, metavar="N", help="bases to leave, each with its increments (default: 2)")
    ship.set_defaults(run=run_ship)
    restore = commands.add_parser("restore", help="make an archive from what was sent")
    restore.add_argument("storage")
    restore.add_argument("data", type=pathlib.Path, help="the data folder, which must not exist yet")
    restore.add_argument("--archive", help="its id; needed if the storage has several")
    restore.add_argument("--through", type=int, metavar="NUMBER", help="the last shipment to apply (default: the newest)")
    restore.add_argument(
        "--size-max", type=int, default=50, metavar="GIB",
        help="how large the archive may become: the node's archive.size_limit (default: 50)")
    restore.set_defaults(run=run_restore)
    listing = commands.add_parser("list", help="what the storage has")
    listing.add_argument("storage")
    listing.set_defaults(run=run_list)
    return whole


# Sending


def run_ship(arguments):
    """Sends an increment, or a new base where there is nothing to go on from."""
    if arguments.keep < 1 or arguments.increments < 0:
        raise Failure("--keep is at least 1, and --increments at least 0.")
    with alone(arguments.data), tempfile.TemporaryDirectory(prefix="offsite-") as scratch:
        storage = f"{arguments.storage.rstrip('/')}/{state_of(arguments.data).archive}"
        sent = shipments(storage)
        file = os.path.join(scratch, "dump")
        state = next_increment(arguments, sent, file) or export(arguments.data, file)
        if state.start and state.start == state.end:
            print(f"Nothing changed since {state.end}.")
            return
        shipment = Shipment.of(sent[-1].number + 1 if sent else 1, state)
        send(file, storage, shipment)
        print(f"Sent {shipment.name} ({os.path.getsize(file)} bytes) to {storage}.")
        expire(storage, [*sent, shipment], arguments.keep)


def next_increment(arguments, sent, file):
    """Exports what changed since the last shipment; `None` if that does not lead on, so that a base is due."""
    if not sent:
        return None
    base = max((place for place, one in enumerate(sent) if not one.start), default=None)
    if base is None or len(sent) - 1 - base >= arguments.increments:
        return None
    last = sent[-1]
    try:
        state = export(arguments.data, file, "--after-change", last.end.split("-")[0])
    except Failure as failure:
        print(f"A new base is due: {failure}", file=sys.stderr)
        return None
    if state.start != last.end:
        # The same number with another checksum: the archive was restored from a backup.
        print(f"A new base is due: change {last.end} is not one of this archive any more.", file=sys.stderr)
        return None
    return state


def send(file, storage, shipment):
    """Gives the file its name only when all of it is there."""
    rclone("copyto", file, f"{storage}/{PARTIAL}/{shipment.name}")
    rclone("moveto", f"{storage}/{PARTIAL}/{shipment.name}", f"{storage}/{shipment.name}")


def expire(storage, sent, keep):
    """After a new base, deletes what is older than the bases to keep, the oldest first, and what interrupted uploads left."""
    if sent[-1].start:
        return
    bases = [one.number for one in sent if not one.start]
    for one in sent:
        if one.number < bases[-min(keep, len(bases))]:
            rclone("deletefile", f"{storage}/{one.name}")
    for name in listed(f"{storage}/{PARTIAL}"):
        rclone("deletefile", f"{storage}/{PARTIAL}/{name}")


@contextlib.contextmanager
def alone(data):
    """Keeps a second `ship` of the same folder out."""
    try:
        # Node and LMDB lock other files.
        archive = os.open(data / "archive.mdb", os.O_RDONLY)
    except OSError as error:
        raise Failure(f"{data}/archive.mdb cannot be opened: {error.strerror}.") from None
    try:
        fcntl.flock(archive, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Failure(f"another process ships {data} at this moment; wait until it has ended.") from None
    finally:
        os.close(archive)


# Restoring


def run_restore(arguments):
    """Imports the newest base and every increment after it, or goes on where an earlier call was interrupted."""
    if arguments.data.exists():
        raise Failure(f"{arguments.data} exists already; name a folder that does not.")
    archive = arguments.archive or only_archive(arguments.storage)
    storage = f"{arguments.storage.rstrip('/')}/{archive}"
    chain = chain_of(shipments(storage), arguments.through, storage)
    unfinished = unfinished_folder(arguments.data, chain[0])
    with tempfile.TemporaryDirectory(prefix="offsite-") as scratch:
        for one in chain[applied(chain, archive, unfinished):]:
            file = os.path.join(scratch, one.name)
            rclone("copyto", f"{storage}/{one.name}", file)
            run([dump_tool(), "import", file, unfinished, "--size-max", str(arguments.size_max)])
            os.unlink(file)
            print(f"Imported {one.name}.")
    if state_of(unfinished)[:2] != (archive, chain[-1].end):
        raise Failure(f"{unfinished} is not what {chain[-1].name} ends with; remove the folder and restore again.")
    unfinished.rename(arguments.data)
    print(f"{arguments.data} is a copy of archive {archive} as of change {chain[-1].end.split('-')[0]}.")


def unfinished_folder(data, base):
    """Where the archive grows until it is whole. What another base began does not go together with this one."""
    chosen = data.with_name(f"{data.name}.restoring-{base.number:06}")
    for other in data.parent.glob(f"{glob.escape(data.name)}.restoring-*"):
        if other != chosen:
            shutil.rmtree(other)
    return chosen


def applied(chain, archive, folder):
    """How many of the chain a folder has; the program itself goes on with a base that was interrupted."""
    # A kill may come between the folder and the archive in it.
    if not (folder / "archive.mdb").exists():
        return 0
    here = state_of(folder)
    if here.archive != archive:
        return 0
    for place, one in enumerate(chain):
        if one.end == here.end:
            return place + 1
    shutil.rmtree(folder)
    return 0


def chain_of(sent, through, storage):
    """A base and the increments after it, without a gap."""
    chosen = [one for one in sent if through is None or one.number <= through]
    if through is not None and (not chosen or chosen[-1].number != through):
        raise Failure(f"{storage} has no shipment {through}; see what `list` shows.")
    bases = [place for place, one in enumerate(chosen) if not one.start]
    if not bases:
        raise Failure(f"{storage} has no base; check the name of the storage.")
    chain = chosen[bases[-1]:]
    for before, after in zip(chain, chain[1:]):
        if after.number != before.number + 1 or after.start != before.end:
            raise Failure(
                f"{storage} lacks what comes between {before.name} and {after.name}; find that file, or restore with "
                f"--through {before.number}.")
    return chain


def only_archive(storage):
    """The id of the archive that the storage has."""
    found = archives(storage)
    if len(found) != 1:
        names = ", ".join(found) or "none"
        raise Failure(f"{storage} has {len(found)} archives ({names}); name one with --archive.")
    return found[0]


def run_list(arguments):
    """Prints the shipments of every archive."""
    for archive in archives(arguments.storage):
        for one in shipments(f"{arguments.storage.rstrip('/')}/{archive}"):
            print(f"{archive}/{one.name}")


# The archive


def export(data, file, *more):
    """Writes a dump, and returns what it is of. A dump that lacks damaged records would lead no copy on."""
    report = json.loads(run([dump_tool(), "export", data, "--output", file, "--json", *more]))
    if report["damaged"]:
        raise Failure(f"{data} has damaged records; run `bristlecone-dump verify`, then ship again.")
    return state_in(file)


def state_of(data):
    """The archive that a folder has, or has a copy of."""
    found = json.loads(run([dump_tool(), "stat", data, "--json"]))
    if copied := found["copy_of"]:
        return State(copied["archive"], f"{copied['change']}-{copied['checksum']}", None)
    return State(found["archive_id"], f"{found['journal']['last']}-{found['journal']['checksum']}", None)


def state_in(file):
    """What the header of a dump says, as docs/dump-format.md draws it."""
    with open(file, "rb") as dump:
        if dump.read(len(MAGIC)) != MAGIC:
            raise Failure(f"{file} is no dump.")
        _, _, length = struct.unpack(">BII", dump.read(9))
        payload = dump.read(length)
    flags, digits = payload[2], payload[11]
    named = payload[12 + digits:]
    place = lambda content: f"{int.from_bytes(content[:8], 'big')}-{content[8:16].hex()}"
    return State(named[:16].hex(), place(named[16:32]), place(named[32:48]) if flags & 8 else None)


def dump_tool():
    """The program."""
    return os.environ.get("BRISTLECONE_DUMP", "bristlecone-dump")


# The storage


def shipments(storage):
    """What was sent, in order."""
    return sorted((one for name in listed(storage) if (one := Shipment.named(name))), key=lambda one: one.number)


def archives(storage):
    """The ids of the archives that were sent there."""
    return sorted(name[:-1] for name in listed(storage) if re.fullmatch(r"[0-9a-f]{32}/", name))


def listed(folder):
    """The names in a folder; none if it does not exist yet."""
    try:
        return rclone("lsf", folder).splitlines()
    except Failure as failure:
        if "not found" in str(failure):
            return []
        raise


def rclone(*arguments):
    """Runs rclone. The S3 client in it refuses $AWS_CA_BUNDLE; $RCLONE_CA_CERT does the same."""
    environment = {name: value for name, value in os.environ.items() if name != "AWS_CA_BUNDLE"}
    return run(["rclone", *arguments], environment)


def run(command, environment=None):
    """What a program prints; its last words if it fails."""
    try:
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    except OSError as error:
        raise Failure(f"{command[0]} cannot be run: {error.strerror}; install it, or put it into the path.") from None
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise Failure(lines[-1] if lines else f"{command[0]} ended with status {done.returncode}.")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
