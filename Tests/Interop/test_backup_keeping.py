"""Backups that can be relied on: checks, retention, forgotten values, and the commands that docs/backups.md prints."""

import os
import re
import shutil
import subprocess

import pytest

from harness.command import run_command

SECRET = b"forget me, wherever"


@pytest.fixture
async def node(nodes):
    node = await nodes.start()
    for number in range(3):
        assert (await node.command("store", f"stored {number}", "value", "--unsigned")).status == 0
    return node


def holding(folder, needle):
    """The files in a folder that have these bytes."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and needle in path.read_bytes())


async def check(node, folder, *arguments):
    return await run_command(node.binary, "backup", "check", str(folder), *arguments)


async def test_a_backup_made_after_forgetting_does_not_have_the_value(node, tmp_path):
    for number in range(20):
        completed = await node.command("store", "secret", SECRET.decode() + f" {number}", "--unsigned")
        assert completed.status == 0, completed
    assert (await node.command("backup", str(tmp_path / "before"))).status == 0
    assert holding(tmp_path / "before", SECRET) == ["archive.mdb"]
    assert (await node.command("forget", "secret", "--yes")).status == 0
    assert (await node.command("backup", str(tmp_path / "after"))).status == 0
    assert holding(tmp_path / "after", SECRET) == []
    completed = await run_command(node.binary, "backup", "--help")
    assert "earlier ones still contain it" in " ".join(completed.output.split())


async def test_a_check_finds_what_a_restore_would_refuse(node, tmp_path):
    folder = tmp_path / "b"
    assert (await node.command("backup", str(folder))).status == 0
    completed = await check(node, folder)
    assert completed.status == 0 and "Can be restored" in completed.output, completed
    refused = await node.command("restore", str(folder), "--check")
    assert refused.status == 1 and "is using the data folder" in refused.errors, "a node is running"
    await node.stop()
    before = sorted(os.listdir(tmp_path)), sorted(os.listdir(node.data))
    assert (await node.command("restore", str(folder), "--check")).status == 0
    assert (sorted(os.listdir(tmp_path)), sorted(os.listdir(node.data))) == before
    for name in ("archive.mdb", "identity.key", "bristlecone.yaml", "manifest.json", "manifest.sha256"):
        harmed = tmp_path / "harmed"
        shutil.copytree(folder, harmed)
        content = bytearray((harmed / name).read_bytes())
        content[len(content) // 2] ^= 1
        (harmed / name).write_bytes(content)
        checked, restored = await check(node, harmed), await node.command("restore", str(harmed))
        assert checked.status == restored.status == 1, name
        assert restored.errors == f"{checked.errors.rstrip()} Nothing was replaced.\n", name
        shutil.rmtree(harmed)


async def test_a_smashed_index_costs_nothing_but_the_history(node, tmp_path):
    folder = tmp_path / "b"
    assert (await node.command("backup", str(folder))).status == 0
    await node.stop()
    (folder / "index.sqlite").write_bytes(b"x" * 4096)
    assert "rebuilt after a restore" in (await check(node, folder)).output
    completed = await node.command("restore", str(folder), "--json")
    assert completed.status == 0 and completed.json()["index_missing"], completed
    await node.restart()
    assert (await node.status())["archive"]["values"] == 3
    assert "was restored from the backup of" in node.log_tail() and "audit=restore" in node.log_tail()


async def test_retention_says_what_it_keeps_and_deletes(node, tmp_path):
    place = tmp_path / "backups"
    place.mkdir()
    for name in ("1", "2"):
        assert (await node.command("backup", str(place / name))).status == 0
    completed = await node.command("backup", str(place / "3"), "--keep", "daily=1", "--json")
    assert completed.status == 0, completed
    assert completed.json()["deleted"] == ["1", "2"] and completed.json()["kept"] == ["3"]
    assert os.listdir(place) == ["3"]
    wrong = await node.command("backup", str(place / "4"), "--keep", "all")
    assert wrong.status == 64 and "daily=7" in wrong.errors and not (place / "4").exists()


async def test_old_data_is_listed_and_deleted(node, tmp_path):
    assert (await node.command("backup", str(tmp_path / "b"))).status == 0
    await node.stop()
    assert (await node.command("restore", str(tmp_path / "b"))).status == 0
    listed = (await node.command("backup", "old-data", "--json")).json()
    assert len(listed["folders"]) == 1 and not listed["deleted"]
    aside = listed["folders"][0]["folder"]
    young = await node.command("backup", "old-data", "--delete", "--older-than", "1 day", "--yes", "--json")
    assert young.json()["folders"] == [] and os.path.exists(aside)
    unconfirmed = await node.command("backup", "old-data", "--delete")
    assert unconfirmed.status == 64 and os.path.exists(aside)
    assert (await node.command("backup", "old-data", "--delete", "--yes")).status == 0
    assert not os.path.exists(aside)


@pytest.mark.parametrize("tool", ["age", "gpg"])
async def test_the_page_encrypts_and_decrypts_as_printed(node, repository, tmp_path, tool):
    backups, restored, home = tmp_path / "backups", tmp_path / "restored", tmp_path / "gnupg"
    for folder in (backups, restored, home):
        folder.mkdir(mode=0o700)
    assert (await node.command("backup", str(backups / "2026-02-03"))).status == 0
    page = (repository / "docs/backups.md").read_text(encoding="utf-8").split("## Encrypt them")[1]
    lines = [line.strip() for line in page.splitlines() if line.startswith("    ")]
    wanted = [line for line in lines if re.search(rf"\b{tool}(-keygen)?\b", line)] + [lines[-1]]
    script = "\n".join(wanted).replace(" /backups ", f" {backups} ").replace("/restored", str(restored))
    script = re.sub(r"^bristlecone ", f"{node.binary} ", script, flags=re.MULTILINE)
    prepare = ""
    if tool == "gpg":
        prepare = ("gpg --batch --quiet --passphrase '' --quick-generate-key backup@example.org default default never\n"
                   "gpg --batch --quiet --export-ownertrust >/dev/null\n")
    completed = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", prepare + script], cwd=tmp_path, capture_output=True, text=True, timeout=120,
        env={**os.environ, "GNUPGHOME": str(home)}, check=False)
    subprocess.run(["gpgconf", "--kill", "all"], env={**os.environ, "GNUPGHOME": str(home)}, check=False)
    assert completed.returncode == 0, completed.stderr
    assert "Can be restored" in completed.stdout
    encrypted = next(tmp_path.glob("2026-02-03.tar.*")).read_bytes()
    key = (backups / "2026-02-03" / "identity.key").read_bytes()
    assert key not in encrypted
