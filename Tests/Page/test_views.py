"""Every view of the status page: it works on a phone, with a keyboard, and for a screen reader."""

import pytest
from axe_playwright_python.async_playwright import Axe

from statuspage import DESK, PHONE, VIEWS, settled, until

# What a first view may take.
FIRST_VIEW_BYTES_MAX = 100_000
FIRST_VIEW_REQUESTS_MAX = 15


async def fill(site):
    """Some values, versions and pins."""
    for number in range(3):
        await site.store(f"k{number}", f"value {number}")
    await site.store("k0", "a later version")
    await site.store("k0", "anybody's", "--unsigned")
    completed = await site.node.command("pin", "add", "k1")
    assert completed.status == 0, completed


async def serious_findings(page):
    """What axe finds that keeps somebody from using the page."""
    results = (await Axe().run(page)).response
    return [
        (finding["id"], [node["html"][:200] for node in finding["nodes"]][:3]) for finding in results["violations"]
        if finding["impact"] in ("serious", "critical")]


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.full)])
async def test_every_view_is_accessible_and_fits_a_phone(site, browser, scheme):
    await fill(site)
    page = await browser.open(site, view=PHONE, color_scheme=scheme)
    for view in VIEWS:
        await page.goto(f"{site.address}/#/{view}")
        await settled(page)
        for summary in await page.locator("summary").all():
            await summary.click()
        assert not await serious_findings(page), view
        widths = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert widths[0] <= widths[1], f"{view or 'overview'} is {widths[0]} pixels wide"
        assert await page.locator("[role=alert]:visible").count() == 0, view


async def test_the_first_view_is_small(site, browser):
    await fill(site)
    page = await browser.open(site)
    # Without those with which the overview looks again.
    requests = list(browser.requests)
    sizes = [await request.sizes() for request in requests if await request.response()]
    assert sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes) < FIRST_VIEW_BYTES_MAX
    assert len(requests) <= FIRST_VIEW_REQUESTS_MAX
    # The overview is asked for ahead of the scripts, and its answer is not asked for again.
    assert len([request for request in requests if request.url.endswith("/overview")]) == 1
    # The styles come with the page, and its policy allows them.
    assert await page.evaluate("getComputedStyle(document.querySelector('.cards')).display") == "grid"
    await page.get_by_text("There is no backup.").wait_for()


async def test_the_page_is_used_with_the_keyboard_alone(site, browser):
    await fill(site)
    page = await browser.open(site)
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.textContent") == "Skip to the content"
    for _ in range(3):
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/#/explore")
    await page.get_by_label("Key", exact=True).focus()
    await page.keyboard.type("k0")
    await page.keyboard.press("Enter")
    await page.get_by_text("a later version", exact=True).wait_for()
    # The new view is told of.
    await until(page, "document.activeElement.tagName === 'H1'")


async def test_times_are_utc_until_somebody_wants_their_own(site, browser):
    page = await browser.open(site, "explore/list/events", timezone_id="Asia/Tokyo")
    first = page.locator("time").first
    assert (await first.text_content()).endswith(" UTC")
    utc = await first.get_attribute("datetime")
    await page.get_by_role("button", name="Local time").click()
    assert "GMT+9" in await first.text_content()
    assert await first.get_attribute("datetime") == utc


async def test_a_key_is_shown_with_all_that_is_known_of_it(site, browser):
    await fill(site)
    page = await browser.open(site, "explore/key/k0?network=1")
    for text in ("a later version", "anybody's", "value 0", "published here", "Earlier versions", "In the network"):
        await page.get_by_text(text).first.wait_for()
    assert await page.get_by_text("Served until").count() == 2
    assert await page.get_by_text("a later version took its place").count() == 1


async def test_a_long_list_comes_in_parts(site, browser):
    for number in range(55):
        await site.store(f"many {number}", f"{number}", "--unsigned")
    page = await browser.open(site, "explore/list/values", view=DESK)
    assert await page.locator("tbody tr").count() == 50
    await page.get_by_role("button", name="Next").click()
    await until(page, "document.querySelectorAll('tbody tr').length === 5")
    await page.get_by_role("button", name="Back").click()
    await until(page, "document.querySelectorAll('tbody tr').length === 50")
    limits = [request.url for request in browser.requests if "/api/v1/values" in request.url]
    assert limits and all("limit=50" in url for url in limits)


async def test_changes_appear_as_they_happen(site, browser):
    page = await browser.open(site, "explore/changes")
    await page.get_by_text("Connected, and waiting").wait_for()
    await site.store("live", "seen at once")
    await page.get_by_text("seen at once").wait_for()
    await page.get_by_role("button", name="Pause").click()
    await site.store("later", "not shown")
    await page.get_by_text("Paused; ").wait_for()
    assert await page.get_by_text("not shown").count() == 0
