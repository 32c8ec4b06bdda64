"""A py-ipv8 node as its service runs it, without bootstrap servers, until the input ends: `reference.py ADDRESS`."""

import asyncio
import sys

from ipv8.configuration import ConfigBuilder, Strategy, WalkerDefinition
from ipv8_service import IPv8

PEERS_WANTED = 20
EVERY_STEP = -1


async def main(host):
    """Says where it listens, then answers whoever asks."""
    builder = ConfigBuilder().clear_keys().clear_overlays().set_log_level("ERROR")
    builder.config["interfaces"] = [{"interface": "UDPIPv4", "ip": host, "port": 0}]
    builder.add_ephemeral_key("node")
    builder.add_overlay(
        "DHTDiscoveryCommunity", "node",
        [WalkerDefinition(Strategy.RandomWalk, PEERS_WANTED, {"timeout": 3.0}),
         WalkerDefinition(Strategy.PingChurn, EVERY_STEP, {"ping_interval": 25.0})], [], {}, [])
    service = IPv8(builder.finalize())
    # The machine's other addresses would lead it off the loopback interface.
    service.overlays[0].cancel_pending_task("discover_lan_addresses")
    await service.start()
    print("{}:{}".format(*service.endpoint.interfaces["UDPIPv4"].get_address()[:2]), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await service.stop()


asyncio.run(main(sys.argv[1]))
