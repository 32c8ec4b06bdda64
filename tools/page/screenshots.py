"""Pictures of every view of the status page: see tools/page/screenshots."""

import asyncio
import json
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

STATES = ("empty", "small", "broken", "stopped")
LOOKS = [("phone", PHONE, "light"), ("phone", PHONE, "dark"), ("desk", DESK, "light"), ("desk", DESK, "dark")]
# A node that is cut off, and whose disk has damaged what it stores: what months of bad luck bring about.
BROKEN = {
    "health": {"live": True, "ready": False, "reasons": [
        {"code": "cut_off", "message": "The node is cut off: none of its contacts answers any more; check this machine's network and firewall."}]},
    "archive": {"damaged_records": 3},
    "pins": {"enough": 4, "few": 2, "none": 1, "unknown": 0},
}


class Nodes:
    """Makes nodes in one folder."""

    def __init__(self, folder):
        self._folder = folder
        self._addresses = AddressPool("screenshots")
        self.all = []

    def make(self, **options):
        """A node that is not started."""
        binary = pathlib.Path(os.environ.get("BRISTLECONE") or ".build/debug/bristlecone").absolute()
        node = Bristlecone(binary, self._folder / f"node{len(self.all)}", self._addresses.take(), **options)
        self.all.append(node)
        return node


async def small(nodes, addresses):
    """A node with three contacts, some values with earlier versions, and pins."""
    first = await serve(nodes, addresses)
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
    return first


async def knows(node, count):
    """Whether it has so many contacts that answer."""
    return sum(contact["status"] == "good" for contact in (await node.status())["contacts"]) >= count


async def break_overview(page):
    """Has the page shown what it would show of a broken node."""
    async def answer(route):
        overview = await (await route.fetch()).json()
        for name, change in BROKEN.items():
            overview[name] = {**(overview[name] or {}), **change}
        await route.fulfill(body=json.dumps(overview), content_type="application/json")

    await page.route("**/api/v1/overview", answer)


async def take(browser, site, state, folder):
    """All views of one node."""
    for look, view, scheme in LOOKS:
        page = await browser.open(site, view=view, color_scheme=scheme)
        if state == "broken":
            await break_overview(page)
        if state == "stopped":
            await site.node.stop()
            await page.get_by_text("The node does not answer.").wait_for()
        for place in VIEWS if state != "stopped" else VIEWS[:1]:
            if state != "stopped":
                await page.goto("about:blank")
                await page.goto(f"{site.address}/#/{place}")
                await settled(page)
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
            sites = {}
            async with async_playwright() as playwright:
                chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
                for state in states or STATES:
                    kind = "empty" if state == "empty" else "small"
                    if kind not in sites:
                        sites[kind] = await (serve(nodes, addresses) if kind == "empty" else small(nodes, addresses))
                    await take(Browser(chromium), sites[kind], state, folder)
                await chromium.close()
        finally:
            for node in nodes.all:
                await node.discard()
    print(f"{len(list(folder.glob('*.png')))} pictures are in {folder}.")


if len(sys.argv) < 2 or not set(sys.argv[2:]) <= set(STATES):
    sys.exit(f"usage: tools/page/screenshots FOLDER [{'|'.join(STATES)}]...")
asyncio.run(main(*sys.argv[1:]))
