"""What the pages say of the command line is what the program does, and the unit file is one."""

import asyncio
import json
import re
import shutil
import subprocess

import pytest

from harness.addresses import join_address
from harness.command import run_command
from harness.waiting import wait_until
from test_walkthrough import mixed_network

# Objects whose keys are names that differ from node to node.
FREE = {"refused", "counters", "settings", "figures"}
SHAPE = re.compile(r"^`bristlecone ([^`]+) --json`[^\n]*\n\n```json\n(.*?)```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def page(repository):
    """The page about the command line."""
    return (repository / "docs/command-line.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def shapes(page):
    """The examples on the page: {first words of the command: parsed JSON}."""
    return {" ".join(re.findall(r"^[a-z ]+", command)).strip(): json.loads(text)
            for command, text in SHAPE.findall(page)}


def differences(documented, real, place=""):
    """Where two values are not of the same shape; `null` is of every shape."""
    if documented is None or real is None:
        return []
    if isinstance(documented, dict) and isinstance(real, dict):
        name = place.rsplit(".", 1)[-1]
        if name in FREE:
            return differences(*(next(iter(value.values()), None) for value in (documented, real)), f"{place}.*")
        found = [f"{place}.{key} is in one only" for key in documented.keys() ^ real.keys()]
        return found + [difference for key in documented.keys() & real.keys()
                        for difference in differences(documented[key], real[key], f"{place}.{key}")]
    if isinstance(documented, list) and isinstance(real, list):
        return differences(documented[0], real[0], f"{place}[0]") if documented and real else []
    numbers = isinstance(documented, (int, float)) and isinstance(real, (int, float))
    same = type(documented) is type(real) or numbers and bool not in (type(documented), type(real))
    return [] if same else [f"{place}: {documented!r} and {real!r}"]


async def test_json_is_as_the_page_shows_it(network, nodes, shapes, tmp_path):
    theirs, (node,) = await mixed_network(network, nodes, 3, 1)
    await wait_until(theirs[0].overlay.store_peer, f"{theirs[0]} is remembered", 30.0, every=0.5)

    async def looks_at_records():
        return (await node.status())["scrub"] is not None

    await wait_until(looks_at_records, f"{node} begins to scrub", every=0.5)
    folder = tmp_path / "backup"
    commands = {
        "store": ("store", "greeting", "hello"),
        "find": ("find", "greeting"),
        "ping": ("ping", join_address(theirs[1].address)),
        "connect": ("connect", theirs[0].mid.hex()),
        "pin add": ("pin", "add", "greeting"),
        "pin list": ("pin", "list"),
        "block list": ("block", "list"),
        "ban list": ("ban", "list"),
        "status": ("status",),
        "health": ("health",),
        "history": ("history",),
        "key show": ("key", "show"),
        "api": ("api-key",),
        "support": ("support", str(tmp_path / "report.txt")),
        "upgrade": ("upgrade", "--check"),
        "plan": ("plan",),
        "config show": ("config", "show"),
        "config set": ("config", "set", "archive.scrub_rate", "5"),
        "reload": ("reload",),
        "backup": ("backup", str(folder)),
        "backup check": ("backup", "check", str(folder)),
        "import": ("import", str(tmp_path / "all.dump")),
        "withdraw": ("withdraw", "greeting"),
        "forget": ("forget", "greeting", "--yes"),
        "restore": ("restore", str(folder)),
        "backup old": ("backup", "old-data"),
    }
    assert shapes.keys() == commands.keys()
    await node.command("block", "add", "nuisance")
    await node.command("ban", "add", "192.0.2.0/24", "--for", "7 days")
    wrong = {}
    for name, arguments in commands.items():
        if name == "restore":
            await node.stop()
        if name == "import":
            tool = f"{node.binary}-dump"
            exported = await run_command(tool, "export", str(node.data), "--output", str(tmp_path / "all.dump"))
            assert exported.status == 0, exported
        run = run_command if name == "backup check" else None
        completed = await (
            run(node.binary, *arguments, "--json") if run else node.command(*arguments, "--json"))
        # A node that has just started may not be well yet.
        assert completed.status == 0 or (name, completed.status) == ("health", 1), completed
        wrong[name] = differences(shapes[name], completed.json())
    assert not any(wrong.values()), wrong


async def test_every_counter_is_on_the_page(network, nodes, page):
    theirs, (node,) = await mixed_network(network, nodes, 3, 1)
    await node.store(bytes(20), b"value")
    await node.find(bytes(20))
    rows = re.findall(r"^\| (`.*?) \|", page.split("## Counters")[1], re.MULTILINE)
    patterns = [re.sub(r"[A-Z]+", r"[a-z_.0-9]+", name) for row in rows for name in re.findall(r"`([^`]+)`", row)]
    for name in (await node.status())["counters"]:
        assert any(re.fullmatch(pattern, name) for pattern in patterns), f"{name} is not on the page"
        assert name == name.lower(), f"{name} is named in another way than the others"


@pytest.mark.parametrize("arguments, status", [
    (("status",), 1), (("ping", "nowhere"), 64), (("find", "key", "--nonsense"), 64),
    (("config", "check", "--listen", "1.2.3"), 64), (("--version",), 0)])
async def test_exit_statuses_are_those_on_the_page(nodes, page, arguments, status):
    node = nodes.make()
    arguments = arguments if "--version" in arguments else (*arguments, "--data", str(node.data))
    completed = await run_command(node.binary, *arguments)
    assert completed.status == status, completed
    assert f"| {status} |" in page
    assert status == 0 or all(line.startswith("bristlecone: ") for line in completed.errors.splitlines()[:1])


async def test_completion_is_where_the_page_says(nodes):
    for shell in ("bash", "zsh", "fish"):
        completed = await run_command(nodes.binary, "--generate-completion-script", shell)
        assert completed.status == 0 and "bristlecone" in completed.output


async def test_a_hundred_commands_at_once_are_all_answered(nodes):
    node = await nodes.start()
    await asyncio.gather(*(node.store(bytes([number]) * 20, b"value") for number in range(100)))
    assert (await node.status())["archive"]["keys"] == 100


@pytest.mark.parametrize("name", ["bristlecone.service", "bristlecone-backup.service"])
def test_the_unit_files_are_ones(repository, tmp_path, binary, name):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze here: it is in Debian's package systemd")
    text = (repository / "tools/systemd" / name).read_text(encoding="utf-8")
    # It looks for the program, which nobody has installed on this machine.
    unit = tmp_path / name
    unit.write_text(text.replace("/usr/bin/bristlecone", str(binary)))
    completed = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(unit)],
        capture_output=True, text=True, timeout=200, check=False)
    ours = [line for line in completed.stderr.splitlines() if "bristlecone" in line]
    assert completed.returncode == 0 and not ours, completed.stderr
