"""The recipes of docs/following.md, with the very lines that stand there, against the real software."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import textwrap
from random import Random

import pytest
import pytest_asyncio

from harness.command import clean_environment
from harness.waiting import wait_until


class Server:
    """A program that a recipe sends to, on a port of its own."""

    def __init__(self, process, address):
        self.process, self.address = process, address


async def serve(command, pattern, **options):
    """Starts a program, and returns it with the address that it prints."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, **options)
    while line := await asyncio.wait_for(process.stdout.readline(), 90):
        if found := re.search(pattern, line.decode(errors="replace")):
            return Server(process, found[1] if found.groups() else None)
    raise AssertionError(f"{command[0]} ended with status {await process.wait()}")


@pytest_asyncio.fixture
async def servers():
    """Starts servers, and ends them after the test."""
    started = []

    async def start(*arguments, **options):
        started.append(await serve(*arguments, **options))
        return started[-1]
    yield start
    for server in started:
        server.process.kill()
        await server.process.wait()


class Recipe:
    """The commands of a section of the docs, run beside a node."""

    def __init__(self, repository, section, node, folder, environment):
        text = (repository / "docs/following.md").read_text().split(f"\n## {section}\n")[1].split("\n## ")[0]
        self.commands = textwrap.dedent(re.search(r"(?m)(?:^    .*\n|^\n(?=    ))+", text)[0])
        self.folder = folder
        if not (folder / "data").exists():
            (folder / "data").symlink_to(node.data)
        programs = f"{os.path.dirname(node.binary)}:{repository}/.venv/following/bin:{os.environ['PATH']}"
        self.environment = clean_environment() | environment | {"PATH": programs}

    async def start(self):
        return await asyncio.create_subprocess_exec(
            "bash", "-c", self.commands, cwd=self.folder, env=self.environment, start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE)


async def follow_through_kills(recipe, node, read, kills=4):
    """Runs a recipe again and again and kills it, beside a node that stores and is killed; what arrived."""
    random = Random(kills)
    for number in range(kills):
        process = await recipe.start()
        for _ in range(random.randrange(2, 6)):
            await node.store(random.randbytes(20), b"value %d" % number)
        await asyncio.sleep(random.uniform(0.0, 1.0))
        if number == kills // 2:
            await node.kill()
            await node.start()
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    last = (await node.status())["archive"]["journal_last"]
    process = await recipe.start()

    async def has_all():
        assert process.returncode is None, await process.stderr.read()
        lines = await read()
        return bool(lines) and json.loads(lines[-1])["change"] >= last

    try:
        await wait_until(has_all, f"change {last} arrives", 60.0, every=0.3)
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    return [json.loads(line)["change"] for line in await read()], last


def installed(*programs):
    """Skips a test whose software is not there."""
    for program in programs:
        if subprocess.run(["bash", "-c", f"command -v {program}"], capture_output=True).returncode:
            pytest.skip(f"tools/setup installs {program}")


async def output_of(*command):
    """What a program prints."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    output, _ = await asyncio.wait_for(process.communicate(), 90)
    return output.decode()


async def test_file(repository, nodes, tmp_path):
    installed("jq")
    node = await nodes.start()
    (tmp_path / "changes.jsonl").write_text('{"archive":"cut')

    async def read():
        text = (tmp_path / "changes.jsonl").read_text()
        return text[:text.rfind("\n") + 1].splitlines()

    numbers, last = await follow_through_kills(Recipe(repository, "A file", node, tmp_path, {}), node, read)
    assert numbers == list(range(1, last + 1))


async def test_redis_has_each_change_once(repository, nodes, servers, tmp_path):
    installed("redis-server", "redis-cli")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    await servers(
        ["redis-server", "--bind", "127.0.0.1", "--port", port, "--appendonly", "yes", "--dir", tmp_path],
        "Ready to accept connections")
    address = f"redis://127.0.0.1:{port}"
    node = await nodes.start()

    async def read():
        text = await output_of("redis-cli", "-u", address, "--json", "XRANGE", "changes", "-", "+")
        return [fields[1] for _, fields in json.loads(text)] if text.strip() else []

    recipe = Recipe(repository, "Redis streams", node, tmp_path, {"REDIS": address})
    numbers, last = await follow_through_kills(recipe, node, read)
    assert numbers == list(range(1, last + 1))
    refused = await output_of("redis-cli", "-u", address, "XADD", "changes", f"{last}-0", "line", "again")
    assert "equal or smaller" in refused


async def test_nats_refuses_what_does_not_follow(repository, nodes, servers, tmp_path):
    installed("nats-server")
    python = repository / ".venv/following/bin/python"
    if not python.exists():
        pytest.skip("tools/setup installs the NATS client")
    server = await servers(
        ["nats-server", "-a", "127.0.0.1", "-p", "-1", "-js", "-sd", tmp_path / "store"],
        r"Listening for client connections on (\S+)")
    address = f"nats://{server.address}"
    node = await nodes.start()
    reader = textwrap.dedent(f"""
        import asyncio, nats
        async def main():
            connection = await nats.connect("{address}")
            stream = connection.jetstream()
            try:
                count = (await stream.stream_info("changes")).state.messages
            except nats.js.errors.NotFoundError:
                count = 0
            for number in range(1, count + 1):
                print((await stream.get_msg("changes", number)).data.decode())
            await connection.close()
        asyncio.run(main())""")

    async def read():
        return (await output_of(python, "-c", reader)).splitlines()

    recipe = Recipe(repository, "NATS JetStream", node, tmp_path, {"NATS": address})
    numbers, last = await follow_through_kills(recipe, node, read)
    assert numbers == list(range(1, last + 1))


async def test_kafka_by_its_imitation(repository, nodes, servers, tmp_path):
    installed("kcat", "jq")
    # A producer that has nothing to send keeps the imitated broker alive.
    server = await servers(
        ["kcat", "-P", "-b", "none", "-t", "none", "-X", "test.mock.num.brokers=1"],
        r"replaced with (127\S+)", stdin=asyncio.subprocess.PIPE)
    node = await nodes.start()

    async def read():
        text = await output_of("kcat", "-C", "-q", "-b", server.address, "-t", "changes", "-p", "0", "-o", "beginning", "-e")
        return text.splitlines()

    numbers, last = await follow_through_kills(
        Recipe(repository, "Kafka", node, tmp_path, {"KAFKA": server.address}), node, read)
    assert set(numbers) == set(range(1, last + 1))
    assert all(after <= before + 1 for before, after in zip(numbers, numbers[1:])), numbers


async def test_a_recipe_that_is_too_late_ends_with_status_3(repository, nodes, tmp_path):
    installed("jq")
    node = await nodes.start()
    (tmp_path / "changes.jsonl").write_text('{"change":1000}\n')
    process = await Recipe(repository, "A file", node, tmp_path, {}).start()
    assert await asyncio.wait_for(process.wait(), 90) == 3
