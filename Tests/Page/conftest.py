"""A real node, and its status page in a real browser."""

import pytest
import pytest_asyncio
from playwright.async_api import async_playwright

from statuspage import CHROMIUM, Browser, serve


@pytest_asyncio.fixture
async def site(nodes, addresses):
    """A node without contacts that serves its page."""
    yield await serve(nodes, addresses)


@pytest_asyncio.fixture
async def browser(site):
    """A `Browser`. At the end no page may have failed, broken its policy, or asked any other server."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        browser = Browser(chromium)
        yield browser
        await chromium.close()
    assert not browser.complaints, browser.complaints
    foreign = [request.url for request in browser.requests if not request.url.startswith("http://127.")]
    assert not foreign, foreign
    # The key is sent in a header, never in an address.
    assert not [request.url for request in browser.requests if site.key in request.url]
