"""What the status page says of a node that is empty, cut off, damaged, stopped or guarded."""

import json

import pytest

from harness.waiting import wait_until
from statuspage import give_key, serve, settled


async def altered(page, **changes):
    """Has the node's own overview come with other figures, such as those of damage that takes months to come about."""
    async def alter(route):
        overview = await (await route.fetch()).json()
        for name, change in changes.items():
            overview[name] = {**overview[name], **change} if isinstance(change, dict) and overview[name] else change
        await route.fulfill(body=json.dumps(overview), content_type="application/json")

    await page.route("**/api/v1/overview", alter)
    await page.reload()
    await settled(page)


async def verdict(page):
    """The sentence at the top, and how grave it is."""
    element = page.locator(".verdict")
    return await element.text_content(), (await element.get_attribute("class")).split()[-1]


async def test_an_empty_node_says_that_it_is_starting(site, browser):
    page = await browser.open(site)
    assert await verdict(page) == ("The node is starting: it is not part of the network yet.", "warn")
    await page.get_by_text("check that its peers or bootstrap servers can be reached").wait_for()
    await page.goto(f"{site.address}/#/explore/list/values")
    await page.get_by_text("The archive has no such values.").wait_for()
    await page.goto(f"{site.address}/#/explore/list/contacts")
    await page.get_by_text("The node has no contacts").wait_for()


async def test_all_is_well_in_a_network(nodes, addresses, site, browser):
    other = await serve(nodes, addresses, peers=[site.node])
    page = await browser.open(other)
    await page.get_by_text("All is well: the node has 1 good contact").wait_for(timeout=60_000)


async def test_health_reasons_come_with_their_remedies(site, browser):
    page = await browser.open(site)
    reason = {"code": "cut_off", "message": "The node is cut off: none of its contacts answers any more; check this machine's network and firewall."}
    await altered(page, health={"live": True, "ready": False, "reasons": [reason]})
    sentence, level = await verdict(page)
    assert level == "bad" and "cut off" in sentence
    reason = {"code": "archive_unwritable", "message": "The archive cannot be written: the disk is read-only; remount it."}
    await page.unroute_all()
    await altered(page, health={"live": True, "ready": False, "reasons": [reason]})
    await page.locator(".warnings").get_by_text("remount it").wait_for()


# What a node of some years may have to say, and how the page begins to say it.
WARNINGS = [
    ({"archive": {"damaged_records": 2}}, "2 records of the archive are damaged."),
    ({"archive": None}, "The archive cannot be read."),
    ({"archive": {"index_is_rebuilding": True}}, "The index is being rebuilt"),
    ({"disk": {"live_bytes": 95, "limit_bytes": 100}}, "The archive has used 95 bytes of 100 bytes."),
    ({"republishing": {"late_keys": 1}}, "1 key came too late to be kept alive."),
    ({"pins": {"enough": 1, "few": 0, "none": 2, "unknown": 0}}, "No other node has a replica of 2 pinned keys."),
    ({"clock_offset_seconds": 7200}, "The machine's clock was set by 2 hours."),
    ({"last_backup": "2020-01-01T00:00:00Z", "archive": {"values": 1}}, "The last backup is "),
    ({"problems": ["The index cannot be written: the disk has errors; check it."]}, "the disk has errors"),
]


async def test_each_warning_says_what_to_do(site, browser):
    page = await browser.open(site)
    for changes, text in WARNINGS:
        await page.unroute_all()
        await altered(page, **changes)
        line = page.locator(".warnings li", has_text=text)
        await line.wait_for()
        assert len(await line.text_content()) > len(text) + 10, text


async def test_loading_is_shown_until_the_node_answers(site, browser):
    page = await browser.open(site)
    held = []
    await page.route("**/api/v1/values?*", lambda route: held.append(route))
    await page.goto(f"{site.address}/#/explore/list/values")
    await page.get_by_text("Loading…").wait_for()
    await wait_until(lambda: held, "the page asks for values")
    await held[0].continue_()
    await page.get_by_text("The archive has no such values.").wait_for()


async def test_a_stopped_node_is_told_of_until_it_is_back(site, browser):
    await site.store("k", "value")
    page = await browser.open(site)
    await site.node.stop()
    await page.get_by_text("The node does not answer.").wait_for()
    # The last figures stay.
    assert await page.locator(".verdict").count() == 1
    await site.node.restart()
    await page.locator("#banner").wait_for(state="hidden")
    await page.locator(".verdict").wait_for()


@pytest.mark.full
async def test_changes_go_on_after_a_restart(site, browser):
    page = await browser.open(site, "explore/changes")
    await page.get_by_text("Connected, and waiting").wait_for()
    await site.store("k", "before")
    await page.get_by_text("before", exact=True).wait_for()
    await site.node.stop()
    await page.get_by_text("The node does not answer.").first.wait_for()
    await site.node.restart()
    await page.locator("#banner").wait_for(state="hidden")
    await site.store("k", "afterwards")
    await page.get_by_text("afterwards", exact=True).wait_for()


async def test_a_guarded_node_asks_for_the_key_first(nodes, addresses, site, browser):
    guarded = await serve(nodes, addresses, HTTP_READS_NEED_KEY="true")
    page = await browser.open(guarded, settles=False)
    await give_key(page, guarded.key)
    await settled(page)
    await page.locator(".verdict").wait_for()
    # The stream of changes has the key too, which an EventSource could not send.
    await page.goto(f"{guarded.address}/#/explore/changes")
    await page.get_by_text("Connected, and waiting").wait_for()
    await guarded.store("k", "seen")
    await page.get_by_text("seen", exact=True).wait_for()
    assert not [request.url for request in browser.requests if guarded.key in request.url]


async def test_a_list_that_is_not_there_and_a_view_that_is_not_there(site, browser):
    page = await browser.open(site, "explore/list/nothing")
    await page.get_by_text("There is no list of that name.").wait_for()
    await page.goto(f"{site.address}/#/nowhere")
    await page.locator(".verdict").wait_for()
