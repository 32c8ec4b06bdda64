"""Values made to mislead or attack a reader, everywhere that the page shows a value."""

import hashlib
import json
import urllib.parse

import pytest

from statuspage import give_key, settled, until

HOSTILE = {
    "markup": b"<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>",
    "direction": "safe\u202egnp.exe\u2066\u200f".encode(),
    "control": b"one\0two\x1b[31m\x07\r\nthree\x7f and more text",
    "invisible": "a\u200bb\ufeffc\u00add\U000e0041\u2028e".encode(),
    "template": b"${7*7} {{7*7}} &lt;b&gt; javascript:alert(1)",
    "bytes": bytes(range(0, 256, 2)),
    "long": b"x" * 169,
    "marks": ("e" + "\u0301" * 80).encode(),
}
# The same in the few bytes that a signed value may have.
SHORT = [b"<b>\0", "\u202eab".encode(), b"\x1b[31m", "a\u200bb".encode(), b"<b>x</b>"]
# What must not reach the page's text as it is: what turns, hides or ends a text.
UNSEEN = [chr(code) for code in [*range(9), 0xB, 0xC, *range(0xE, 0x20), *range(0x7F, 0xA0), 0xAD, 0x061C, 0x200B, 0x200E, 0x200F, 0x2028, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF, 0xE0041]]


async def shown(page):
    """The page's text, which has to be harmless."""
    text = await page.evaluate("document.body.textContent")
    assert not [hex(ord(character)) for character in UNSEEN if character in text]
    assert "owned" not in await page.title()
    assert await page.locator("main img, main script, main iframe").count() == 0
    return text


async def test_hostile_values_are_shown_for_what_they_are(site, browser):
    for name, value in HOSTILE.items():
        await site.store(name, value.hex(), "--hex", "--unsigned")
    page = await browser.open(site, "explore/list/values")
    text = await shown(page)
    assert "<script>" in text and "U+202E" in text and "\\0" in text and "{{7*7}}" in text
    for name in HOSTILE:
        await page.goto(f"{site.address}/#/explore/key/{name}?network=1")
        await page.get_by_text("In the network").wait_for()
        await settled(page)
        text = await shown(page)
        # Each of them is then called otherwise.
        while await page.get_by_role("button", name="As bytes").count():
            await page.get_by_role("button", name="As bytes").first.click()
        assert HOSTILE[name].hex()[:8] in await shown(page)
        widths = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert widths[0] <= widths[1], name


async def test_hostile_keys_in_the_address_are_only_keys(site, browser):
    page = await browser.open(site)
    for text in ("<img src=x onerror=alert(1)>", "a/b?c&d=e#f", "..", "%", "\u202eabc", "javascript:alert(1)", "__proto__"):
        await page.goto(f"{site.address}/#/explore/key/{urllib.parse.quote(text, safe='')}")
        await page.get_by_text(hashlib.sha1(text.encode()).hexdigest()).first.wait_for()
        await shown(page)
    await page.goto(f"{site.address}/#/explore/list/__proto__")
    await page.get_by_role("heading", level=1).wait_for()


async def test_hostile_values_in_changes(site, browser):
    page = await browser.open(site, "explore/changes")
    await page.get_by_text("Connected, and waiting").wait_for()
    for name, value in HOSTILE.items():
        await site.store(name, value.hex(), "--hex", "--unsigned")
    await page.get_by_text("<script>").wait_for()
    await wait_for_rows(page, len(HOSTILE))
    await shown(page)


async def test_hostile_earlier_versions_and_equivocations(network, site, browser):
    (peer,) = await network.start(1)
    key = hashlib.sha1(b"k").digest()
    for version, value in enumerate(SHORT, 1):
        assert await peer.store_on(site.node.contact, key, [peer.entry(value, version=version)])
    # Another value of the last version: the signer contradicts itself.
    await peer.store_on(site.node.contact, key, [peer.entry(b"\0<i>\xe2\x80\xae", version=len(SHORT))])
    page = await browser.open(site, "explore/key/k")
    for text in ("Earlier versions", "Equivocations"):
        await page.get_by_role("heading", name=text).wait_for()
    assert "<b>" in await shown(page)
    await page.goto(f"{site.address}/#/explore/list/evidence")
    await settled(page)
    assert await page.locator(".sides").count() == 1
    assert "<i>" in await shown(page)


