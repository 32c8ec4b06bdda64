"""Random nights: what was shipped gives the archive back, byte for byte."""

import shutil
from random import Random

import pytest

from harness.clock import Clock
from nights import Nights, blocks_of

# They need engines that take minutes to install.
pytestmark = pytest.mark.full

STORAGE = "s3:archives/nights"


async def pass_nights(count, seed, nodes, offsite, same, dump, folder):
    """Ships each night, beside the running node or after its end, and restores what was shipped."""
    random = Random(seed)
    nights = Nights(nodes, Clock(folder), random, folder)
    await nights.start()
    source, copy = nights.node.data, folder / "copy"
    for night in range(count):
        await nights.pass_one()
        if random.random() < 0.3:
            await offsite("ship", source, STORAGE, "--increments", "6")
        if random.random() < 0.1:
            await offsite.killed(random.uniform(0.1, 2.0), "ship", source, STORAGE, "--increments", "6")
        await nights.node.stop()
        await offsite("ship", source, STORAGE, "--increments", "6")
        if random.random() < 0.1:
            await offsite.killed(random.uniform(0.1, 2.0), "restore", STORAGE, copy)
        if not copy.exists():
            await offsite("restore", STORAGE, copy)
        assert await same(source, copy), f"seed {seed}, night {night}"
        blocked = blocks_of((await dump("export", copy, "--format", "jsonl")).splitlines())
        assert blocked == nights.blocked
        if night % 10 == count % 10:
            await never_serves(nodes, copy, blocked)
        shutil.rmtree(copy)
        if night + 1 < count:
            await nights.node.restart()
    return nights.done


async def never_serves(nodes, copy, blocked):
    """Starts a node on a restored archive: it has nothing under the blocked keys, and takes nothing."""
    node = nodes.make()
    shutil.copytree(copy, node.data)
    await node.start()
    for key in map(bytes.fromhex, sorted(blocked)):
        assert await node.find_local(key) == set()
        refused = await node.command("store", key.hex(), "again")
        assert refused.status != 0, refused
        assert await node.find_local(key) == set()
    await node.stop()


@pytest.mark.timeout(390)
async def test_base_and_increments_survive_some_nights(nodes, offsite, same, dump, tmp_path):
    await pass_nights(3, 1, nodes, offsite, same, dump, tmp_path)


@pytest.mark.timeout(9000)
async def test_base_and_increments_survive_200_nights(nodes, offsite, same, dump, tmp_path):
    done = await pass_nights(200, 2, nodes, offsite, same, dump, tmp_path)
    wanted = {
        "store", "store_elsewhere", "pin", "unpin", "withdraw", "forget", "block", "unblock", "clock", "task", "import"}
    assert wanted <= done.keys(), done
