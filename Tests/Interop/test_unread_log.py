"""Nobody reads what the node prints: it goes on all the same, and stops when it is told to."""

import asyncio
import os
import signal

import pytest

from harness.command import clean_environment, run_command
from harness.waiting import wait_until


@pytest.fixture
def full_pipe():
    """A pipe without room for another byte: (reading end, writing end)."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, b"." * 4096)
    except BlockingIOError:
        os.set_blocking(writing, True)
    yield reading, writing
    os.close(reading)


async def test_a_node_whose_log_is_not_read_answers_and_stops(binary, tmp_path, addresses, full_pipe):
    reading, writing = full_pipe
    data = tmp_path / "data"
    process = await asyncio.create_subprocess_exec(
        str(binary), "run", "--data", str(data), "--listen", f"{addresses.take()}:0", "--no-bootstrap", "--log-level", "debug",
        stdin=asyncio.subprocess.DEVNULL, stdout=writing, stderr=writing, env=clean_environment())
    os.close(writing)
    try:
        async def answers():
            return (await run_command(str(binary), "status", "--data", str(data))).status == 0

        await wait_until(answers, "the node answers", 20.0, every=0.3)
        stored = await run_command(str(binary), "store", "greeting", "hello", "--data", str(data))
        assert stored.status == 0, stored
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 30.0) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
