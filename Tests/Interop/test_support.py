"""What somebody needs who is asked for help, and what an upgrade would do."""

import sqlite3

import pytest

from harness.command import run_command
from harness.folder import fingerprint

SECTIONS = ["versions", "configuration", "status", "overview", "plan", "history", "events", "files", "stat", "log"]


@pytest.mark.parametrize("is_running", [True, False])
async def test_a_support_bundle_has_everything_but_secrets(nodes, tmp_path, is_running):
    node = await nodes.start()
    await node.command("store", "greeting", "a value of mine")
    if not is_running:
        await node.stop()
    path = tmp_path / "report.txt"
    completed = await node.command("support", str(path), "--log", str(node.data.with_suffix(".log")))
    assert completed.status == 0, completed
    text = path.read_text()
    assert [line[6:-6] for line in text.splitlines() if line.startswith("===== ")] == SECTIONS
    assert all(f"  {section}: " in completed.output for section in SECTIONS)
    assert "Read it before you send it" in completed.output
    key = (node.data / "identity.key").read_bytes().hex()
    assert key not in text and key[20:] not in text
    if (node.data / "api.key").exists():
        assert (node.data / "api.key").read_text().strip() not in text
    assert "a value of mine" not in text
    assert "archive.mdb" in text and "upkeep.interval" in text and "is running on" in text
    assert ('"uptime_seconds"' in text) == is_running and ("No node is running" in text) != is_running
    assert path.stat().st_mode & 0o777 == 0o600
    again = await node.command("support", str(path))
    assert again.status == 1 and "there is a file of that name" in again.errors


async def upgrade_check(node):
    return await run_command(node.binary, "upgrade", "--check", "--data", str(node.data), "--json")


async def test_an_upgrade_is_foretold_and_a_newer_folder_refused(nodes):
    node = await nodes.start()
    now = (await upgrade_check(node)).json()
    assert now["refused"] is False and now["upgrade"] is False
    assert now["folder"]["found"] == now["folder"]["written"] and now["index"]["found"] == now["index"]["written"]
    await node.stop()
    index = sqlite3.connect(node.data / "index.sqlite")
    index.execute("DELETE FROM grdb_migrations WHERE identifier = 'V010_smaller_rows'")
    index.execute("DELETE FROM column_notes WHERE column_name IN ('digest', 'key_level', 'scrubbed_at', 'scrub_started_at')")
    index.commit()
    index.close()
    before = fingerprint(node.data)
    older = (await upgrade_check(node)).json()
    assert older["upgrade"] is True and older["index"]["found"] == older["index"]["written"] - 1
    (node.data / "bristlecone.format").write_text("2\n")
    newer = await upgrade_check(node)
    assert newer.status == 1 and newer.json()["refused"] is True and "newer version" in newer.errors
    (node.data / "bristlecone.format").write_text("1\n")
    assert fingerprint(node.data) == before
    await node.start()
    assert (await upgrade_check(node)).json()["upgrade"] is False
    await node.stop()
    index = sqlite3.connect(node.data / "index.sqlite")
    index.execute("INSERT INTO grdb_migrations VALUES ('V999_later')")
    index.commit()
    index.close()
    before = fingerprint(node.data)
    newer = await upgrade_check(node)
    assert newer.status == 1 and newer.json()["index"]["found"] == newer.json()["index"]["written"] + 1
    for command in (["key", "rotate"], ["run", "--no-bootstrap"], ["backup", str(node.data) + "-copy"]):
        refused = await run_command(node.binary, *command, "--data", str(node.data), seconds=30.0)
        assert refused.status == 1 and "newer" in refused.errors, refused
    assert fingerprint(node.data) == before
    assert (await run_command(node.binary, "upgrade", "--data", str(node.data))).status == 64
