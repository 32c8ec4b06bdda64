"""Several real py-ipv8 peers."""

import asyncio
import itertools

from .reference import ReferencePeer
from .waiting import wait_until

LEVELS = ("curve25519", "very-low", "low", "medium", "high")


class ReferenceNetwork:
    """
    Starts py-ipv8 peers in this process and stops them all in the end.

        async with ReferenceNetwork(addresses) as network:
            peers = await network.start(10)
            await network.introduce()
    """

    def __init__(self, addresses):
        self._addresses = addresses
        self.peers = []
        self.complaints_expected = False

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.stop()

    async def start(self, count=1, levels=("curve25519",), tick=0.5):
        """Starts `count` peers that know nobody, with the key levels in turn, and returns them."""
        started = []
        for level in itertools.islice(itertools.cycle(levels), count):
            peer = ReferencePeer(self._addresses.take(), level, tick)
            self.peers.append(peer)
            started.append(await peer.start())
        return started

    async def add(self, ip=None, **options):
        """Starts one peer; see `ReferencePeer` for the options."""
        peer = ReferencePeer(ip or self._addresses.take(), **options)
        self.peers.append(peer)
        return await peer.start()

    async def introduce(self, peers=None, to=(), seconds=30.0):
        """Makes each peer meet the one before it in a ring, and each of `to` (nodes or contacts)."""
        peers = self.peers if peers is None else peers
        meetings = [peer.meet(peers[index - 1], seconds) for index, peer in enumerate(peers) if len(peers) > 1]
        meetings += [peer.meet(other, seconds) for peer in peers for other in to]
        await asyncio.gather(*meetings)

    async def acquainted(self, contacts_min, peers=None, seconds=60.0):
        """Waits until each peer's routing table holds at least `contacts_min` nodes."""
        peers = self.peers if peers is None else peers

        def all_know_enough():
            return all(len(peer.contacts()) >= contacts_min for peer in peers)

        await wait_until(all_know_enough, f"every py-ipv8 peer knows {contacts_min} nodes", seconds)

    def forget_values(self):
        """Empties the store of every peer."""
        for peer in self.peers:
            peer.forget_values()

    def complaints(self):
        """What any of the peers logged against packets it got."""
        return [line for peer in self.peers for line in peer.complaints.lines]

    async def stop(self):
        """Stops every peer."""
        peers, self.peers = self.peers, []
        await asyncio.gather(*(peer.stop() for peer in peers))
