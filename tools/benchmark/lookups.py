"""How long lookups, stores and connections take among many nodes that are far apart: `tools/bench --lookups`.

Half of the nodes of an overlay are ours and half are py-ipv8's. Both kinds ask for the same things at the same time. Then it is done
again right after a fifth of the nodes has lost its power, while the others still know them."""

import asyncio
import base64
import contextlib
import hashlib
import json
import math
import os
import pathlib
import random
import statistics
import sys
import tempfile
import threading

import aiohttp

import nodes
import page
from relay import Relay

# How many nodes, and how many rounds with all of them alive and with some dead.
FULL = {"sizes": [25, 200], "rounds": {0.0: 2, 0.2: 10}, "askers": 10, "seconds": 15.0, "settling": 150.0, "recovery": 90.0}
QUICK = {"sizes": [10], "rounds": {0.2: 1}, "askers": 3, "seconds": 3.0, "settling": 45.0, "recovery": 0.0}
REPETITIONS = 1
# So many nodes of py-ipv8 share a process, which is busy enough with them.
REFERENCES_PER_PROCESS = 25
# A node begins with so many others, as if bootstrap servers had introduced them.
INTRODUCED = 3
STORED_AT_ONCE = 8
COMMANDS = {"find": "lookup", "store": "store", "connect": "connect"}
# Requests that these consist of, by their message: stores, finds, questions for a peer, and requests for punctures.
REQUESTS = (3, 5, 9, 232, 250)
ANSWER_SECONDS_MAX = 60.0
ACQUAINTED_SECONDS_MAX = 180.0


def measured(programs, place, is_quick=False, repetitions=REPETITIONS):
    """Rows of all overlays: `{"rows": [...], "lateness_p99": seconds}`."""
    settings = QUICK if is_quick else FULL
    rows, lateness = [], []
    for repetition in range(repetitions):
        for size in settings["sizes"]:
            with tempfile.TemporaryDirectory(prefix="lookups-", dir=place) as folder:
                asyncio.run(in_overlay(
                    programs, pathlib.Path(folder), size, settings, random.Random(repetition), rows, lateness))
    return {"rows": rows, "lateness_p99": percentile(lateness, 99)}


async def in_overlay(programs, folder, size, settings, chance, rows, lateness):
    """Makes an overlay and measures in it."""
    async with contextlib.AsyncExitStack() as stack:
        overlay = await stack.enter_async_context(Overlay.of(programs, folder, size, chance))
        nodes.say(f"{size} nodes run; waiting until they know each other ...")
        await overlay.acquainted()
        await asyncio.sleep(settings["settling"])
        for dead, count in settings["rounds"].items():
            for number in range(count):
                found = await overlay.round(dead, settings["askers"], settings["seconds"])
                nodes.say(f"{size} nodes, {100 * dead:.0f} % dead, round {number + 1} of {count}: {len(found)} measured")
                rows += [row | {"nodes": size, "dead": dead} for row in found]
                if dead > 0 and number + 1 < count:
                    await asyncio.sleep(settings["recovery"])
        lateness += overlay.relay.lateness


