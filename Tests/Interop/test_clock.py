"""What a node does while the machine's clock is wrong, and when it is set."""

import os
import subprocess
import time

import pytest

from harness.clock import Clock
from test_walkthrough import key_of

YEAR_2300 = 10_413_792_000
KEY = key_of("clock")


@pytest.fixture
def clock(tmp_path):
    """The time of day of the nodes of a test."""
    return Clock(tmp_path)


async def version(node, value):
    """The version that a node gives to the next value under the key."""
    return (await node.store(KEY, value))["version"]


async def test_a_node_that_boots_in_1970_publishes_later_versions_and_follows_the_right_clock_at_once(nodes, clock):
    node = await nodes.make(environment=clock.environment).start()
    before = await version(node, b"before")
    await node.stop()

    clock.set(60)
    await node.restart()
    assert "before the newest change in the archive: set the clock" in node.log_tail()
    assert await version(node, b"1970") == before + 1
    # A second restart by the same clock forgets nothing.
    await node.stop()
    clock.set(90)
    await node.restart()
    assert await version(node, b"still 1970") == before + 2

    clock.set_right()
    begun = int(time.time())
    # So soon after the first value that the clock may not be past the last version yet.
    now = await version(node, b"now")
    assert max(begun, before + 3) <= now <= max(time.time(), before + 3)
    assert "this node follows by" in node.log_tail()
    status = await node.status()
    assert status["clock"]["behind_archive_seconds"] == 0 and status["clock"]["versions_ahead_seconds"] <= 3
    assert {data for data, _ in await node.find_local(KEY)} == {b"now"}


async def test_a_clock_that_is_set_back_while_the_node_runs_lowers_no_version(nodes, clock):
    clock.set(int(time.time()) + 7200)
    node = await nodes.make(environment=clock.environment).start()
    ahead = await version(node, b"ahead")
    await node.stop()
    clock.set_right()
    await node.restart()
    assert await version(node, b"right") == ahead + 1
    status = await node.status()
    assert 7000 < status["clock"]["versions_ahead_seconds"] < 7300
    assert "s ahead of the clock" in node.log_tail()


async def test_a_clock_of_the_year_2300_stops_no_running_node_and_is_refused_at_the_start(repository, nodes, clock):
    node = await nodes.make(environment=clock.environment).start()
    first = await version(node, b"first")
    clock.set(YEAR_2300)
    assert first < await version(node, b"second") <= max(time.time(), first + 1)
    assert {data for data, _ in await node.find_local(KEY)} == {b"second"}
    await node.stop()

    environment = os.environ | clock.environment
    refused = subprocess.run(
        [node.binary, "run", "--data", node.data, "--no-bootstrap"], env=environment, capture_output=True, text=True,
        timeout=60, check=False)
    assert refused.returncode == 1 and "clock shows a time after 2106-02-07T06:28:15Z" in refused.stderr, refused
    for command in ("stat", "verify", "list", "plan"):
        done = subprocess.run(
            [repository / ".build/debug/bristlecone-dump", command, node.data], env=environment,
            capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0 and "damage" not in done.stderr, done
