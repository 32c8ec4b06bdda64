"""What the status page says of a node that is empty, cut off, full, read-only, damaged, stopped or guarded."""

import asyncio
import contextlib
import json
import shutil
import sqlite3
import time

import pytest

from faults import shim
from harness.clock import Clock
from harness.waiting import wait_until
from smalldisk import SmallDisk
from statuspage import give_key, serve, settled
from test_dump import flip


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


async def test_a_node_that_is_cut_off_says_so_until_a_contact_answers_again(nodes, addresses, site, browser):
    other = await serve(nodes, addresses, peers=[site.node])
    page = await browser.open(other)
    well = page.get_by_text("All is well: the node has 1 good contact")
    await well.wait_for(timeout=60_000)
    await site.node.kill()
    await page.get_by_text("The node needs you: The node is cut off").wait_for(timeout=180_000)
    assert (await verdict(page))[1] == "bad"
    await page.locator(".warnings").get_by_text("check this machine's network and firewall").wait_for()
    await site.node.restart()
    await well.wait_for(timeout=120_000)


@pytest.mark.parametrize("reserve", ["1 MiB", "0 B"])
async def test_a_full_disk_is_told_until_there_is_room(nodes, addresses, browser, tmp_path, reserve):
    disk = SmallDisk(str(tmp_path / f"node{len(nodes.all)}"), 6 << 20)
    try:
        full = await serve(nodes, addresses, ARCHIVE_DISK_RESERVE=reserve)
        await full.store("before", "value")
        page = await browser.open(full)
        await asyncio.to_thread(disk.fill)
        await refusal(full)
        await page.get_by_text("The node needs you: The disk has no room").wait_for()
        await page.goto(f"{full.address}/#/explore/key/before")
        await page.get_by_text("Served until").wait_for()
        await asyncio.to_thread(disk.make_room)
        await page.goto(f"{full.address}/#/")
        await page.get_by_text("The node is starting").wait_for(timeout=60_000)
        await full.store("after", "value")
    finally:
        for node in nodes.all:
            await node.discard()
        disk.unmount()


async def refusal(site):
    """Stores until the node refuses a value."""
    for number in range(500):
        completed = await site.node.command("store", f"filler {number}", "x" * 160, "--unsigned")
        if completed.status != 0:
            return
    raise AssertionError("the node took 500 values")


async def test_an_archive_that_can_only_be_read_says_so(nodes, addresses, browser, tmp_path):
    data = tmp_path / f"node{len(nodes.all)}"
    faults = {
        "LD_PRELOAD": shim.build(str(tmp_path)), "FAULTS_FOLDER": str(data), "FAULTS_EIO": "sync,9,1,archive.mdb"}
    data.mkdir(mode=0o700)
    failing = await serve(nodes, addresses, environment=faults)
    page = await browser.open(failing)
    await refusal(failing)
    await page.locator(".verdict.bad").get_by_text("The node needs you").wait_for()
    await page.locator(".warnings").get_by_text("check the disk, then restart").wait_for()
    # What was stored can still be looked at, and a store on the page is refused in a sentence.
    await page.goto(f"{failing.address}/#/explore/list/values")
    await page.locator("tbody tr").first.wait_for()
    await page.goto(f"{failing.address}/#/act?store=more")
    form = page.locator("section.card", has=page.get_by_role("heading", name="Store a value"))
    await form.get_by_label("Value", exact=True).fill("refused")
    await form.get_by_role("button", name="Store").click()
    await give_key(page, failing.key)
    await form.locator(".failure").wait_for()


async def test_damage_is_shown_at_its_key_and_found_by_the_scrub(nodes, addresses, browser):
    damaged = await serve(nodes, addresses, ARCHIVE_SCRUB_RATE="0")
    await damaged.store("k", "a value to be damaged")
    await damaged.node.stop()
    flip(damaged.node.data / "archive.mdb", b"a value to be damaged", 3)
    await damaged.node.restart()
    page = await browser.open(damaged, "explore/key/k")
    await page.get_by_text("Not served: its record is damaged.").wait_for()
    await page.get_by_text("not readable").wait_for()
    await damaged.node.stop()
    del damaged.node._settings["ARCHIVE_SCRUB_RATE"]
    await damaged.node.restart()
    await page.goto(f"{damaged.address}/#/")
    await page.get_by_text("The node needs you: 1 record of the archive is damaged.").wait_for(timeout=60_000)
    await page.locator(".warnings").get_by_text("Check the disk.").wait_for()
    await page.goto(f"{damaged.address}/#/explore/list/events")
    await page.get_by_text("damage found").first.wait_for()


