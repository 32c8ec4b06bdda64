#!/usr/bin/env python3
"""
Shares pinned keys among several nodes, so that each key is pinned on as many of them as a file says.

    fleet.py plan fleet.yaml      who is to have what; asks nobody
    fleet.py apply fleet.yaml     pins and unpins until the members have that
    fleet.py status fleet.yaml    copies of each key, and by member; status 1 if copies are missing
    fleet.py fetch fleet.yaml [MID]
                                  copies to a member, or to each, what the others have under its keys, with
                                  earlier versions and expired values
    fleet.py unlisted fleet.yaml  keys that are pinned on a member and are not in the file of pins
    fleet.py drop fleet.yaml LIST unpins the keys of a list on every member

docs/fleet.md explains the file. Run it with the Python of .venv/fleet, which tools/setup makes.
"""

import argparse
import collections
import hashlib
import http.client
import json
import pathlib
import re
import sys
import tempfile
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import yaml

PINS_OF_A_REQUEST = 10_000
ITEMS_OF_A_PART = 1000
# A listing of a whole archive reads a value so many times as fast as a request for each key does.
LISTED_FOR_ONE_ASKED = 20
PROGRESS_EVERY = 500
SECONDS_MAX = 90
REQUESTS_AT_A_TIME = 8


class Failure(Exception):
    """A sentence for the person who called the tool."""


class Member(NamedTuple):
    """A node of the fleet, by its identity, with the place of its API."""

    mid: str
    url: str
    api_key: str

    def ask(self, path, body=None):
        """What the node answers."""
        return self.send(path, json.dumps(body).encode() if body is not None else None, json.load)

    def send(self, path, body, read, **headers):
        """What `read` makes of the node's answer."""
        request = urllib.request.Request(
            f"{self.url}/api/v1{path}", body,
            {"X-Api-Key": self.api_key, "Content-Type": "application/json", **headers})
        try:
            with urllib.request.urlopen(request, timeout=SECONDS_MAX) as answer:
                return read(answer)
        except urllib.error.HTTPError as error:
            raise Failure(f"{self.url} refuses {path}: {error.read(1000).decode(errors='replace')}") from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise Failure(f"{self.url} does not answer ({error}); start the node, or take it out of the file.") from None

    def check(self):
        """Whether the node at that place is the member."""
        mid = hashlib.sha1(bytes.fromhex(self.ask("/status")["public_key"])).hexdigest()
        if mid != self.mid:
            raise Failure(f"{self.url} is the node {mid} and not {self.mid}; correct the file.")

    def listed(self, path):
        """The items of a listing."""
        place = ""
        while place is not None:
            cursor = f"&cursor={place}" if place else ""
            part = self.ask(f"{path}?limit={ITEMS_OF_A_PART}{cursor}")
            yield from part["items"]
            place = part["next"]

    def pinned(self):
        """The keys that are pinned there."""
        return {pin["key"] for pin in counted(self.listed("/pins"), f"{self.mid}: pins") if pin["key"]}

    def is_listed_faster(self, keys):
        """Whether it takes less time to read the whole archive than to ask for each key."""
        return self.ask("/status")["archive"]["values"] <= LISTED_FOR_ONE_ASKED * len(keys)

    def has(self, keys):
        """Those of the keys under which the node has a value."""
        if self.is_listed_faster(keys):
            values = counted(self.listed("/values"), f"{self.mid}: values")
            return {value["key"] for value in values if value["state"] != "damaged"} & set(keys)
        with ThreadPoolExecutor(REQUESTS_AT_A_TIME) as pool:
            found = pool.map(lambda key: bool(self.ask(f"/values/{key}")["values"]), keys)
            return {key for is_there, key in zip(counted(found, f"{self.mid}: keys"), keys) if is_there}

    def exported(self, keys):
        """The lines of all that the node has under the keys."""
        if self.is_listed_faster(keys):
            yield from self.exported_under("", set(keys))
            return
        with ThreadPoolExecutor(REQUESTS_AT_A_TIME) as pool:
            for lines in pool.map(lambda key: self.exported_under(key, {key}), keys):
                yield from lines

    def exported_under(self, prefix, keys):
        """The lines of all that the node has under the keys, which begin with the prefix."""
        def read(answer):
            lines, row = [], {}
            for line in counted(answer, f"{self.mid}: records"):
                row = json.loads(line)
                if row.get("key") in keys:
                    lines.append(line)
            if row.get("kind") != "end":
                raise Failure(f"{self.url} did not send all of its keys {prefix}…; try again.")
            return lines
        return self.send(f"/export?prefix={prefix}", None, read)

    def take(self, dump, length):
        """Imports lines; what has become of them. The node says how far it is, so the answer may take long."""
        lines = self.send(
            "/import?values_only=true&unsealed=true", dump, lambda answer: answer.read().splitlines(),
            **{"Content-Type": "application/octet-stream", "Content-Length": str(length), "Accept": "application/jsonl"})
        last = json.loads(lines[-1]) if lines else {}
        if "result" not in last:
            reason = last["problem"]["detail"] if "problem" in last else "It ended before everything was imported."
            raise Failure(f"{self.url} refuses the import: {reason}")
        return last["result"]


