"""An S3 server, and the tool that ships to it by way of rclone."""

import asyncio
import os
import re
import shutil
import signal

import pytest
import pytest_asyncio

from harness.command import Completed, clean_environment, run_command
from harness.waiting import PATIENCE


@pytest_asyncio.fixture
async def storage(repository):
    """The environment for rclone, in which `s3:` is an S3 server of this test's own."""
    server = repository / ".venv/offsite/bin/moto_server"
    if not server.exists() or not shutil.which("rclone"):
        pytest.skip("tools/setup --offsite installs rclone and an S3 server")
    process = await asyncio.create_subprocess_exec(
        server, "-H", "127.0.0.1", "-p", "0", stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE)
    try:
        address = None
        while address is None:
            line = await asyncio.wait_for(process.stderr.readline(), 60 * PATIENCE)
            assert line, "the S3 server ended"
            address = re.search(r"Running on (http://\S+)", line.decode())
        draining = asyncio.create_task(drain(process.stderr))
        yield {
            "RCLONE_CONFIG": "", "RCLONE_CONFIG_S3_TYPE": "s3", "RCLONE_CONFIG_S3_PROVIDER": "Other",
            "RCLONE_CONFIG_S3_ACCESS_KEY_ID": "any", "RCLONE_CONFIG_S3_SECRET_ACCESS_KEY": "any",
            "RCLONE_CONFIG_S3_ENDPOINT": address[1], "AWS_CA_BUNDLE": "/etc/ssl/certs/ca-certificates.crt"}
        draining.cancel()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def drain(stream):
    """Reads what the server logs, so that it never waits for a reader."""
    while await stream.read(1 << 16):
        pass


class Offsite:
    """Runs tools/offsite."""

    def __init__(self, script, binary, environment):
        self.script = script
        self.environment = clean_environment() | environment | {
            "BRISTLECONE_DUMP": str(binary.parent / "bristlecone-dump")}

    async def __call__(self, *arguments, status=0):
        """To its end; what it said."""
        process = await self._spawn(arguments)
        output, errors = await asyncio.wait_for(process.communicate(), 120 * PATIENCE)
        done = Completed(tuple(map(str, arguments)), process.returncode, output.decode(), errors.decode())
        assert done.status == status, f"{done.arguments}: {done.output}{done.errors}"
        return done

    async def killed(self, seconds, *arguments):
        """Killed after a while, with the programs that it has started; whether it was killed before its end."""
        process = await self._spawn(arguments)
        try:
            await asyncio.wait_for(process.communicate(), seconds)
        except asyncio.TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        return process.returncode == -signal.SIGKILL

    async def _spawn(self, arguments):
        return await asyncio.create_subprocess_exec(
            self.script, *map(str, arguments), env=self.environment, start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)


@pytest.fixture
def offsite(repository, binary, storage):
    """Runs tools/offsite with `s3:` as a storage."""
    return Offsite(repository / "tools/offsite/offsite.py", binary, storage)


@pytest.fixture
def dump(binary):
    """Runs bristlecone-dump, which has to succeed."""
    async def run(*arguments):
        done = await run_command(str(binary.parent / "bristlecone-dump"), *map(str, arguments))
        assert done.status == 0, done
        return done.output
    return run


@pytest.fixture
def same(dump, tmp_path):
    """Compares the exports of two archives, byte by byte."""
    async def compare(one, other):
        contents = []
        for name, folder in (("one.dump", one), ("other.dump", other)):
            await dump("export", folder, "--output", tmp_path / name)
            contents.append((tmp_path / name).read_bytes())
        return contents[0] == contents[1]
    return compare