async def test_a_clock_that_was_set_and_an_old_backup_are_told(nodes, addresses, browser, tmp_path):
    clock = Clock(tmp_path)
    node = await serve(nodes, addresses, environment=clock.environment)
    await node.store("k", "value")
    completed = await node.node.command("backup", str(tmp_path / "backup"))
    assert completed.status == 0, completed
    page = await browser.open(node)
    clock.set(int(time.time()) + 7200)
    await page.get_by_text("The machine's clock was set by 2 hours.").wait_for(timeout=60_000)
    await node.node.stop()
    clock.set(int(time.time()) + 40 * 86400)
    await node.node.restart()
    await page.get_by_text("The last backup is 40 days old.").wait_for(timeout=60_000)


async def warning(page, text):
    """Waits for a warning on the overview, and returns the advice that follows it."""
    line = page.locator(".warnings li", has_text=text).first
    await line.wait_for(timeout=100_000)
    return (await line.text_content()).split(text, 1)[1]


async def store_many(site, folder, numbers):
    """Stores values of 160 bytes that nobody signed; returns the command's status."""
    values = folder / "values.tsv"
    values.write_text("".join(f"many {number}\t{number:160}\n" for number in numbers), encoding="ascii")
    return (await site.node.command("store", "--unsigned", "--from", str(values), seconds=120.0)).status


@contextlib.asynccontextmanager
async def rebuild_that_is_held_up(node):
    """Starts a node on an index whose rebuild has just begun and cannot go on until the end of the context."""
    with contextlib.closing(sqlite3.connect(node.data / "index.sqlite", isolation_level=None)) as index:
        index.execute("DELETE FROM entries")
        index.execute("UPDATE position SET rebuild_after = x'', rebuild_done = 0")
        index.execute("CREATE TRIGGER held_up BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'held up'); END")
        await node.restart()
        yield
        index.execute("DROP TRIGGER held_up")


async def test_an_index_that_is_rebuilt_says_so_where_it_matters(nodes, addresses, browser):
    node = await serve(nodes, addresses)
    await node.store("k", "value")
    await node.node.stop()
    async with rebuild_that_is_held_up(node.node):
        page = await browser.open(node)
        assert "nothing is lost" in await warning(page, "The index is being rebuilt, so publishers")
        # What does not come from the index is as complete as ever.
        await page.goto(f"{node.address}/#/explore/list/values")
        await settled(page)
        assert await page.locator("tbody tr").count() == 1
        assert await page.get_by_text("not complete").count() == 0
        await page.goto(f"{node.address}/#/explore/list/publishers")
        await page.get_by_text("this list is not complete yet").wait_for()
    # The node tries again by itself, and the page shows the list again when it is complete.
    await page.locator("tbody tr").first.wait_for(timeout=100_000)
    assert await page.get_by_text("not complete").count() == 0
    await page.goto(f"{node.address}/#/")
    await settled(page)
    assert await page.get_by_text("The index is being rebuilt").count() == 0


async def test_another_node_with_the_same_identity_is_told(nodes, addresses, site, browser):
    page = await browser.open(site)
    data = nodes.all[-1].data.parent / "twin"
    data.mkdir(mode=0o700)
    shutil.copy(site.node.data / "identity.key", data)
    # It asks its peer at once to be introduced, with the key that this one has.
    await serve(nodes, addresses, data=data, peers=[site.node])
    advice = await warning(page, "Another node uses this node's identity")
    assert advice.count(".") > 1, advice
    assert (await verdict(page))[1] == "bad"


async def test_keys_that_cannot_all_be_kept_alive_are_told(nodes, addresses, site, browser, tmp_path):
    # One packet a second, and a lookup and a store for each key: fewer than 1,350 keys fit into 45 minutes.
    slow = await serve(nodes, addresses, peers=[site.node], UPKEEP_PACKETS_PER_SECOND="1")
    keys = tmp_path / "keys"
    keys.write_text("".join(f"pinned {number}\n" for number in range(2000)), encoding="ascii")
    completed = await slow.node.command("pin", "add", "--from", str(keys))
    assert completed.status == 0, completed
    advice = await warning(await browser.open(slow), "The node cannot keep all keys alive")
    assert "upkeep.packets_per_second" in advice and "docs/fleet.md" in advice, advice


async def test_a_budget_that_is_nearly_full_is_told(nodes, addresses, browser, tmp_path):
    # One percent of the smallest archive: room for 83,886 bytes of records.
    node = await serve(nodes, addresses, ARCHIVE_SIZE_LIMIT="16 MiB", ARCHIVE_SERVED_SHARE="1")
    page = await browser.open(node)
    assert await store_many(node, tmp_path, range(280)) == 0
    advice = await warning(page, "The budget for served values is 9")
    assert "its oldest values" in advice and "archive.served_share" in advice, advice


