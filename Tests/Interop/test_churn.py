"""A network of 20 py-ipv8 peers and 5 nodes of ours in which peers come and go: values are found, the gone forgotten."""

import asyncio
import dataclasses
import random
import statistics
import time

import pytest

from harness.waiting import wait_until

THEIRS, OURS = 20, 5
# So many store and find at once: each of them waits a while for those who have just gone.
USERS = 3
# A peer of the reference walks every half second; 20 of them in one process are given a little more time.
TICK = 0.5
# Who has just joined has hardly met anybody.
SETTLED_SECONDS = 12.0
# Pinged after 25 s, and given up after two silences of 5 s; with some slack for a busy machine.
FORGOTTEN_SECONDS = 60.0
MEMORY_GROWTH_MAX = 1.15
SAMPLE_SECONDS = 5.0
# Of each kind, or nothing follows from how many have worked.
TRIES_MIN = 5


@dataclasses.dataclass
class Tally:
    """How often something worked."""

    tried: int = 0
    worked: int = 0

    def add(self, worked):
        self.tried += 1
        self.worked += bool(worked)

    def is_above(self, rate, spare):
        """Whether it worked that often, apart from a number of failures that are nobody's fault."""
        return self.worked + spare > rate * self.tried

    @property
    def rate(self):
        return self.worked / max(1, self.tried)

    def __str__(self):
        return f"{self.worked} of {self.tried} ({100 * self.rate:.1f} %)"


