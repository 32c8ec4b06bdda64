"""Pictures of every view of the status page: see tools/page/screenshots."""

import asyncio
import itertools
import os
import pathlib
import re
import sys
import tempfile

from playwright.async_api import async_playwright

from harness.addresses import AddressPool
from harness.node import Bristlecone
from harness.waiting import wait_until
from statuspage import CHROMIUM, DESK, PHONE, VIEWS, Browser, serve, settled
from test_dump import flip

LOOKS = [("phone", PHONE, "light"), ("phone", PHONE, "dark"), ("desk", DESK, "light"), ("desk", DESK, "dark")]
# So long a busy node is asked and told before its pictures are taken; it notes its figures once a minute.
TRAFFIC_SECONDS = 200.0


class Nodes:
    """Makes nodes in one folder."""

    def __init__(self, folder):
        self._folder = folder
        self._addresses = AddressPool("screenshots")
        self.all = []
        self.traffic = []

    def make(self, **options):
        """A node that is not started."""
        binary = pathlib.Path(os.environ.get("BRISTLECONE") or ".build/debug/bristlecone").absolute()
        node = Bristlecone(binary, self._folder / f"node{len(self.all)}", self._addresses.take(), **options)
        self.all.append(node)
        return node

    async def end(self):
        """Ends all of them, and who talks to them."""
        for traffic in self.traffic:
            traffic.cancel()
            await asyncio.gather(traffic, return_exceptions=True)
        self.traffic = []
        for node in self.all:
            await node.discard()


async def empty(nodes, addresses):
    """A node without contacts."""
    return await serve(nodes, addresses)


async def small(nodes, addresses):
    """A node with three contacts, some values with earlier versions, and pins."""
    return (await network(nodes, addresses))[0]


async def network(nodes, addresses, data=None, **settings):
    """Four nodes that know each other. The first has these settings, something of everything, and what is in a data folder."""
    first = await serve(nodes, addresses, data=data, **settings)
    sites = [first] + [await serve(nodes, addresses, peers=[first.node]) for _ in range(3)]
    await wait_until(lambda: knows(first.node, 3), "the nodes know each other", 30.0)
    for number in range(40):
        await sites[number % 4].store(f"k{number}", f"value {number}")
    await first.store("k0", "a later version")
    await sites[1].store("k0", "of somebody else")
    await first.store("k0", "<script>alert(1)</script> \u202edesrever\u202c", "--unsigned")
    for number in range(7):
        completed = await first.node.command("pin", "add", f"k{number}")
        assert completed.status == 0, completed
    return sites


async def knows(node, count):
    """Whether it has so many contacts that answer."""
    return sum(contact["status"] == "good" for contact in (await node.status())["contacts"]) >= count


async def busy(nodes, addresses):
    """A node with the archive of $STATUS_PAGE_DATA, whose contacts go on storing and finding."""
    sites = await network(nodes, addresses, os.environ["STATUS_PAGE_DATA"])
    traffic = asyncio.gather(*(make_traffic(site) for site in sites[1:]))
    nodes.traffic.append(traffic)
    await asyncio.wait([traffic], timeout=TRAFFIC_SECONDS)
    return sites[0]


async def make_traffic(site):
    """Stores and finds without end."""
    for number in itertools.count():
        await site.node.command("store", f"{site.address} {number}", f"value {number}", "--unsigned")
        await site.node.command("find", f"k{number % 50}")


async def broken(nodes, addresses):
    """A node that found damage in its archive, and whose contacts then all went away."""
    first, *others = await network(nodes, addresses, ARCHIVE_SCRUB_RATE="0")
    await first.node.stop()
    flip(first.node.data / "archive.mdb", b"value 8", 3)
    del first.node._settings["ARCHIVE_SCRUB_RATE"]
    await first.node.restart([site.node for site in others])
    await wait_until(lambda: knows(first.node, 1), "the node has a contact again", 60.0)
    for site in others:
        await site.node.kill()

    async def is_cut_off():
        return not await knows(first.node, 1)

    await wait_until(is_cut_off, "the node is cut off", 240.0)
    return first


async def take(browser, site, state, folder):
    """All views of one node."""
    for look, view, scheme in LOOKS:
        page = await browser.open(site, view=view, color_scheme=scheme)
        if state == "stopped":
            await site.node.stop()
            await page.get_by_text("The node does not answer.").wait_for()
        for place in VIEWS if state != "stopped" else VIEWS[:1]:
            if state != "stopped":
                await page.goto("about:blank")
                await page.goto(f"{site.address}/#/{place}")
                await settled(page)
            if (state, place) == ("busy", "explore/changes"):
                await page.locator("tbody tr").nth(5).wait_for()
            name = re.sub(r"\W+", "-", place) or "overview"
            await page.screenshot(path=folder / f"{state}-{name}-{look}-{scheme}.png", full_page=True)
        await page.context.close()
        if state == "stopped":
            await site.node.restart()


async def main(folder, *states):
    """Makes the pictures."""
    folder = pathlib.Path(folder).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        nodes, addresses = Nodes(pathlib.Path(scratch)), AddressPool("pages")
        try:
            async with async_playwright() as playwright:
                chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
                for state in states:
                    await take(Browser(chromium), await MAKERS[state](nodes, addresses), state, folder)
                    await nodes.end()
                await chromium.close()
        finally:
            await nodes.end()
    print(f"{len(list(folder.glob('*.png')))} pictures are in {folder}.")


MAKERS = {"empty": empty, "small": small, "busy": busy, "broken": broken, "stopped": small}
if len(sys.argv) < 2 or not set(sys.argv[2:]) <= set(MAKERS):
    sys.exit(f"usage: tools/page/screenshots FOLDER [{'|'.join(MAKERS)}]...")
wanted = sys.argv[2:] or list(MAKERS)
if "busy" in wanted and not os.environ.get("STATUS_PAGE_DATA"):
    sys.exit("For pictures of a busy node, name the data folder of a stopped node with many values in STATUS_PAGE_DATA.")
asyncio.run(main(sys.argv[1], *wanted))
