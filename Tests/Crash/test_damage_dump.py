"""No altered byte of an archive makes the offline tool leave something out in silence: see damage_dump.py."""

import asyncio
import pathlib
import sys

import pytest

SCRIPT = pathlib.Path(__file__).with_name("damage_dump.py")


@pytest.mark.parametrize("cases", [
    pytest.param(30, id="some-bytes"),
    pytest.param(5000, id="many-bytes", marks=[pytest.mark.full, pytest.mark.timeout(7200)]),
])
async def test_no_altered_byte_is_passed_over(binary, cases):
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), "--cases", str(cases), "--tool", str(binary.parent / "bristlecone-dump"),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
