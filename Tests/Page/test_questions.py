"""Ten questions of somebody who sees the page for the first time, each answered within three clicks from the overview."""

import asyncio
import json
import urllib.request

import pytest
import pytest_asyncio

from harness.waiting import wait_until
from statuspage import serve, settled

CLICKS_MAX = 3


@pytest_asyncio.fixture
async def page(nodes, addresses, site, browser):
    """The overview of a node with a contact, whose values it has too, and values, versions and a pinned key of its own."""
    other = await serve(nodes, addresses, peers=[site.node])
    await wait_until(lambda: other.node.knows(site.node.contact.mid), "the nodes know each other", 30.0)
    await other.store("theirs", "value")
    for key, value in (("k", "first"), ("k", "second"), ("pinned", "kept")):
        await site.store(key, value)
    completed = await site.node.command("pin", "add", "pinned")
    assert completed.status == 0, completed
    # They are counted in the background, now and then.
    await wait_until(lambda: counts_publishers(site), "the publishers are counted", 30.0)
    return await browser.open(site)


async def counts_publishers(site):
    """Whether the node has counted somebody's values."""
    def ask():
        with urllib.request.urlopen(f"{site.address}/api/v1/publishers", timeout=30) as answer:
            return json.load(answer)
    return await asyncio.to_thread(ask)


def link(name, exact=True):
    """A click on a link."""
    return lambda page: page.get_by_role("link", name=name, exact=exact).first.click()


def button(name):
    """A click on a button."""
    return lambda page: page.get_by_role("button", name=name, exact=True).first.click()


async def network_too(page):
    """A click on the box that has the network asked."""
    await page.get_by_label("Ask the network too").check()


async def enter_key(page):
    """Typing a key, which is no click."""
    await page.get_by_label("Key", exact=True).fill("k")


LOOK_UP = [link("Explore"), enter_key, button("Look up")]
# The question, what is done from the overview, and what then answers: a place in the page, and a text in it.
QUESTIONS = [
    ("Is it healthy?", [], ".verdict", "The node"),
    ("What should I do?", [], ".warnings li", "Make one under Act"),
    ("Who fills my disk?", [link("Disk")], "table", "127."),
    ("Whose values are they?", [link("Explore"), link("Publishers")], "table", "Signer"),
    ("Is my pinned key safe?", [link("Pins")], "table", "Replicas elsewhere"),
    ("What happened at 3 o'clock?", [link("Explore"), link("Events")], "table", "When"),
    ("How was it at 3 o'clock?", [link("Pictures"), link("Day")], "main", "History"),
    ("Why is my value not found?", LOOK_UP, "main", "Not served: a later version took its place at"),
    ("What does the network have under a key?", [link("Explore"), enter_key, network_too, button("Look up")], "main",
     "In the network"),
    ("Is it cut off?", [link("Contacts")], "table", "Last answer"),
    ("How do I keep a key for good?", [*LOOK_UP, link("Pin")], "section.card", "Keys and signers"),
    ("When was the last backup?", [], ".card", "Last backup"),
]


@pytest.mark.parametrize(("question", "clicks", "place", "answer"), QUESTIONS, ids=[row[0] for row in QUESTIONS])
async def test_a_question_is_answered_within_three_clicks(page, question, clicks, place, answer):
    assert len([click for click in clicks if click is not enter_key]) <= CLICKS_MAX, question
    for click in clicks:
        await click(page)
        await settled(page)
    await page.locator(place, has_text=answer).first.wait_for()