class Overlay:
    """All nodes, and the network between them."""

    def __init__(self, relay, members, chance):
        self.relay = relay
        self.members = members
        self.chance = chance

    @classmethod
    @contextlib.asynccontextmanager
    async def of(cls, programs, folder, size, chance):
        """Starts everybody; half of them are ours."""
        async with contextlib.AsyncExitStack() as stack:
            relay = stack.enter_context(contextlib.closing(Relay(chance.random())))
            hosts = [relay.add() for _ in range(size)]
            ours, theirs = hosts[:size // 2], hosts[size // 2:]
            references = []
            for first in range(0, len(theirs), REFERENCES_PER_PROCESS):
                references += stack.enter_context(running_references(theirs[first:first + REFERENCES_PER_PROCESS]))
            for number, reference in enumerate(references, len(ours)):
                relay.settle(number, reference.address)
            seen = [relay.seen(number) for number in range(size)]
            members = []
            for number, host in enumerate(ours):
                known = chance.sample(seen[len(ours):] + seen[:number], INTRODUCED)
                member = await stack.enter_async_context(running_node(programs, folder / str(number), host, known))
                relay.settle(number, member.address)
                members.append(member)
            for number, reference in enumerate(references, len(ours)):
                for address in chance.sample(seen[:number] + seen[number + 1:], INTRODUCED):
                    await reference.ask("walk", *address)
            yield cls(relay, members + references, chance)

    async def acquainted(self):
        """Waits until everybody knows enough others to take part."""
        wanted = min(20, len(self.members) // 2)
        for _ in range(int(ACQUAINTED_SECONDS_MAX)):
            states = [await member.state() for member in self.members]
            if min(state["contacts"] for state in states) >= wanted:
                return
            await asyncio.sleep(1)
        raise nodes.Broken(f"not everybody knew {wanted} others after {ACQUAINTED_SECONDS_MAX:g} s")

    async def round(self, dead, askers, seconds):
        """Has values stored, takes some nodes' power, and has others look up, store and connect; rows of what came of it."""
        values = await self.publish(2 * askers)
        states = [await member.state() for member in self.members]
        halves = self.halves()
        dying = [number for half in halves for number in self.chance.sample(half, self.count_of(half, dead))]
        self.relay.silent = set(dying)
        tasks = []
        for half in halves:
            living = [number for number in half if number not in self.relay.silent]
            for number in self.chance.sample(living, min(askers, len(living))):
                tasks.append(self.asked_by(number, states, values, seconds))
        rows = await asyncio.gather(*tasks)
        self.relay.silent = set()
        return [row for some in rows for row in some]

    def halves(self):
        """The numbers of our nodes and of the others."""
        return [[n for n, member in enumerate(self.members) if member.kind == kind] for kind in (page.OURS, page.THEIRS)]

    def count_of(self, half, dead):
        """How many of a half die; between two numbers chance decides."""
        return int(len(half) * dead + self.chance.random())

    async def publish(self, count):
        """Values of as many nodes: {key: value}."""
        values = {self.chance.randbytes(20).hex(): self.chance.randbytes(20).hex() for _ in range(count)}
        at_once = asyncio.Semaphore(STORED_AT_ONCE)

        async def store(member, key, value):
            async with at_once:
                await member.ask("store", key, value)
        await asyncio.gather(*(
            store(self.chance.choice(self.members), key, value) for key, value in values.items()))
        return values

    async def asked_by(self, number, states, values, seconds):
        """What came of the three commands, one after the other and in any order, given to one node within some seconds."""
        rows = []
        for command in self.chance.sample(list(COMMANDS), len(COMMANDS)):
            await asyncio.sleep(self.chance.uniform(0, 2 * seconds / len(COMMANDS)))
            rows.append(await self.measure(number, command, states, values))
        return rows

    async def measure(self, number, command, states, values):
        """Gives one node one command. It does not have what it looks for, unless everybody has it."""
        has = states[number]
        if command == "find":
            key = self.chance.choice([key for key in values if key not in has["keys"]] or list(values))
            arguments, worked = [key], lambda result: values[key] in result
        elif command == "store":
            arguments, worked = [self.chance.randbytes(20).hex(), self.chance.randbytes(20).hex()], bool
        else:
            living = [
                state["mid"] for n, state in enumerate(states) if n != number and n not in self.relay.silent]
            mid = self.chance.choice([mid for mid in living if mid not in has["peers"]] or living)
            arguments, worked = [mid], lambda result: mid in result
        before = self.requests(number)
        seconds, result = await self.members[number].ask(command, *arguments)
        return {
            "node": self.members[number].kind, "command": command, "seconds": seconds,
            "requests": self.requests(number) - before, "worked": result is not None and worked(result)}

    def requests(self, number):
        """How many requests a node has sent."""
        return sum(self.relay.sent[number, message] for message in REQUESTS)


class Reference:
    """A node of py-ipv8, in a process that it shares."""

    kind = page.THEIRS

    def __init__(self, number, address, crowd):
        self.address = address
        self._number = number
        self._crowd = crowd

    async def state(self):
        """Who it is and what it has."""
        return (await self.ask("state"))[1]

    async def ask(self, command, *arguments):
        """Gives it a command; how long it took, and what came of it."""
        return await self._crowd.ask(self._number, command, arguments)


class Crowd:
    """A process of nodes of py-ipv8."""

    def __init__(self, process):
        self._process = process
        self._waiting = {}
        self._loop = asyncio.get_running_loop()
        self._count = 0

    async def ask(self, number, command, arguments):
        """Gives a node a command."""
        self._count += 1
        answer = self._waiting[self._count] = self._loop.create_future()
        line = json.dumps({"id": self._count, "node": number, "do": command, "with": arguments})
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        result = await asyncio.wait_for(answer, ANSWER_SECONDS_MAX)
        return result["seconds"], result["result"]

    def read(self):
        """Hands the answers out, in a thread of its own."""
        for line in self._process.stdout:
            self._loop.call_soon_threadsafe(self._answered, json.loads(line))

    def _answered(self, result):
        self._waiting.pop(result["id"]).set_result(result)


@contextlib.contextmanager
def running_references(hosts):
    """Nodes of py-ipv8 that share a process."""
    with nodes.running(sys.executable, nodes.HERE / "reference.py", *hosts, log=None) as process:
        crowd = Crowd(process)
        members = [
            Reference(number, split(nodes.first_line(process, "py-ipv8")), crowd) for number in range(len(hosts))]
        threading.Thread(target=crowd.read, daemon=True).start()
        yield members


class Node:
    """A node of ours."""

    kind = page.OURS

    def __init__(self, address, session):
        self.address = address
        self._session = session

    async def state(self):
        """Who it is and what it has."""
        status = await self._get("/api/v1/status")
        remembered = (await self._get("/dht/statistics"))["statistics"]["num_peers_in_store"]
        return {
            "mid": status["mid"], "contacts": len(status["contacts"]), "keys": list(await self._get("/dht/values")),
            "peers": list(remembered)}

    async def ask(self, command, *arguments):
        """Gives it a command; how long it took, and what came of it."""
        begun = asyncio.get_running_loop().time()
        result = await getattr(self, f"_{command}")(*arguments)
        return asyncio.get_running_loop().time() - begun, result

    async def _find(self, key):
        return [value["value"] for value in (await self._get(f"/dht/values/{key}"))["values"]]

    async def _store(self, key, value):
        async with self._session.put(f"http://node/dht/values/{key}", json={"value": value}) as answer:
            return (await answer.json())["acknowledged"]

    async def _connect(self, mid):
        found = await self._get(f"/dht/peers/{mid}")
        return [hashlib.sha1(base64.b64decode(peer["public_key"])).hexdigest() for peer in found.get("peers", [])]

    async def _get(self, path):
        async with self._session.get("http://node" + path) as answer:
            return await answer.json()


@contextlib.asynccontextmanager
async def running_node(programs, folder, host, known):
    """One of our nodes with default settings."""
    folder.mkdir()
    peers = [part for host_known, port in known for part in ("--peer", f"{host_known}:{port}")]
    with nodes.bristlecone(programs / "bristlecone", folder, host=host, arguments=peers) as (address, _):
        # By its name within the folder: a socket's path may not exceed 107 bytes.
        descriptor = os.open(folder / "data", os.O_PATH | os.O_DIRECTORY)
        try:
            connector = aiohttp.UnixConnector(f"/proc/self/fd/{descriptor}/control.sock")
            timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS_MAX)
            async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
                yield Node(split(address), session)
        finally:
            os.close(descriptor)


def split(address):
    """An address with a port."""
    host, _, port = address.rpartition(":")
    return host, int(port)


def table(result):
    """Times and requests of both kinds side by side."""
    lines = []
    groups = sorted({(row["nodes"], row["dead"]) for row in result["rows"]})
    for size, dead in groups:
        for command, name in COMMANDS.items():
            for kind in (page.OURS, page.THEIRS):
                rows = [row for row in result["rows"]
                        if (row["nodes"], row["dead"], row["command"], row["node"]) == (size, dead, command, kind)]
                times = [row["seconds"] for row in rows]
                lines.append([
                    str(size), f"{100 * dead:.0f} %", name, kind, str(len(rows)),
                    *(milliseconds(percentile(times, part)) for part in (50, 90, 100)),
                    f"{statistics.mean(row['requests'] for row in rows):.1f}",
                    str(sum(not row["worked"] for row in rows))])
    head = ["nodes", "dead", "command", "asked of", "times", "median, ms", "p90, ms", "longest, ms", "requests", "without success"]
    return page.table(head, lines) + f"\n\nDatagrams went on {milliseconds(result['lateness_p99'])} ms late at most (p99)."


def percentile(numbers, part):
    """The smallest number that this part of all does not exceed."""
    return sorted(numbers)[max(0, math.ceil(len(numbers) * part / 100) - 1)]


def milliseconds(seconds):
    """A time."""
    return f"{1000 * seconds:,.0f}"
