"""Who waits for other nodes sees how far that has come."""

import json
import os
import signal

from harness.command import run_command
from harness.waiting import wait_until


async def test_a_lookup_tells_how_many_have_answered(nodes):
    silent = await nodes.start()
    node = await nodes.start(peers=[silent])

    async def are_contacts():
        return (await node.status())["contacts"]

    await wait_until(are_contacts, "the nodes know each other", 30.0)
    os.kill(silent.pid, signal.SIGSTOP)
    try:
        completed = await run_command(
            "curl", "--silent", "--show-error", "--fail", "--unix-socket", str(node.data / "control.sock"), "--header",
            "Accept: application/jsonl", "http://localhost/api/v1/network/values/song", seconds=30.0)
    finally:
        os.kill(silent.pid, signal.SIGCONT)
    *progress, last = [json.loads(line) for line in completed.output.splitlines()]
    assert progress, completed.output
    assert progress[0]["progress"] == {"step": "looking up", "done": 0, "total": 1, "unit": "answers"}
    assert last["result"]["asked"] == 1
    assert last["result"]["answered"] == 0
