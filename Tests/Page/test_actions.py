"""What an operator does on the status page, on a real node."""

import hashlib

from statuspage import give_key


async def run(page, title, button):
    """Presses the button of a form, and returns the form."""
    form = page.locator("section.card", has=page.get_by_role("heading", name=title, exact=True))
    await form.get_by_role("button", name=button).click()
    return form


async def store(page, key, value):
    """Fills and sends the form that stores."""
    form = page.locator("section.card", has=page.get_by_role("heading", name="Store a value"))
    await form.get_by_label("Key", exact=True).fill(key)
    await form.get_by_label("Value", exact=True).fill(value)
    await run(page, "Store a value", "Store")
    return form


async def test_the_key_is_asked_for_once_and_stays_out_of_addresses(site, browser):
    page = await browser.open(site, "act")
    form = await store(page, "greeting", "hello")
    await give_key(page, "wrong")
    await page.get_by_text("The node does not accept that key.").wait_for()
    await give_key(page, site.key)
    await form.get_by_text("Stored here, version").wait_for()
    assert await site.node.find_local(hashlib.sha1(b"greeting").digest())
    await store(page, "greeting", "hello again")
    await form.get_by_text("Stored here, version").wait_for()
    assert await page.get_by_role("dialog").count() == 0
    assert site.key not in page.url
    assert await page.evaluate("[sessionStorage.length, localStorage.length, document.cookie]") == [1, 0, ""]


async def test_without_a_key_nothing_is_done(site, browser):
    page = await browser.open(site, "act")
    form = await store(page, "greeting", "hello")
    await page.get_by_role("dialog").wait_for()
    await page.keyboard.press("Escape")
    await form.get_by_text("This needs the API key").wait_for()
    assert not await site.node.find_local(hashlib.sha1(b"greeting").digest())


async def test_a_pasted_list_is_pinned_and_unpinned(site, browser):
    page = await browser.open(site, "act")
    signer = (await site.node.status())["mid"]
    await page.get_by_label("Keys and signers").fill(f"one\n\n  {'ab' * 20}  \nsigner:{signer}\none\n")
    form = await run(page, "Pin and unpin", "Do it")
    await give_key(page, site.key)
    await form.get_by_text("3 pinned, 0 unpinned, 1 unchanged.").wait_for()
    await page.goto(f"{site.address}/#/explore/list/pins")
    await page.get_by_text("ab" * 20).wait_for()
    await page.get_by_role("link", name="Unpin").first.click()
    form = await run(page, "Pin and unpin", "Do it")
    await form.get_by_text("0 pinned, 1 unpinned, 0 unchanged.").wait_for()


async def test_forgetting_says_what_will_be_lost_and_can_be_declined(site, browser):
    await site.store("doomed", "first")
    await site.store("doomed", "second")
    key = hashlib.sha1(b"doomed").digest()
    page = await browser.open(site, "explore/key/doomed")
    await page.get_by_role("link", name="Forget…").click()
    form = await run(page, "Forget and block", "Go on…")
    dialog = page.get_by_role("dialog")
    for text in ("1 value", "1 earlier version", "what you published here"):
        await dialog.get_by_text(text, exact=True).wait_for()
    # The harmless answer has the focus.
    await page.keyboard.press("Enter")
    await form.get_by_text("Nothing was erased.").wait_for()
    assert await site.node.find_local(key)
    await run(page, "Forget and block", "Go on…")
    await page.get_by_role("button", name="Erase for good").click()
    await give_key(page, site.key)
    await form.get_by_text("erased.").wait_for()
    assert not await site.node.find_local(key)


async def test_a_signer_is_blocked_and_unblocked(site, browser):
    await site.store("mine", "value")
    signer = (await site.node.status())["mid"]
    page = await browser.open(site, f"act?forget=signer:{signer}")
    await page.locator("[data-for~=forget] select").select_option("block")
    form = await run(page, "Forget and block", "Go on…")
    await page.get_by_text("1 value of this signer, under every key").wait_for()
    await page.get_by_text("From then on the node refuses its values.").wait_for()
    await page.get_by_role("button", name="Erase for good").click()
    await give_key(page, site.key)
    await form.get_by_text("refused from now on").wait_for()
    await page.goto(f"{site.address}/#/explore/list/blocks")
    await page.get_by_role("link", name="Unblock").click()
    form = await run(page, "Forget and block", "Go on…")
    await form.get_by_text("Its values are accepted again.").wait_for()
    await site.store("mine", "value again")


async def test_a_backup_is_made_and_shown(site, browser, tmp_path):
    await site.store("kept", "value")
    page = await browser.open(site, "act")
    await page.get_by_label("New folder").fill(str(tmp_path / "backup"))
    form = await run(page, "Back up", "Back up")
    await give_key(page, site.key)
    await form.get_by_text("Backup written to").wait_for()
    assert (tmp_path / "backup" / "archive.mdb").exists()
    await run(page, "Back up", "Back up")
    await form.locator(".failure").wait_for()
    await page.goto(f"{site.address}/#/")
    await page.get_by_text("Last backup").wait_for()
    assert await page.get_by_text("There is no backup.").count() == 0


async def test_a_task_is_run(site, browser):
    page = await browser.open(site, "explore/list/tasks")
    await page.get_by_role("button", name="Run bucket_refresh now").click()
    await give_key(page, site.key)
    await page.get_by_text("The task bucket_refresh was told to run.").wait_for()
    await page.goto(f"{site.address}/#/act")
    await page.get_by_label("Task", exact=True).select_option("bucket_refresh")
    form = await run(page, "Run a task now", "Run")
    await form.get_by_text("The task bucket_refresh was told to run.").wait_for()


async def test_a_refusal_is_told_in_a_sentence(site, browser):
    page = await browser.open(site, "act")
    form = await store(page, "long", "x" * 5000)
    await give_key(page, site.key)
    await form.locator(".failure").wait_for()
    assert (await form.locator(".failure").text_content()).endswith(".")
