"""A node's status page in a real browser, for tests and for pictures."""

import os
import pathlib
import re
import shutil

from playwright.async_api import Error

from harness.waiting import PATIENCE, wait_until

CHROMIUM = "/usr/bin/chromium"
# With this, a changed file of the page needs no build to be looked at: Sources/HTTPAPI/StatusPage/web.
FILES = os.environ.get("STATUS_PAGE_FILES")
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}


class Site:
    """A node that serves HTTP over TCP."""

    def __init__(self, node):
        self.node = node
        self.address = re.findall(r"HTTP is served on (http://\S+)", node.log_tail())[-1]

    @property
    def key(self):
        """The API key."""
        return (self.node.data / "api.key").read_text(encoding="ascii").strip()

    async def store(self, name, value, *flags):
        """Stores a value under a text, with the command."""
        completed = await self.node.command("store", name, value, *flags)
        assert completed.status == 0, completed


async def serve(nodes, addresses, peers=(), data=None, environment=None, **settings):
    """A node with these settings that serves its page, on a copy of a data folder if there is one."""
    names = {"HTTP_LISTEN": f"{addresses.take()}:0"} | settings
    node = nodes.make(settings=names, environment=environment)
    if data:
        shutil.copytree(data, node.data)
    await node.start(peers)
    site = Site(node)
    # Once known, the port stays, as it does for somebody who reads the page while the node restarts.
    node._settings["HTTP_LISTEN"] = site.address.removeprefix("http://")
    return site


class Browser:
    """Opens pages, and notes what they ask for and what goes wrong in them."""

    def __init__(self, browser):
        self._browser = browser
        self.requests = []
        self.complaints = []

    async def open(self, site, path="", view=DESK, settles=True, **options):
        """A page at a place such as `pictures`; its view is complete, unless it does not settle."""
        page = await self.blank(view, **options)
        await page.goto(f"{site.address}/#/{path}")
        if settles:
            await settled(page)
        return page

    async def blank(self, view=DESK, **options):
        """An empty page, with a cache of its own."""
        context = await self._browser.new_context(viewport=view, **options)
        if FILES:
            await context.route(re.compile(r"^http://[^/]+/(page/.*)?$"), from_sources)
        context.set_default_timeout(10_000 * PATIENCE)
        page = await context.new_page()
        page.on("request", lambda request: self.requests.append(request))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._note)
        return page

    def _note(self, message):
        # A browser notes each response with a status that is no success.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)


async def from_sources(route):
    """Answers with the file in the sources, and the node's headers; not at all if the node does not."""
    try:
        response = await route.fetch()
    except Error:
        return await route.abort()
    name = route.request.url.rsplit("/", 1)[1] or "index.html"
    await route.fulfill(response=response, body=(pathlib.Path(FILES) / name).read_bytes())


async def settled(page):
    """Waits until the view shows something."""
    await until(page, "document.querySelector('main').dataset.shown === location.hash && !document.querySelector('.loading')")


async def until(page, expression):
    """Waits until an expression is true in the page. Its policy forbids what Playwright has for this."""
    await wait_until(lambda: page.evaluate(expression), expression)


async def give_key(page, key):
    """Answers the question for the key."""
    await page.get_by_role("textbox", name="API key").fill(key)
    await page.get_by_role("button", name="Use this key").click()


# Every view, by its place in the address.
VIEWS = [
    "", "pictures", "pictures?period=hour", "pictures?period=month", "pictures?period=years", "explore", "explore/key/k0",
    "explore/key/k0?network=1", "explore/key/nothing", "explore/changes", "act",
    *(f"explore/list/{name}" for name in (
        "values", "publishers", "sources", "evidence", "contacts", "buckets", "tasks", "pins", "blocks", "events")),
]
