"""How long the first view of the status page takes: printed, because a busy machine must not fail a test."""

import os
import statistics

import pytest

from statuspage import serve, until

RUNS = 15
# Notes when the overview is in the page and painted. It runs before the page's own scripts.
WATCH = """
window.marks = {};
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.marks[entry.name] = entry.startTime;
}).observe({ type: "paint", buffered: true });
new MutationObserver((_, watcher) => {
  if (!document.querySelector(".verdict")) return;
  watcher.disconnect();
  window.marks.filled = performance.now();
  requestAnimationFrame(() => setTimeout(() => { window.marks.painted = performance.now(); }));
}).observe(document, { childList: true, subtree: true });
"""


@pytest.mark.full
async def test_the_first_view_is_measured(nodes, addresses, browser):
    """With `STATUS_PAGE_DATA=FOLDER` on the archive of that stopped node, else on an empty one."""
    site = await serve(nodes, addresses, data=os.environ.get("STATUS_PAGE_DATA"))
    runs = [await first_view(browser, site) for _ in range(RUNS + 1)][1:]
    for name in ("first-contentful-paint", "filled", "painted"):
        times = [run[name] for run in runs]
        print(f"{name}: median {statistics.median(times):.0f} ms, {min(times):.0f} to {max(times):.0f}")


async def first_view(browser, site):
    """The milliseconds from the start of the navigation, with nothing in the browser's cache."""
    page = await browser.blank()
    # A new context starts a process for its pages. What that takes has nothing to do with the page.
    await page.goto(f"{site.address}/page/icon.svg")
    await page.evaluate("new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))")
    session = await page.context.new_cdp_session(page)
    await session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    await page.add_init_script(WATCH)
    await page.goto(f"{site.address}/#/")
    await until(page, "window.marks.painted > 0 && window.marks['first-contentful-paint'] > 0")
    marks = await page.evaluate("window.marks")
    await page.context.close()
    return marks