async def test_hostile_texts_in_forms_and_in_what_comes_of_them(site, browser):
    evil = "\u202e<b>x</b>"
    await site.store(evil, "value")
    page = await browser.open(site, f"act?forget={urllib.parse.quote(evil)}")
    cards = {name: page.locator("section.card", has=page.get_by_role("heading", name=name))
             for name in ("Store a value", "Pin and unpin", "Forget and block", "Back up")}
    await cards["Store a value"].get_by_label("Key", exact=True).fill(evil)
    await cards["Store a value"].get_by_label("Value", exact=True).fill(evil)
    await cards["Store a value"].get_by_role("button").click()
    await give_key(page, site.key)
    await cards["Store a value"].get_by_text("Stored here").wait_for()
    await cards["Pin and unpin"].get_by_label("Keys and signers").fill(evil)
    await cards["Pin and unpin"].get_by_role("button").click()
    await cards["Pin and unpin"].get_by_text("1 pinned").wait_for()
    await cards["Back up"].get_by_label("New folder").fill(f"/nowhere/{evil}/deeper")
    await cards["Back up"].get_by_role("button").click()
    await cards["Back up"].locator(".failure").wait_for()
    await shown(page)
    await cards["Forget and block"].get_by_role("button").click()
    await page.get_by_role("dialog").get_by_text("a pin: it was meant to be kept for good").wait_for()
    assert "U+202E" in await shown(page)


async def test_many_hostile_equivocations(site, browser):
    page = await browser.open(site)
    pairs = [
        {"key": "00" * 20, "signer": "11" * 20, "version": 1, "noted_at": "2026-01-01T00:00:00Z", "held": None,
         "held_data": value.hex(), "offered": None, "offered_data": HOSTILE["markup"].hex()} for value in HOSTILE.values()]
    await page.route("**/api/v1/evidence?*", lambda route: route.fulfill(json={"items": pairs, "next": None}))
    await page.goto(f"{site.address}/#/explore/list/evidence")
    await settled(page)
    assert await page.locator(".sides").count() == len(pairs)
    await shown(page)


async def wait_for_rows(page, count):
    """Waits until a table has so many rows at least."""
    await until(page, f"document.querySelectorAll('tbody tr').length >= {count}")


async def test_hostile_events_and_results(site, browser):
    page = await browser.open(site)
    evil = "\u202e<script>document.title='owned'</script>\0"
    await page.route("**/api/v1/events?*", lambda route: route.fulfill(json=[
        {"number": 1, "at": "2026-01-01T00:00:00Z", "kind": "alert_raised", "code": None, "message": evil}]))
    await page.goto(f"{site.address}/#/explore/list/events")
    await settled(page)
    assert "<script>" in await shown(page)


@pytest.mark.full
@pytest.mark.parametrize("path", ["explore/list/values", "explore/key/k"])
async def test_a_list_of_twenty_megabytes_stays_usable(site, browser, path):
    """No node sends so much for a part of a list; a proxy in between, or a later version, might."""
    row = {
        "key": "00" * 20, "class": "signed", "id": "11" * 20, "state": "served", "data": "41" * 10_000, "entry": None,
        "public_key": None, "version": 1, "first_seen": "2026-01-01T00:00:00Z", "last_stored": "2026-01-01T00:00:00Z",
        "expires_at": "2026-01-01T01:00:00Z", "replaced_at": None, "published_here": False, "withdrawn": False,
        "sender": "22" * 20, "sender_address": "192.0.2.1:1", "verified": None}
    rows = [row] * 1000
    report = {"key": "00" * 20, "values": rows, "history": rows[:10], "pinned": False, "blocked": False, "floors": [],
              "evidence": [], "next_due": None, "replicas": None}
    page = await browser.open(site)
    body = json.dumps(report if "key" in path else {"items": rows, "next": None})
    assert len(body) > 20_000_000
    await page.route("**/api/v1/values*", lambda route: route.fulfill(body=body, content_type="application/json"))
    await page.route("**/api/v1/values/*", lambda route: route.fulfill(body=body, content_type="application/json"))
    await page.goto(f"{site.address}/#/{path}")
    await settled(page)
    assert await page.evaluate("document.querySelectorAll('*').length") < 15_000
    assert await page.evaluate("document.body.textContent.length") < 1_000_000
    await page.get_by_role("link", name="Overview").click()
    await page.locator(".verdict").wait_for()
