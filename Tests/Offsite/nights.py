"""Whatever can happen to the archive of a node in a night, in random order, by way of the programs alone."""

import collections
import hashlib
import json
import time

import aiohttp

from harness.command import run_command

KEYS = [f"night {number}" for number in range(5)]
DAY = 86_400
SETTINGS = {
    "ARCHIVE_RETAIN_UNSIGNED": "1 day", "ARCHIVE_RETAIN_SIGNED": "3 days", "ARCHIVE_VALUES_PER_KEY": "8",
    "ARCHIVE_JOURNAL_KEEP": "365 days"}


class Nights:
    """A node, and a peer that stores on it too, both by one clock that a test sets."""

    def __init__(self, nodes, clock, random, folder):
        self.node, self.peer = (nodes.make(settings=SETTINGS, environment=clock.environment) for _ in range(2))
        self.clock, self.random, self.folder = clock, random, folder
        self.now = int(time.time())
        self.blocked = set()
        self.done = collections.Counter()

    async def start(self):
        """Both know each other then."""
        await self.node.start()
        await self.peer.start(peers=[self.node])

    async def pass_one(self):
        """Some ten to thirty of the things that may happen."""
        events = [self.store] * 12 + [self.store_elsewhere] + [self.keep] * 3 + [self.drop] * 2
        events += [self.forget] * 2 + [self.block, self.unblock, self.withdraw, self.set_clock_back] + [self.wait] * 3
        events += [self.run_task] * 6
        for _ in range(self.random.randrange(10, 30)):
            await self.random.choice(events)()
        if self.random.random() < 0.3:
            await self.bring_in()

    # What happens

    async def store(self):
        await self._store(self.node, "store")

    async def store_elsewhere(self):
        await self._store(self.peer, "store_elsewhere")

    async def _store(self, node, name):
        key, signed = self.random.choice(KEYS), self.random.random() < 0.6
        # From so few texts that some are stored again, under the same key or another one.
        body = {"text": f"text {self.random.randrange(30)}", "signed": signed}
        await self._post(node, name, f"/values/{key}", body)

    async def keep(self):
        await self._post(self.node, "pin", "/pins", {"add": [self._subject()]})

    async def drop(self):
        await self._post(self.node, "unpin", "/pins", {"remove": [self._subject()]})

    async def withdraw(self):
        await self._post(self.node, "withdraw", f"/values/{self.random.choice(KEYS)}/withdraw", None)

    async def forget(self):
        await self._post(self.node, "forget", "/forget", self._subject())

    async def block(self):
        key = self._key()
        if await self._post(self.node, "block", "/forget", {"key": key, "block": True}):
            self.blocked.add(key)

    async def unblock(self):
        key = self.random.choice(sorted(self.blocked)) if self.blocked else self._key()
        if await self._post(self.node, "unblock", "/unblock", {"key": key}):
            self.blocked.discard(key)

    async def wait(self):
        self._set(self.now + self.random.randrange(1, 2 * DAY))

    async def set_clock_back(self):
        self._set(self.now - self.random.randrange(1, 2 * DAY))

    async def run_task(self):
        async with session(self.node) as client:
            async with client.get("http://node/api/v1/tasks") as response:
                names = [task["name"] for task in await response.json()]
        await self._post(self.node, "task", f"/tasks/{self.random.choice(names)}/run", None)

    async def bring_in(self):
        """Imports what the peer has, which needs the node stopped."""
        tool = str(self.node.binary) + "-dump"
        path = self.folder / "brought.dump"
        await self.node.stop()
        flags = ["--values-only"] if self.random.random() < 0.3 else []
        exported = await run_command(tool, "export", str(self.peer.data), "--output", str(path))
        assert exported.status == 0, exported
        imported = await run_command(tool, "import", str(path), str(self.node.data), "--json", *flags)
        assert imported.status in (0, 1), imported
        if imported.json()["taken"]:
            self.done["import"] += 1
        await self.node.restart()

    # Means

    def _set(self, now):
        self.now = now
        self.clock.set(now)
        self.done["clock"] += 1

    def _key(self):
        return hashed(self.random.choice(KEYS))

    def _subject(self):
        if self.random.random() < 0.7:
            return {"key": self._key()}
        return {"signer": self.random.choice([self.node, self.peer]).contact.mid.hex()}

    async def _post(self, node, name, path, body):
        """Whether the node did it; it may have a reason not to, such as a block."""
        async with session(node) as client:
            async with client.post(f"http://node/api/v1{path}", json=body) as response:
                content = await response.read()
                # Where nothing can be evicted, a key is full.
                assert response.status < 500 or response.status == 507, (path, body, content)
                if response.status < 300:
                    self.done[name] += 1
                return response.status < 300


def session(node):
    """A client of a node's control socket."""
    return aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=str(node.data / "control.sock")))


def hashed(text):
    """The key that a text stands for."""
    return hashlib.sha1(text.encode()).hexdigest()


def blocks_of(lines):
    """The blocked keys in an export of lines of JSON."""
    return {item["key"] for item in map(json.loads, lines) if item["kind"] == "block" and "key" in item}