class Fleet:
    """The members, how many of them are to have each key, and the keys."""

    def __init__(self, path):
        try:
            content = yaml.safe_load(path.read_text())
            self.copies = int(content["copies"])
            self.members = [
                Member(one["mid"].lower(), one["url"].rstrip("/"), (path.parent / one["key_file"]).read_text().strip())
                for one in content["members"]]
            self.pins = path.parent / content["pins"]
            self.keys = keys_in(self.pins)
        except (OSError, KeyError, TypeError, ValueError, AttributeError, yaml.YAMLError) as error:
            raise Failure(f"{path} cannot be used ({type(error).__name__}: {error}); docs/fleet.md shows what is in it.") from None
        check_digits("mid", [member.mid for member in self.members])
        if not 1 <= self.copies <= len(self.members) or len({member.mid for member in self.members}) < len(self.members):
            raise Failure(f"{path} wants {self.copies} copies of {len(self.members)} members; name more members, each once.")

    def owners(self, key):
        """The members that are to have a key: those with the highest hashes together with its first two bytes."""
        def weight(member):
            return hashlib.sha256(bytes.fromhex(member.mid) + bytes.fromhex(key[:4])).digest()
        return sorted(self.members, key=weight, reverse=True)[:self.copies]

    def shares(self):
        """The keys of each member."""
        shares = {member: [] for member in self.members}
        for key in self.keys:
            for member in self.owners(key):
                shares[member].append(key)
        return shares


def keys_in(path):
    """The keys of a file, each at the beginning of a line."""
    keys = sorted({line.split()[0].lower() for line in path.open() if line.strip()})
    check_digits("key", keys)
    return keys


def check_digits(name, texts):
    """Refuses what is no key and no mid."""
    wrong = next((text for text in texts if not re.fullmatch("[0-9a-f]{40}", text)), None)
    if wrong is not None:
        raise Failure(f"the {name} {wrong} is not 40 hexadecimal digits.")


def counted(items, what):
    """The items. Meanwhile a person at a terminal sees how many there were."""
    is_seen = False
    for count, item in enumerate(items, 1):
        if count % PROGRESS_EVERY == 0 and sys.stderr.isatty():
            print(f"\r\033[K{what}: {count}", end="", file=sys.stderr, flush=True)
            is_seen = True
        yield item
    if is_seen:
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def main():
    """Runs the command that the arguments name."""
    whole = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    for name, run in (("plan", run_plan), ("apply", run_apply), ("status", run_status), ("fetch", run_fetch),
                      ("unlisted", run_unlisted), ("drop", run_drop)):
        command = commands.add_parser(name)
        command.add_argument("file", type=pathlib.Path)
        if run is run_fetch:
            command.add_argument("mid", nargs="?")
        if run is run_drop:
            command.add_argument("path", type=pathlib.Path, metavar="LIST")
        command.set_defaults(run=run)
    arguments = vars(whole.parse_args())
    try:
        return arguments.pop("run")(Fleet(arguments.pop("file")), **arguments)
    except Failure as failure:
        print(f"fleet: {failure}", file=sys.stderr)
        return 2


def run_plan(fleet):
    """Prints the members of each key."""
    for key in fleet.keys:
        print(key, *(member.mid for member in fleet.owners(key)))
    return 0


