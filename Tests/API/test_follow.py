"""A copy that follows a node's archive has every change, whoever is killed."""

import asyncio
import json
from random import Random
from urllib.parse import quote

import pytest

from harness.command import run_command
from harness.waiting import wait_until


class Follower:
    """Runs `bristlecone follow` again and again, as a consumer does who remembers the last change that it has."""

    def __init__(self, node):
        self.node = node
        self.numbers = []
        self._process = None

    async def run(self):
        while True:
            last = self.numbers[-1] if self.numbers else 0
            self._process = await asyncio.create_subprocess_exec(
                self.node.binary, "follow", "--data", str(self.node.data), "--after", str(last),
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
            async for line in self._process.stdout:
                if line.endswith(b"\n"):
                    self.numbers.append(json.loads(line)["change"])
            status = await self._process.wait()
            assert status != 3, await self._process.stderr.read()
            await asyncio.sleep(0.05)

    def kill(self):
        if self._process and self._process.returncode is None:
            self._process.kill()


async def follow_through_kills(nodes, kills):
    random = Random(kills)
    node = await nodes.start()
    follower = Follower(node)
    following = asyncio.create_task(follower.run())
    try:
        for kill in range(kills):
            for number in range(random.randrange(1, 6)):
                await node.store(random.randbytes(20), b"value %d" % number)
            if random.random() < 0.5:
                follower.kill()
            else:
                await node.kill()
                await node.start()
        last = (await node.status())["archive"]["journal_last"]

        async def has_all():
            return bool(follower.numbers) and follower.numbers[-1] >= last

        await wait_until(has_all, f"the follower has change {last}", 60.0, every=0.2)
    finally:
        following.cancel()
        follower.kill()
    numbers = follower.numbers
    assert set(numbers) >= set(range(1, last + 1)), "changes are missing"
    # A change may come again after a kill, and never one before it later than that.
    assert all(after <= before + 1 for before, after in zip(numbers, numbers[1:])), "out of order"


@pytest.mark.timeout(300)
async def test_every_change_arrives_through_kills(nodes):
    await follow_through_kills(nodes, 4)


@pytest.mark.full
@pytest.mark.timeout(3000)
async def test_every_change_arrives_through_many_kills(nodes):
    await follow_through_kills(nodes, 100)


async def last_change(node):
    """The archive's last change, as a follower has it."""
    number = (await node.status())["archive"]["journal_last"]
    following = await asyncio.create_subprocess_exec(
        node.binary, "follow", "--data", str(node.data), "--after", "0", stdout=asyncio.subprocess.PIPE)
    try:
        async for line in following.stdout:
            change = json.loads(line)
            if change["change"] == number:
                return change
    finally:
        following.kill()
        await following.wait()


async def test_a_restore_is_noticed_by_who_knows_when_its_last_change_was_made(nodes, tmp_path):
    node = await nodes.start()
    assert (await node.command("store", "before", "x")).status == 0
    assert (await node.command("backup", str(tmp_path / "backup"))).status == 0
    for number in range(3):
        assert (await node.command("store", f"undone {number}", "x")).status == 0
    last = await last_change(node)
    goes_on = ["follow", "--after", str(last["change"]), "--at", last["at"]]
    await node.stop()
    restored = await run_command(node.binary, "restore", str(tmp_path / "backup"), "--data", str(node.data))
    assert restored.status == 0, restored
    await node.start()
    for number in range(8):
        assert (await node.command("store", f"other {number}", "x")).status == 0
    completed = await node.command(*goes_on)
    assert completed.status == 3
    assert "is another one than yours" in completed.errors and "start again from a new export" in completed.errors
    assert (await node.command("follow", "--at", last["at"])).status == 64
    # As programs write a moment into an address, and as people do.
    for moment in (last["at"], quote(last["at"], safe="")):
        path = f"http://node/api/v1/changes?after={last['change']}&at={moment}"
        answer = await run_command(
            "curl", "--silent", "--max-time", "20", "--unix-socket", str(node.data / "control.sock"), path)
        assert "is another one than yours" in answer.output, moment


async def test_a_follower_that_is_ahead_begins_anew(nodes):
    node = await nodes.start()
    completed = await node.command("follow", "--after", "1000")
    assert completed.status == 3
    assert "has no change 1000" in completed.errors and "start again from a new export" in completed.errors