class Churn:
    """The network, what is stored in it, and how it fares."""

    def __init__(self, network, nodes, churn_seconds):
        self._network = network
        self._nodes = nodes
        self._churn_seconds = churn_seconds
        self._joined = {}
        self._values = []
        self._random = random.Random(0)
        self.our_stores, self.their_stores = Tally(), Tally()
        self.our_finds, self.their_finds = Tally(), Tally()
        self.joined, self.left, self.restarted = 0, 0, 0
        self.memory = []

    async def begin(self):
        """Starts everybody and waits until they are a network."""
        theirs = await self._network.start(THEIRS, tick=TICK)
        first = await self._nodes.start(peers=theirs[:2])
        await self._nodes.start_many(OURS - 1, peers=[first])
        for number, peer in enumerate(theirs):
            peer.walk_to(theirs[number - 1].address)
            peer.walk_to(first.contact.address)
        await self._network.acquainted(8, seconds=90.0)
        self._joined = dict.fromkeys(theirs, time.monotonic() - SETTLED_SECONDS)

    async def run(self, seconds):
        """Lets peers come and go, stores and finds, all at once."""
        ends = time.monotonic() + seconds
        users = [self._store, self._find_by_ours, self._find_by_theirs] * USERS
        tasks = [self._come_and_go, self._restart_ours, self._sample, *users]
        await asyncio.gather(*(task(ends) for task in tasks))

    async def _until(self, ends, seconds):
        """Waits; false at the end, which a machine that is busy puts off until something has been tried."""
        left = ends - time.monotonic()
        await asyncio.sleep(min(seconds, left) if left > 0 else seconds)
        tallies = (self.our_stores, self.their_stores, self.our_finds, self.their_finds)
        return time.monotonic() < ends or min(tally.tried for tally in tallies) < TRIES_MIN

    async def _come_and_go(self, ends):
        while await self._until(ends, self._churn_seconds):
            leaves = self._random.choice(self._network.peers)
            self._network.peers.remove(leaves)
            del self._joined[leaves]
            await leaves.stop()
            self.left += 1
            (joins,) = await self._network.start(1, tick=TICK)
            joins.walk_to(self._random.choice(self._nodes.all).contact.address)
            joins.walk_to(self._random.choice(self._network.peers[:-1]).address)
            self._joined[joins] = time.monotonic()
            self.joined += 1

    async def _restart_ours(self, ends):
        """One of ours goes away and comes back with what it knows, now and then; the others are watched throughout."""
        node = self._nodes.all[-1]
        while await self._until(ends, 8 * self._churn_seconds):
            await node.stop()
            await node.restart()
            self.restarted += 1

    async def _store(self, ends):
        while await self._until(ends, 1.0):
            key, data = self._random.randbytes(20), self._random.randbytes(8)
            if self._random.random() < 0.5:
                node = self._steady()
                stored = await node.store(key, data)
                self.our_stores.add(stored["acknowledged"] >= 1)
                signer = node.contact.public_key
            else:
                peer = self._settled()
                stored = await self._ask(peer, lambda peer=peer: peer.store(key, data))
                if stored is None:
                    continue
                # It counts silent nodes among the eight, and may be left with none.
                self.their_stores.add(stored)
                if not stored:
                    continue
                signer = peer.public_key
            self._values = self._values[-30:] + [(key, (data, signer))]

    async def _find_by_ours(self, ends):
        while await self._until(ends, 0.8):
            if self._values:
                key, value = self._random.choice(self._values)
                self.our_finds.add(value in await self._steady().find(key))

    async def _find_by_theirs(self, ends):
        while await self._until(ends, 0.8):
            if self._values:
                seeker = self._settled()
                key, value = self._random.choice(self._values)
                found = await self._ask(seeker, lambda seeker=seeker, key=key: seeker.find(key))
                if found is not None:
                    self.their_finds.add(found and value in found)

    async def _ask(self, peer, question):
        """What a py-ipv8 peer brings; False where it fails, None where the peer has left or there is none."""
        if peer is None:
            return None
        try:
            result = await question()
        except (Exception, asyncio.CancelledError):
            # A peer that is stopped cancels what it does for others.
            if asyncio.current_task().cancelling():
                raise
            result = False
        return result if peer in self._joined else None

    async def _sample(self, ends):
        while await self._until(ends, SAMPLE_SECONDS):
            self.memory.append([node.resident_bytes() for node in self._nodes.all[:-1]])

    def _steady(self):
        """One of ours that is not restarted."""
        return self._random.choice(self._nodes.all[:-1])

    def _settled(self):
        """One of theirs that has been here for a while."""
        now = time.monotonic()
        settled = [peer for peer, joined in self._joined.items() if now - joined > SETTLED_SECONDS]
        return self._random.choice(settled) if settled else None

    async def only_the_living_are_known(self):
        """Waits until no table of ours holds anybody who is gone."""
        living = {peer.mid.hex() for peer in self._network.peers} | {
            node.contact.mid.hex() for node in self._nodes.all}

        async def none_is_gone():
            tables = await self.tables()
            return all(mids and mids <= living for mids in tables)

        await wait_until(none_is_gone, "the tables hold the living only", FORGOTTEN_SECONDS, every=1.0)

    async def tables(self):
        """The identities in each of our tables."""
        statuses = await asyncio.gather(*(node.status() for node in self._nodes.all))
        return [{contact["mid"] for contact in status["contacts"]} for status in statuses]

    def memory_growth(self):
        """How much more memory the steady nodes held in the last third of the time than in the second, as a factor."""
        third = len(self.memory) // 3
        means = [statistics.median(map(sum, part)) for part in (self.memory[third:2 * third], self.memory[-third:])]
        return means[1] / means[0]

    def report(self):
        """How it went, in lines."""
        mebibytes = [sum(sample) / len(sample) / 2**20 for sample in self.memory]
        step = max(1, len(mebibytes) // 12)
        return "\n".join([
            f"{self.left} left, {self.joined} joined, {self.restarted} restarts of one of ours",
            f"stores by ours {self.our_stores}, by theirs {self.their_stores}",
            f"finds by ours {self.our_finds}, by theirs {self.their_finds}",
            f"MiB resident a node, every {step * SAMPLE_SECONDS:.0f} s: "
            + " ".join(f"{value:.1f}" for value in mebibytes[::step]),
        ])


async def churn(network, nodes, seconds, churn_seconds):
    """Runs it and checks what has to hold however long it takes."""
    network.complaints_expected = True  # a token of somebody who left and came anew, an answer to who has gone
    churn = Churn(network, nodes, churn_seconds)
    await churn.begin()
    await churn.run(seconds)
    print(churn.report())
    # On a busy machine a short run has only a few of each, and an answer may come too late.
    assert churn.our_stores.is_above(0.97, 1) and churn.their_stores.is_above(0.7, 3), churn.report()
    assert churn.our_finds.is_above(0.97, 1) and churn.their_finds.is_above(0.9, 3), churn.report()
    assert churn.our_stores.worked and churn.their_stores.worked and churn.our_finds.worked, churn.report()
    return churn


async def test_peers_come_and_go(network, nodes):
    await churn(network, nodes, seconds=15.0, churn_seconds=1.5)


@pytest.mark.full
@pytest.mark.timeout(1200)
async def test_ten_minutes_of_coming_and_going(network, nodes):
    lasting = await churn(network, nodes, seconds=600.0, churn_seconds=8.0)
    growth = lasting.memory_growth()
    print(f"memory of the last third to that of the second: {growth:.3f}")
    assert growth < MEMORY_GROWTH_MAX, lasting.report()
    await lasting.only_the_living_are_known()
    print("table sizes at the end:", [len(table) for table in await lasting.tables()])