async def test_an_archive_that_is_nearly_full_is_told_and_then_that_it_is_full(nodes, addresses, browser, tmp_path):
    shares = {f"ARCHIVE_{name}_SHARE": "1" for name in ("RETAINED", "HISTORY", "FLOORS", "EVIDENCE")}
    node = await serve(nodes, addresses, ARCHIVE_SIZE_LIMIT="16 MiB", ARCHIVE_SERVED_SHARE="96", **shares)
    page = await browser.open(node)
    assert await store_many(node, tmp_path, range(22_000)) == 0
    assert "Raise archive.size_limit" in await warning(page, "when it is full, it refuses new values.")
    assert await store_many(node, tmp_path, range(22_000, 26_000)) != 0
    await page.get_by_text("The archive is as large as it may be, so it refuses new values; raise archive.size_limit.").first.wait_for()
    assert await page.get_by_text("when it is full").count() == 0


async def test_a_disk_with_little_room_is_told(nodes, addresses, browser, tmp_path):
    disk = SmallDisk(str(tmp_path / f"node{len(nodes.all)}"), 6 << 20)
    try:
        node = await serve(nodes, addresses, ARCHIVE_DISK_RESERVE="1 MiB")
        page = await browser.open(node)
        assert "Make room" in await warning(page, "more before new values are refused.")
        await node.store("k", "value")
    finally:
        for each in nodes.all:
            await each.discard()
        disk.unmount()


@pytest.mark.parametrize(("reserve", "text", "advice", "level"), [
    ("1 MiB", "1 pinned key has fewer than 3 replicas elsewhere.", "by itself", "warn"),
    ("1000000 GiB", "No other node has a replica of 1 pinned key.", "run the task", "bad")], ids=["few", "none"])
async def test_pins_without_enough_replicas_are_told(nodes, addresses, browser, reserve, text, advice, level):
    # It looks for replicas soon.
    first = await serve(nodes, addresses, UPKEEP_INTERVAL="20 s")
    page = await browser.open(first)
    other = await serve(nodes, addresses, peers=[first.node], ARCHIVE_DISK_RESERVE=reserve)
    await wait_until(lambda: first.node.knows(other.node.contact.mid), "the nodes know each other", 30.0)
    await first.store("k", "value")
    assert (await first.node.command("pin", "add", "k")).status == 0
    assert advice in await warning(page, text)
    await page.locator(f".verdict.{level}").wait_for()


async def test_keys_that_are_late_are_told(nodes, addresses, browser, tmp_path):
    clock = Clock(tmp_path)
    node = await serve(nodes, addresses, environment=clock.environment)
    await node.store("k", "value")
    await node.node.stop()
    clock.set(int(time.time()) + 3 * 3600)
    # There is a contact, and it takes no value.
    other = await serve(nodes, addresses, environment=clock.environment, ARCHIVE_DISK_RESERVE="1000000 GiB")
    await node.node.restart([other.node])
    page = await browser.open(node)
    assert "normal" in await warning(page, "1 key was not stored again before other nodes forgot it.")


async def test_a_clock_that_was_ahead_is_told(nodes, addresses, browser, tmp_path):
    clock = Clock(tmp_path)
    clock.set(int(time.time()) + 3 * 3600)
    node = await serve(nodes, addresses, environment=clock.environment)
    await node.store("k", "value")
    await node.node.stop()
    clock.set_right()
    await node.node.restart()
    page = await browser.open(node)
    assert "Set the clock" in await warning(page, "The machine's clock is 3 hours behind the newest change in the archive.")
    assert (await verdict(page))[1] == "bad"
    await node.store("k", "again")
    advice = await warning(page, "A value was published with a version that is 3 hours ahead of the clock")
    assert "Check the machine's clock." in advice


async def test_a_node_that_cannot_start_again_says_why(site, browser):
    page = await browser.open(site)
    identity = site.node.data / "identity.key"
    key = identity.read_bytes()
    identity.unlink()
    assert "put the right one back" in await warning(page, "the node will not start again without it")
    assert (await verdict(page))[0].startswith("The node needs you: The identity")
    identity.write_bytes(key)
    identity.chmod(0o600)
    await page.get_by_text("will not start again").first.wait_for(state="hidden")


async def test_an_archive_that_cannot_be_read_says_what_to_do(site, browser):
    # A node does not get there: a damaged archive is found at the start, and single records are damaged later.
    page = await browser.open(site)
    await altered(page, archive=None)
    assert "restore a backup" in await warning(page, "The archive cannot be read.")


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
    # The answer that the browser asked for ahead of time, without the key, is not taken for a refusal of the key.
    await page.goto(f"{guarded.address}/#/")
    await page.reload()
    await settled(page)
    assert await page.get_by_role("dialog").count() == 0


async def test_a_list_that_is_not_there_and_a_view_that_is_not_there(site, browser):
    page = await browser.open(site, "explore/list/nothing")
    await page.get_by_text("There is no list of that name.").wait_for()
    await page.goto(f"{site.address}/#/nowhere")
    await page.locator(".verdict").wait_for()
