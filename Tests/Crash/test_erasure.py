"""What was forgotten leaves the disk, through kills, power cuts and a full disk."""

import asyncio
import contextlib
import hashlib
import os
import secrets
import shutil
from random import Random

import aiohttp
import pytest

from faults import power
from harness.waiting import PATIENCE, wait_until
from smalldisk import SmallDisk

KEPT, *KEYS = [hashlib.sha1(b"erasure %d" % number).digest() for number in range(301)]


@pytest.mark.timeout(600 * PATIENCE)
@pytest.mark.parametrize("rounds", [3, pytest.param(100, marks=pytest.mark.full)])
async def test_what_was_forgotten_leaves_the_disk_after_kills(nodes, rounds):
    random = Random(rounds)
    node = await nodes.start()
    await node.store(KEPT, b"kept")
    for _ in range(rounds):
        mark = await store_marked(node)
        forgetting = asyncio.create_task(forget(node))
        await asyncio.sleep(random.uniform(0, 0.1))
        await node.kill()
        is_acknowledged = isinstance((await asyncio.gather(forgetting, return_exceptions=True))[0], dict)
        await node.restart()
        if not is_acknowledged:
            await forget(node)
        await assert_forgotten(node)
        # Within a minute it begins by itself.
        await overwrite(node)
        if random.random() < 0.5:
            await asyncio.sleep(random.uniform(0, 0.05))
            await node.kill()
            await node.restart()
            await overwrite(node)
        await has_left(node, mark)
    assert {data for data, _ in await node.find_local(KEPT)} == {b"kept"}
    await node.stop()


@pytest.mark.timeout(600 * PATIENCE)
@pytest.mark.parametrize("cut_count", [3, pytest.param(60, marks=pytest.mark.full)])
async def test_what_was_forgotten_leaves_the_disk_after_a_power_cut(nodes, library, tmp_path, cut_count):
    dice = Random(cut_count)
    first = await nodes.start()
    await first.store(KEPT, b"kept")
    await first.stop()
    log, folder = tmp_path / "log", tmp_path / f"node{len(nodes.all)}"
    node = nodes.make(environment={"LD_PRELOAD": library, "FAULTS_FOLDER": str(folder), "FAULTS_LOG": str(log)})
    shutil.copytree(first.data, node.data)
    disk = power.Disk(str(node.data))
    await node.start()
    mark = await store_marked(node)
    stored = os.path.getsize(log)
    await forget(node)
    forgotten = os.path.getsize(log)
    await overwrite(node)
    await has_left(node, mark)
    await node.stop()

    size, records = 0, list(power.records(log))
    moments = {}
    for moment, (_, _, _, data) in enumerate(records):
        size += power.HEAD.size + len(data)
        if size >= stored:
            moments[moment] = size >= forgotten
    moments = {moment: moments[moment] for moment in dice.sample(sorted(moments), cut_count)}
    for moment, record in enumerate(records):
        disk.play(record, dice)
        if moment in moments:
            await endure_cut(nodes, disk, mark, moments[moment], dice)


async def endure_cut(nodes, disk, mark, is_forgotten, dice):
    """Starts a node on what a power cut leaves behind, and has it overwrite what was forgotten."""
    node = nodes.make()
    node.data.mkdir(mode=0o700)
    disk.cut(str(node.data), dice)
    for path in node.data.iterdir():
        path.chmod(0o600)
    await node.start()
    if not is_forgotten:
        await forget(node)
    await assert_forgotten(node)
    await overwrite(node)
    await has_left(node, mark)
    assert {data for data, _ in await node.find_local(KEPT)} == {b"kept"}
    await node.discard()
    shutil.rmtree(node.data)


async def test_what_was_forgotten_leaves_a_disk_that_was_full(nodes, tmp_path):
    disk = SmallDisk(str(tmp_path / f"node{len(nodes.all)}"), 6 << 20)
    try:
        node = await nodes.make(settings={"ARCHIVE_DISK_RESERVE": "0 B"}).start()
        await node.store(KEPT, b"kept")
        mark = await store_marked(node)
        await asyncio.to_thread(disk.fill)
        # Forgetting takes room, so it may have to wait until there is some; what it did before that counts.
        with contextlib.suppress(Refused):
            await forget(node)
        await overwrite(node)
        assert {data for data, _ in await node.find_local(KEPT)} == {b"kept"}
        await asyncio.to_thread(disk.make_room)
        await wait_until(lambda: is_accepted(forget(node)), "the node forgets again")
        await assert_forgotten(node)
        await overwrite(node)
        await has_left(node, mark)
        assert {data for data, _ in await node.find_local(KEPT)} == {b"kept"}
    finally:
        for node in nodes.all:
            await node.discard()
        disk.unmount()


class Refused(Exception):
    """The node did not do what it was asked to do."""


async def is_accepted(request):
    """Whether the node does it."""
    with contextlib.suppress(Refused):
        return await request
    return False


async def store_marked(node):
    """Stores a value under each key; all of them have the mark that it returns."""
    mark = secrets.token_hex(16)
    values = [{"key": key.hex(), "text": f"{mark} {number}", "signed": False} for number, key in enumerate(KEYS)]
    await post(node, "/values", {"values": values})
    assert mark_is_there(node, mark)
    return mark


async def forget(node):
    """Forgets all keys but one."""
    return await post(node, "/forget", {"subjects": [{"key": key.hex()} for key in KEYS]})


async def overwrite(node):
    """Has it do now what it begins by itself within a minute."""
    await post(node, "/tasks/wipe/run", None)


async def assert_forgotten(node):
    assert not await node.find_local(KEYS[0]) and not await node.find_local(KEYS[-1])


async def has_left(node, mark):
    """Waits until no file has the mark any more."""
    await wait_until(lambda: not mark_is_there(node, mark), "the forgotten bytes leave the files", every=0.2)


async def post(node, path, body):
    """What the node answers."""
    connector = aiohttp.UnixConnector(str(node.data / "control.sock"))
    async with aiohttp.ClientSession(connector=connector) as client:
        async with client.post(f"http://node/api/v1{path}", json=body) as response:
            answer = await response.json()
            if response.status != 200:
                raise Refused(answer["detail"])
            return answer


def mark_is_there(node, mark):
    """Whether any file of the data folder has it."""
    return any(mark.encode() in path.read_bytes() for path in node.data.iterdir() if path.is_file())
