"""py-ipv8 nodes as its service runs them, without bootstrap servers, until the input ends: `reference.py HOST ...`.

Prints where each of them listens. Then it reads requests, a line of JSON for each, and answers each with a line."""

import asyncio
import json
import sys
import time

from ipv8.configuration import ConfigBuilder, Strategy, WalkerDefinition
from ipv8.dht import DHTError
from ipv8.messaging.interfaces.udp.endpoint import UDPv4Address
from ipv8_service import IPv8

PEERS_WANTED = 20
EVERY_STEP = -1


class Reference:
    """One node."""

    def __init__(self, host):
        builder = ConfigBuilder().clear_keys().clear_overlays().set_log_level("CRITICAL")
        builder.config["interfaces"] = [{"interface": "UDPIPv4", "ip": host, "port": 0}]
        builder.add_ephemeral_key("node")
        builder.add_overlay(
            "DHTDiscoveryCommunity", "node",
            [WalkerDefinition(Strategy.RandomWalk, PEERS_WANTED, {"timeout": 3.0}),
             WalkerDefinition(Strategy.PingChurn, EVERY_STEP, {"ping_interval": 25.0})], [], {}, [])
        self.service = IPv8(builder.finalize())
        self.overlay = self.service.overlays[0]
        # The machine's other addresses would lead it off the loopback interface.
        self.overlay.cancel_pending_task("discover_lan_addresses")
        self.overlay.address_is_lan = lambda address: False
        self.overlay.guess_address = lambda interface: self.address

    @property
    def address(self):
        """Where it listens."""
        return UDPv4Address(*self.service.endpoint.interfaces["UDPIPv4"].get_address()[:2])

    async def start(self):
        """Begins to listen; where, as text."""
        await self.service.start()
        self.overlay.my_estimated_lan = self.address
        return "{}:{}".format(*self.address)

    async def state(self):
        """Who it is, how many nodes it knows, and what it has: keys with values, and peers that it remembers."""
        tables = self.overlay.routing_tables.values()
        return {
            "mid": self.overlay.my_peer.mid.hex(),
            "contacts": sum(len(bucket.nodes) for table in tables for bucket in table.trie.values()),
            "keys": [key.hex() for storage in self.overlay.storages.values() for key in storage.items],
            "peers": [mid.hex() for mid in self.overlay.store]}

    async def walk(self, host, port):
        """Asks for an introduction."""
        self.overlay.walk_to(UDPv4Address(host, port))

    async def find(self, key):
        """The values under a key."""
        return [data.hex() for data, _ in await self.overlay.find_values(bytes.fromhex(key))]

    async def store(self, key, value):
        """How many nodes stored a value."""
        return len(await self.overlay.store_value(bytes.fromhex(key), bytes.fromhex(value), sign=True))

    async def connect(self, mid):
        """The peers that a search for one of them brought."""
        return [node.mid.hex() for node in await self.overlay.connect_peer(bytes.fromhex(mid))]


async def answer(node, request):
    """Carries out a request and prints the result and the time that it took; the result is null if py-ipv8 fails."""
    begun = time.monotonic()
    try:
        result = await getattr(node, request["do"])(*request["with"])
    except DHTError:
        result = None
    print(json.dumps({"id": request["id"], "seconds": time.monotonic() - begun, "result": result}), flush=True)


async def main(hosts):
    """Says where the nodes listen, and does what it is told."""
    nodes = [Reference(host) for host in hosts]
    for node in nodes:
        print(await node.start(), flush=True)
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    answering = set()
    while line := await lines.readline():
        request = json.loads(line)
        task = loop.create_task(answer(nodes[request["node"]], request))
        answering.add(task)
        task.add_done_callback(answering.discard)
    for node in nodes:
        await node.service.stop()


asyncio.run(main(sys.argv[1:]))
