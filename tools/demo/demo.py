"""
A small network of real nodes on this machine, shown step by step: store, SIGKILL, restart, find again.

    tools/run demo          3 Bristlecone nodes, 6 py-ipv8 peers, 16 values
    tools/run demo --fast   2 nodes, 3 peers, 8 values
"""

import argparse
import asyncio
import hashlib
import os
import pathlib
import signal
import sys
import tempfile
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "Tests/Interop"))

from harness.addresses import AddressPool, join_address  # noqa: E402
from harness.network import ReferenceNetwork  # noqa: E402
from harness.node import Bristlecone  # noqa: E402
from harness.waiting import wait_until  # noqa: E402


class Story:
    """Prints what happens, when it happens."""

    def __init__(self):
        self._began = time.monotonic()

    def tell(self, text):
        """One step."""
        print(f"[{time.monotonic() - self._began:5.1f} s] {text}", flush=True)


class Demo:
    """The network and what was stored in it."""

    def __init__(self, binary, folder, fast):
        self._binary, self._folder = binary, folder
        self._nodes_count, self._peers_count, self._values_count = (2, 3, 8) if fast else (3, 6, 16)
        self._addresses = AddressPool("demo")
        self._story = Story()
        self._nodes = []
        self._expected = {}

    async def run(self):
        """Plays it; returns how many values were not found again."""
        async with ReferenceNetwork(self._addresses) as network:
            try:
                return await self._play(network)
            finally:
                for node in self._nodes:
                    await node.discard()
                self._story.tell("Everything is stopped.")

    async def _play(self, network):
        await self._start(network)
        await self._store(network)
        await self._kill(network)
        await self._restart()
        return await self._find(network)

    async def _start(self, network):
        tell = self._story.tell
        peers = await network.start(self._peers_count, tick=0.1)
        await network.introduce()
        tell(f"{len(peers)} py-ipv8 peers run, from {join_address(peers[0].address)} on. They keep values in memory only.")
        for index in range(self._nodes_count):
            node = Bristlecone(self._binary, self._folder / f"node{index + 1}", self._addresses.take())
            self._nodes.append(node)
            await node.start(peers=[peers[index % len(peers)]])
            tell(f"Bristlecone node {index + 1} listens on {join_address(node.contact.address)}, process {node.pid}.")
        everybody = len(peers) + len(self._nodes)
        await network.acquainted(min(8, everybody - 1))
        for node in self._nodes:
            await wait_until(
                lambda: self._knows(node, min(8, everybody - 1)), f"{node} knows the network", 60.0, every=0.3)
        tell(f"They have found each other: {everybody} nodes.")

    async def _store(self, network):
        for index in range(self._values_count):
            data, key = f"needle {index + 1}".encode(), hashlib.sha1(f"demo {index + 1}".encode()).digest()
            if index % 2 == 0:
                peer = network.peers[index // 2 % len(network.peers)]
                await peer.store(key, data)
                self._expected[key] = (data, peer.public_key)
            else:
                node = self._nodes[index // 2 % len(self._nodes)]
                await node.store(key, data)
                self._expected[key] = (data, node.contact.public_key)
        self._story.tell(f"{self._values_count} signed values are stored, in turn by py-ipv8 peers and by our nodes.")

    async def _kill(self, network):
        for node in self._nodes:
            await node.kill()
        self._story.tell("All our nodes were killed with SIGKILL: no time to save anything.")
        network.forget_values()
        self._story.tell("The py-ipv8 peers forgot all values, as after a restart: no running node has one.")

    async def _restart(self):
        for index, node in enumerate(self._nodes):
            await node.restart()
            status = await node.status()
            self._story.tell(
                f"Node {index + 1} is back as {status['mid'][:8]}… with {status['archive']['values']} values "
                f"and {len(status['contacts'])} contacts on its disk.")

    async def _find(self, network):
        tell = self._story.tell
        (newcomer,) = await network.start(1, tick=0.1)
        for node in self._nodes:
            await newcomer.meet(node)
        tell(f"A new py-ipv8 peer joins, {join_address(newcomer.address)}, and looks for every value:")
        lost = 0
        for key, value in self._expected.items():
            by_newcomer = value in await newcomer.find(key)
            by_ours = value in await self._nodes[0].find(key)
            # What a lookup brings is passed on to others; here each value is to come from the archives alone.
            network.forget_values()
            tell(f"  {value[0].decode()}: " + ("found" if by_newcomer and by_ours else "NOT FOUND"))
            lost += not (by_newcomer and by_ours)
        found = len(self._expected) - lost
        tell(f"{found} of {len(self._expected)} values were found, by py-ipv8 and by Bristlecone.")
        return lost

    @staticmethod
    async def _knows(node, count):
        return len((await node.status())["contacts"]) >= count


async def main():
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="tools/run demo", description="Store, kill, restart and find on loopback.")
    parser.add_argument("--fast", action="store_true", help="a smaller network")
    arguments = parser.parse_args()
    binary = pathlib.Path(os.environ.get("BRISTLECONE") or REPOSITORY / ".build/release/bristlecone").absolute()
    if not os.access(binary, os.X_OK):
        print(f"There is no program at {binary}: start the demo with tools/run demo.", file=sys.stderr)
        return 1

    playing = asyncio.current_task()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, playing.cancel)
    with tempfile.TemporaryDirectory(prefix="bristlecone-demo-") as folder:
        try:
            return 1 if await Demo(binary, pathlib.Path(folder), arguments.fast).run() else 0
        except AssertionError as failure:
            print(f"The demo failed: {failure}", file=sys.stderr)
            return 1
        except asyncio.CancelledError:
            print("Interrupted.", file=sys.stderr)
            return 130


sys.exit(asyncio.run(main()))
