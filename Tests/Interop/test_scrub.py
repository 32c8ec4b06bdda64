"""The background check of the archive: what is damaged is found, put into quarantine and fetched anew."""

import hashlib
import json
from datetime import datetime, timedelta

from harness.command import run_command
from harness.waiting import wait_until
from test_dump import flip

VALUE = b"a value to be damaged"


async def scrubbed(node):
    """The scrub's status once a run has come to its end; None before."""
    scrub = (await node.status())["scrub"]
    return scrub if scrub and scrub["last_finished"] else None


async def test_damage_is_found_and_a_good_copy_fetched_from_a_peer(nodes, tmp_path):
    key = hashlib.sha1(b"damaged").digest()
    other = await nodes.start()
    without_scrub = tmp_path / "no-scrub.yaml"
    without_scrub.write_text("archive:\n  scrub_rate: 0\n")
    node = await nodes.make().start([other], ["--config", str(without_scrub)])
    assert (await node.status())["scrub"] is None
    await wait_until(lambda: node.knows(other.contact.mid), f"{node} knows {other}", 30.0, every=0.3)
    stored = await node.store(key, VALUE)
    assert stored["acknowledged"] == 1
    await node.stop()
    flip(node.data / "archive.mdb", VALUE, 3)

    shorter = tmp_path / "served-for-less.yaml"
    shorter.write_text("upkeep:\n  served_for: 20 minutes\n  interval: 10 minutes\n")
    await node.start([other], ["--config", str(shorter)])
    scrub = await wait_until(lambda: scrubbed(node), "a run has come to its end", 30.0, every=0.3)
    assert (scrub["last_checked"], scrub["last_damaged"], scrub["started"]) == (1, 1, None)
    await wait_until(lambda: node.find_local(key), "a good copy is kept again", 30.0, every=0.3)
    assert await node.find_local(key) == {(VALUE, node.contact.public_key)}
    status = await node.status()
    assert status["scrub"]["recovered"] == status["counters"]["scrub.recovered"] == 1
    assert status["counters"]["scrub.damaged"] == 1
    text = await node.command("status")
    assert "1 damaged and in quarantine, 1 recovered from the network" in text.output, text
    await node.stop()
    dump = str(nodes.binary.parent / "bristlecone-dump")
    copy = (await run_command(dump, "get", key.hex(), str(node.data), "--json")).json()
    times = [datetime.fromisoformat(copy["values"][0][name]) for name in ("last_stored", "expires_at")]
    assert times[1] - times[0] <= timedelta(minutes=20), "the copy is served for as long as the setting says"
    verify = await run_command(dump, "verify", str(node.data), "--json")
    assert verify.status == 0 and verify.json()["quarantined"] == 1, verify


async def test_a_run_is_told_and_not_repeated_at_once(nodes):
    node = await nodes.start()
    await node.store(hashlib.sha1(b"sound").digest(), b"sound")
    first = await wait_until(lambda: scrubbed(node), "a run has come to its end", 30.0, every=0.3)
    assert first["last_damaged"] == 0
    await node.stop()
    await node.restart()
    again = await wait_until(lambda: scrubbed(node), "the node remembers the run", 30.0, every=0.3)
    assert again["last_finished"] == first["last_finished"]


async def test_a_check_over_the_api_finds_damage_and_the_node_goes_on(nodes):
    node = await nodes.make(settings={"ARCHIVE_SCRUB_RATE": "0"}).start()
    await node.store(hashlib.sha1(b"damaged").digest(), VALUE)
    await node.stop()
    flip(node.data / "archive.mdb", VALUE, 3)
    await node.restart()
    completed = await run_command(
        "curl", "--silent", "--unix-socket", str(node.data / "control.sock"), "-X", "POST",
        "-H", "Accept: application/jsonl", "http://node/api/v1/verify")
    lines = [json.loads(line) for line in completed.output.splitlines()]
    assert lines[0]["progress"]["unit"] == "records"
    report = lines[-1]["result"]
    assert not report["sound"] and report["finding_count"] == len(report["findings"]) > 0
    assert "entries" in {finding["table"] for finding in report["findings"]}
    assert f"{report['finding_count']} things are wrong. audit=verify" in node.log_tail()
    assert await node.status()
