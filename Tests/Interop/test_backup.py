"""Backup and restore of a node that peers store on, as an operator does it."""

import asyncio
import hashlib
import os
import shutil

import pytest

from harness.command import run_command
from harness.folder import fingerprint
from harness.waiting import wait_until
from test_command_line import sentence_of


def key_of(text):
    return hashlib.sha1(text.encode()).digest()


async def backup(node, folder):
    """A backup by way of the running node, and what the command said."""
    completed = await node.command("backup", str(folder), "--json")
    assert completed.status == 0, completed
    return completed.json()


async def restore(node, folder, data):
    """A restore into a folder, and what the command said."""
    completed = await run_command(node.binary, "restore", str(folder), "--data", str(data), "--json")
    assert completed.status == 0, completed
    return completed.json()


@pytest.fixture
async def stored(nodes):
    """A stopped node with three values."""
    node = await nodes.start()
    for index in range(3):
        await node.store(key_of(f"stored {index}"), f"stored {index}".encode())
    await node.stop()
    return node


async def test_what_was_acknowledged_before_a_backup_is_in_it(network, nodes, tmp_path):
    peers = await network.start(6, tick=1.0)
    await network.introduce()
    node = await nodes.start(peers=peers[:2])
    acknowledged = {}

    async def push(peer, number):
        index = 0
        while True:
            # Keys near the node, so that what it holds is served for the full time.
            key = node_near(node, f"{number} {index}")
            entry = peer.entry(f"{number} {index}".encode(), signed=index % 2 == 0)
            if await peer.store_on(node.contact, key, [entry]):
                acknowledged[key] = entry
            index += 1

    pushing = [asyncio.create_task(push(peer, number)) for number, peer in enumerate(peers)]
    try:
        for round_number in range(3):
            wanted = len(acknowledged) + 12
            await wait_until(lambda: len(acknowledged) >= wanted, f"{wanted} stores", 60.0)
            before = dict(acknowledged)
            report = await backup(node, tmp_path / f"backup{round_number}")
            assert report["values"] >= len(before) and report["index_missing"] is None
    finally:
        for task in pushing:
            task.cancel()
        await asyncio.gather(*pushing, return_exceptions=True)

    copy = nodes.make()
    restored = await restore(node, tmp_path / "backup2", copy.data)
    assert restored["journal_last"] == report["journal_last"] and restored["moved_aside"] is None
    mid = (await node.status())["mid"]
    await node.stop()
    await copy.start()
    status = await copy.status()
    assert status["mid"] == mid and status["archive"]["values"] == report["values"]
    await wait_until(lambda: index_is_current(copy), "the index has followed", 20.0)
    for key, entry in before.items():
        assert await copy.find_local(key), f"acknowledged before the backup: {key.hex()} {entry.hex()}"
    verdict = await dump(copy, "verify", str(copy.data), "--json")
    assert verdict.status == 0 and verdict.json()["sound"], verdict


def node_near(node, text):
    """A key whose first bytes are the node id's, so that it belongs there."""
    return node.contact.node_id[:4] + key_of(text)[4:]


async def index_is_current(node):
    archive = (await node.status())["archive"]
    return archive["index_last"] == archive["journal_last"]


async def dump(node, *arguments):
    """Runs `bristlecone-dump`."""
    return await run_command(os.path.join(os.path.dirname(node.binary), "bristlecone-dump"), *arguments)


async def test_backup_while_the_operator_stores(nodes, tmp_path):
    node = await nodes.start()
    reports = []
    for index in range(6):
        await node.store(key_of(f"mine {index}"), b"mine", signed=False)
        reports.append(await backup(node, tmp_path / f"b{index}"))
    assert [report["values"] for report in reports] == list(range(1, 7))
    # Each store changes the value and its publication.
    assert [report["journal_last"] for report in reports] == list(range(2, 13, 2))


async def test_restore_brings_back_the_older_state_and_says_so(stored, nodes, tmp_path):
    node = stored
    await node.command("backup", str(tmp_path / "b"))
    await node.restart()
    await node.store(key_of("later"), b"later")
    refused = await node.command("restore", str(tmp_path / "b"))
    assert str(node.data) in sentence_of(refused), "a node is running"
    await node.stop()
    completed = await node.command("restore", str(tmp_path / "b"))
    assert completed.status == 0, completed
    # Each store changes the value and its publication.
    assert "change 6, made 20" in completed.output and "2 later changes" in completed.output, completed
    aside = [name for name in os.listdir(tmp_path) if ".before-restore-" in name]
    assert len(aside) == 1 and aside[0] in completed.output
    await node.restart()
    assert not await node.find_local(key_of("later"))
    assert await node.find_local(key_of("stored 1"))


async def test_damaged_backups_are_refused_by_name_and_replace_nothing(stored, tmp_path):
    node, folder = stored, tmp_path / "b"
    assert (await node.command("backup", str(folder))).status == 0
    before = fingerprint(node.data)
    for name in ("archive.mdb", "identity.key", "bristlecone.yaml", "manifest.json"):
        for harm in (flip, cut, os.remove):
            harmed = tmp_path / "harmed"
            shutil.copytree(folder, harmed)
            harm(harmed / name)
            completed = await node.command("restore", str(harmed))
            sentence = sentence_of(completed)
            assert name in sentence or str(harmed) in sentence and name == "manifest.json", completed
            assert fingerprint(node.data) == before, f"{harm.__name__} {name}"
            assert "Nothing was replaced." in sentence
            # A check replaces nothing anyway.
            checked = sentence_of(await run_command(node.binary, "backup", "check", str(harmed)))
            assert sentence == f"{checked} Nothing was replaced.", completed
            shutil.rmtree(harmed)
    assert sorted(os.listdir(tmp_path)) == sorted(["b", node.data.name, node.data.name + ".log"])


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 16
    path.write_bytes(content)


def cut(path):
    os.truncate(path, os.path.getsize(path) // 2)


async def test_a_backup_that_cannot_be_written(stored, tmp_path):
    node = stored
    (tmp_path / "there").mkdir()
    assert "there" in sentence_of(await node.command("backup", str(tmp_path / "there")))
    assert "absent" in sentence_of(await node.command("backup", str(tmp_path / "absent" / "b")))
    nothing = await run_command(node.binary, "backup", str(tmp_path / "b"), "--data", str(tmp_path / "nothing"))
    assert "nothing" in sentence_of(nothing)
    assert not (tmp_path / "nothing").exists() and not (tmp_path / "b").exists()
    no_backup = await node.command("restore", str(tmp_path / "there"))
    assert "there" in sentence_of(no_backup)


async def test_help_says_that_a_backup_holds_the_private_key(nodes):
    completed = await run_command(nodes.binary, "backup", "--help")
    assert "private key" in " ".join(completed.output.split())
