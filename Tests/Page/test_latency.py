"""How long finds take while nobody looks at the status page, and while ten pages are open: printed, never judged."""

import asyncio
import contextlib
import hashlib
import json
import os
import pathlib
import socket
import statistics
import sys
import time

import pytest

from ipv8.dht.payload import FindRequestPayload, FindResponsePayload
from ipv8.keyvault.crypto import default_eccrypto
from ipv8.messaging.interfaces.udp.endpoint import UDPv4Address
from ipv8.messaging.serialization import default_serializer

from harness.process import cpu_seconds
from harness.wire import signed_packet
from statuspage import serve

PAGES = ["", "pictures", "explore/changes", "explore/list/values", "explore/list/contacts"] * 2
# A node answers few requests of one identity in a short time, so many identities ask.
ROUNDS, IDENTITIES, FINDS_EACH = 3, 50, 6
PAUSE_SECONDS = 0.01
# The requests of open pages are repeated for so long, which is longer than the finds take.
ASKED_SECONDS = 15.0
MESSAGE_ID_OFFSET = 22


@pytest.mark.full
async def test_finds_are_measured_without_and_with_ten_pages(nodes, addresses, browser):
    """With `STATUS_PAGE_DATA=FOLDER` on the archive of that stopped node, else on an empty one."""
    site = await serve(nodes, addresses, data=os.environ.get("STATUS_PAGE_DATA"))
    await site.store("asked for", "value", "--unsigned")
    measured = {"no page": [], "the requests of ten pages, without a browser": [], "ten pages": []}
    # What ten pages ask for, from the first request of the first one on.
    begin = time.time()
    pages = await asyncio.gather(*(browser.open(site, place) for place in PAGES))
    opened = time.time() - begin
    await asyncio.sleep(ASKED_SECONDS)
    asked = [
        (request.timing["startTime"] / 1000 - begin, request.url.removeprefix(site.address)) for request in browser.requests]
    await close(pages)
    for _ in range(ROUNDS):
        for name, found in measured.items():
            pages = await asyncio.gather(*(browser.open(site, place) for place in PAGES)) if name == "ten pages" else []
            async with replayed(site, asked if "without" in name else []):
                await asyncio.sleep(opened if "without" in name else 0.0)
                found.append(await asyncio.to_thread(timed, site, addresses.take()))
            await close(pages)
    for name, found in measured.items():
        times = [time for times, _, _ in found for time in times]
        cuts = statistics.quantiles(times, n=100)
        processor = sum(busy for _, busy, _ in found) / sum(elapsed for _, _, elapsed in found)
        print(f"{name}: {len(times)} finds, p50 {cuts[49]:.2f} ms, p99 {cuts[98]:.2f} ms, longest {max(times):.2f} ms, "
              f"the node's processor time {100 * processor:.1f} %")
    print(f"ten pages asked {len(asked)} times within {opened + ASKED_SECONDS:.0f} s")


async def close(pages):
    """Closes them."""
    for page in pages:
        await page.context.close()


@contextlib.asynccontextmanager
async def replayed(site, requests):
    """Has another program make these requests meanwhile."""
    program = await asyncio.create_subprocess_exec(
        sys.executable, pathlib.Path(__file__).with_name("replay.py"), stdin=asyncio.subprocess.PIPE)
    program.stdin.write(json.dumps({"address": site.address.removeprefix("http://"), "requests": requests}).encode() + b"\n")
    await program.stdin.drain()
    yield
    program.stdin.close()
    await program.wait()


def timed(site, ip):
    """The milliseconds of finds, the seconds of the processor that the node took meanwhile, and the seconds that passed."""
    before, begin = cpu_seconds(site.node.pid), time.monotonic()
    times = finds(ip, site.node.contact.address)
    return times, cpu_seconds(site.node.pid) - before, time.monotonic() - begin


def finds(ip, address):
    """The milliseconds of finds one after the other, from an address of their own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.bind((ip, 0))
        asker.settimeout(10.0)
        asker.connect(address)
        packets = [packet for _ in range(IDENTITIES) for packet in requests(asker.getsockname())]
        return [answered(asker, packet) for packet in packets]


def requests(own):
    """Signed find requests of a new identity."""
    key = default_eccrypto.generate_key("curve25519")
    target = hashlib.sha1(b"asked for").digest()
    for number in range(FINDS_EACH):
        payload = FindRequestPayload(number, UDPv4Address(*own), target, 0, False)
        yield signed_packet(key, payload.msg_id, default_serializer.pack_serializable(payload))


def answered(asker, packet):
    """How long the answer to a find takes. What else the node sends to a stranger is passed over."""
    time.sleep(PAUSE_SECONDS)
    begin = time.perf_counter()
    asker.send(packet)
    while asker.recv(65536)[MESSAGE_ID_OFFSET] != FindResponsePayload.msg_id:
        pass
    return 1000 * (time.perf_counter() - begin)
