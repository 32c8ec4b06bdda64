"""The commands that write files, killed at any moment, and three of each at once: see kill_commands.py."""

import asyncio
import pathlib
import sys

import pytest

SCRIPT = pathlib.Path(__file__).with_name("kill_commands.py")


@pytest.mark.parametrize("kills", [
    pytest.param(3, id="a-few-kills"),
    pytest.param(200, id="many-kills", marks=[pytest.mark.full, pytest.mark.timeout(7200)]),
])
async def test_commands_that_are_killed_lose_nothing_and_succeed_the_next_time(binary, kills):
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), "--kills", str(kills), "--programs", str(binary.parent),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, output.decode()
