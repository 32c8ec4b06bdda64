"""The API does what its description says: thousands of requests made from it find no failure."""

import asyncio
import re
import sys

import pytest

SCHEMATHESIS = "schemathesis==4.32.5"
# These send packets to any address, write to any folder, or stream without end; other tests have them.
LEFT_OUT = ("back_up", "ping", "connect", "changes")
CONFIGURATION = """
[[operations]]
include-name = "POST /api/v1/values/{key}"
# A text is bounded by its bytes, and a schema can only count characters.
checks.positive_data_acceptance.enabled = false

[[operations]]
include-name = "POST /api/v1/values"
checks.positive_data_acceptance.enabled = false

[[operations]]
include-name = "POST /api/v1/bans"
# Addresses and networks have a form that a pattern hardly says.
checks.positive_data_acceptance.enabled = false

[[operations]]
include-name = "POST /api/v1/import"
# Any bytes may come, and few of them are a dump.
checks.positive_data_acceptance.enabled = false
# While one dump is imported, another one has to wait.
checks.not_a_server_error.expected-statuses = ["2xx", "4xx", "503"]

[[operations]]
include-name = "PATCH /api/v1/settings"
# Settings have ranges and forms of their own.
checks.positive_data_acceptance.enabled = false
"""


async def run_in(folder, *command, seconds):
    """Runs a program that has to succeed."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    output, _ = await asyncio.wait_for(process.communicate(), seconds)
    assert process.returncode == 0, output.decode(errors="replace")[-20_000:]


@pytest.mark.full
@pytest.mark.timeout(1800)
async def test_schemathesis_finds_nothing(nodes, tmp_path):
    environment = tmp_path / "venv"
    await run_in(tmp_path, sys.executable, "-m", "venv", str(environment), seconds=120.0)
    await run_in(
        tmp_path, str(environment / "bin/pip"), "install", "--quiet", "--disable-pip-version-check", SCHEMATHESIS,
        seconds=300.0)
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    node = nodes.make(environment={"BRISTLECONE_HTTP_LISTEN": "127.0.0.1:0"})
    await node.start()
    address = re.findall(r"HTTP is served on (http://\S+)", node.log_tail())[-1]
    key = (node.data / "api.key").read_text(encoding="ascii").strip()
    left_out = [word for name in LEFT_OUT for word in ("--exclude-operation-id", name)]
    await run_in(
        tmp_path, str(environment / "bin/schemathesis"), "run", f"{address}/api/v1/openapi.json", "--header",
        f"X-Api-Key: {key}", "--max-examples", "200", "--generation-database", "none", "--no-color",
        "--seed", "1", *left_out, seconds=1500.0)
    assert await node.status()