def run_apply(fleet):
    """Pins what is missing, first on every member. Then unpins what others have, never the last copies."""
    shares = fleet.shares()
    for member in fleet.members:
        member.check()
    pinned = {member: member.pinned() for member in fleet.members}
    for member, share in shares.items():
        change(member, "add", [key for key in share if key not in pinned[member]])
    extra = {member: sorted(pinned[member] & set(fleet.keys) - set(share)) for member, share in shares.items()}
    moving = sorted({key for keys in extra.values() for key in keys})
    there = {member: member.has([key for key in moving if member in fleet.owners(key)]) for member in fleet.members}
    arrived = {key for key in moving if all(key in there[member] for member in fleet.owners(key))}
    for member, keys in extra.items():
        change(member, "remove", [key for key in keys if key in arrived])
    if waiting := len(set(moving) - arrived):
        print(f"{waiting} keys stay pinned where they were until their new members have them: apply again later.")
    if unlisted := len(set().union(*pinned.values()) - set(fleet.keys)):
        print(f"Keys that are pinned on members and are not in {fleet.pins.name}: {unlisted}. `unlisted` names them.")
    return 0


def change(member, verb, keys):
    """Pins or unpins keys on a member."""
    for start in range(0, len(keys), PINS_OF_A_REQUEST):
        member.ask("/pins", {verb: [{"key": key} for key in keys[start:start + PINS_OF_A_REQUEST]]})
    if keys:
        print(f"{member.mid}: {verb} {len(keys)}")


def run_status(fleet):
    """Prints how many copies there are, by member and by number of copies."""
    copies, silent = collections.Counter(), 0
    for member, share in fleet.shares().items():
        try:
            member.check()
            there, pins = member.has(share), len(member.pinned() & set(share))
        except Failure as failure:
            print(f"{member.mid}: {failure}")
            silent += 1
            continue
        copies.update(there)
        print(f"{member.mid}: has {len(there)} of {len(share)} keys, and {pins} of them pinned")
    counts = collections.Counter(copies[key] for key in fleet.keys)
    for count in sorted(counts):
        print(f"{counts[count]} keys have {count} of {fleet.copies} copies")
    return 0 if counts[fleet.copies] == len(fleet.keys) and not silent else 1


def run_fetch(fleet, mid):
    """Imports into a member, or into each, what the others have under its keys."""
    wanted = [one for one in fleet.members if mid is None or one.mid == mid.lower()]
    if not wanted:
        raise Failure(f"{mid} is no member; the file names the members.")
    for member in fleet.members:
        member.check()
    shares = fleet.shares()
    return max(fetch(member, shares[member], [one for one in fleet.members if one != member]) for member in wanted)


def fetch(member, keys, others):
    """Imports into a member what the others have under the keys; status 1 if it refuses some of it."""
    with tempfile.TemporaryFile() as dump:
        for one in others:
            dump.writelines(one.exported(keys))
        length = dump.tell()
        if not length:
            print(f"{member.mid}: the others have nothing under its keys")
            return 0
        dump.seek(0)
        report = member.take(dump, length)
    refused = sum(report["refused"].values()) + report["conflicting"]
    print(f"{member.mid}: {report['taken']} records taken, {report['held'] + report['superseded']} there already, {refused} refused")
    return 0 if report["complete"] else 1


def run_unlisted(fleet):
    """Prints the keys that are pinned on members and are not in the file of pins, each with these members."""
    members = collections.defaultdict(list)
    for member in fleet.members:
        member.check()
        for key in member.pinned() - set(fleet.keys):
            members[key].append(member.mid)
    for key in sorted(members):
        print(key, *members[key])
    return 0


def run_drop(fleet, path):
    """Unpins the keys of a list on every member."""
    try:
        keys = keys_in(path)
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{path} cannot be read: {error}") from None
    wanted = sorted(set(keys) & set(fleet.keys))
    if wanted:
        raise Failure(f"{wanted[0]} is in {fleet.pins.name}, so the next `apply` would pin it again; take it out there first.")
    for member in fleet.members:
        member.check()
    pinned = {member: member.pinned() for member in fleet.members}
    for member in fleet.members:
        change(member, "remove", [key for key in keys if key in pinned[member]])
    if not set(keys) & set().union(*pinned.values()):
        print("No member has one of these keys pinned.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
