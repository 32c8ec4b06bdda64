"""Shipping an archive and restoring it, with everything that comes between."""

import json
import re
import shutil
import subprocess
from random import Random

import pytest

# They need engines that take minutes to install.
pytestmark = pytest.mark.full

STORAGE = "s3:archives/some/folder"


@pytest.fixture
def make_archive(binary):
    """Makes an archive that has something of everything, and so many plain values beside."""
    def make(folder, count):
        subprocess.run([binary.parent / "ArchiveWriter", "sample", folder, str(count)], check=True, timeout=200)
        return folder
    return make


@pytest.fixture
def grow(make_archive, dump, tmp_path):
    """Imports so many more values into an archive."""
    async def more(folder, count):
        other = make_archive(tmp_path / f"more{count}", count)
        await dump("export", other, "--output", tmp_path / "more.dump")
        await dump("import", tmp_path / "more.dump", folder)
    return more


def names(listing):
    """What `list` shows, without the archive's id."""
    return [line.split("/")[1] for line in listing.output.splitlines()]


async def test_a_base_and_increments_are_restored(offsite, make_archive, grow, same, tmp_path):
    source = make_archive(tmp_path / "source", 20)
    first = re.search(r"000001-base-to-(\d+-\w+)\.dump", (await offsite("ship", source, STORAGE)).output)[1]
    assert "Nothing changed" in (await offsite("ship", source, STORAGE)).output
    await grow(source, 30)
    assert f"000002-after-{first}-to-" in (await offsite("ship", source, STORAGE)).output
    await grow(source, 40)
    await offsite("ship", source, STORAGE)
    await offsite("restore", STORAGE, tmp_path / "copy")
    assert await same(source, tmp_path / "copy")
    refused = await offsite("restore", STORAGE, tmp_path / "copy", status=2)
    assert "exists already" in refused.errors
    await offsite("restore", STORAGE, tmp_path / "earlier", "--through", "1")
    assert not await same(source, tmp_path / "earlier")
    assert "no shipment 9" in (await offsite("restore", STORAGE, tmp_path / "x", "--through", "9", status=2)).errors
    # A node runs on the copy: that is another archive, which begins with a base of its own.
    await grow(tmp_path / "copy", 50)
    assert "000001-base-" in (await offsite("ship", tmp_path / "copy", STORAGE)).output
    refused = await offsite("restore", STORAGE, tmp_path / "x", status=2)
    assert "has 2 archives" in refused.errors and "--archive" in refused.errors


async def test_new_bases_come_in_time_and_old_ones_go(offsite, make_archive, grow, same, tmp_path):
    source = make_archive(tmp_path / "source", 5)
    for count in range(6, 11):
        await offsite("ship", source, STORAGE, "--increments", "1", "--keep", "2")
        await grow(source, count)
    kept = names(await offsite("list", STORAGE))
    assert [(name[:6], "base" in name) for name in kept] == [
        ("000003", True), ("000004", False), ("000005", True)]
    await offsite("ship", source, STORAGE, "--increments", "1")
    await offsite("restore", STORAGE, tmp_path / "copy")
    assert await same(source, tmp_path / "copy")
    await offsite("restore", STORAGE, tmp_path / "earlier", "--through", "4")


async def test_a_gap_is_refused_with_the_names_beside_it(offsite, make_archive, grow, storage, tmp_path):
    source = make_archive(tmp_path / "source", 5)
    await offsite("ship", source, STORAGE)
    for count in (6, 7):
        await grow(source, count)
        await offsite("ship", source, STORAGE)
    archive = (await offsite("list", STORAGE)).output.split("/")[0]
    second = names(await offsite("list", STORAGE))[1]
    subprocess.run(
        ["rclone", "deletefile", f"{STORAGE}/{archive}/{second}"], check=True,
        env={key: value for key, value in offsite.environment.items() if key != "AWS_CA_BUNDLE"})
    refused = (await offsite("restore", STORAGE, tmp_path / "copy", status=2)).errors
    assert "lacks what comes between 000001" in refused and "--through 1" in refused
    assert not (tmp_path / "copy").exists()
    await offsite("restore", STORAGE, tmp_path / "copy", "--through", "1")


async def test_an_archive_from_a_backup_begins_with_a_new_base(offsite, make_archive, grow, same, tmp_path):
    source = make_archive(tmp_path / "source", 5)
    shutil.copytree(source, tmp_path / "backup")
    await offsite("ship", source, STORAGE)
    await grow(source, 6)
    await offsite("ship", source, STORAGE)
    shutil.rmtree(source)
    (tmp_path / "backup").rename(source)
    behind = await offsite("ship", source, STORAGE)
    assert "000003-base-" in behind.output and "A new base is due" in behind.errors
    await offsite("restore", STORAGE, tmp_path / "copy")
    assert await same(source, tmp_path / "copy")


async def test_killed_at_any_moment_it_goes_on(offsite, make_archive, grow, same, tmp_path):
    random = Random(7)
    source = make_archive(tmp_path / "source", 2000)
    killed = 0
    for count in range(3, 7):
        for _ in range(2):
            killed += await offsite.killed(random.uniform(0.05, 1.5), "ship", source, STORAGE, "--increments", "3")
        await grow(source, count * 50)
    await offsite("ship", source, STORAGE, "--increments", "3")
    for _ in range(4):
        killed += await offsite.killed(random.uniform(0.1, 1.5), "restore", STORAGE, tmp_path / "copy")
    if not (tmp_path / "copy").exists():
        await offsite("restore", STORAGE, tmp_path / "copy")
    assert killed > 2
    assert await same(source, tmp_path / "copy")
    assert not list(tmp_path.glob("copy.restoring*"))


async def test_a_restore_goes_on_where_only_the_folder_was_made(offsite, make_archive, same, tmp_path):
    source = make_archive(tmp_path / "source", 5)
    await offsite("ship", source, STORAGE)
    begun = tmp_path / "copy.restoring-000001"
    begun.mkdir()
    (begun / "lock").touch()
    await offsite("restore", STORAGE, tmp_path / "copy", "--size-max", "60")
    assert await same(source, tmp_path / "copy")


async def test_a_forgotten_key_does_not_come_back(offsite, nodes, dump, same, tmp_path):
    node = await nodes.start()
    key = b"\x11" * 20
    await node.store(key, b"to be forgotten")
    await offsite("ship", node.data, STORAGE)
    assert (await node.command("forget", key.hex(), "--block", "--yes")).status == 0
    await offsite("ship", node.data, STORAGE)
    await node.stop()
    await offsite("ship", node.data, STORAGE)
    await offsite("restore", STORAGE, tmp_path / "copy")
    assert await same(node.data, tmp_path / "copy")
    items = [json.loads(line) for line in (await dump("export", tmp_path / "copy", "--format", "jsonl")).splitlines()]
    assert [item["kind"] for item in items if item.get("key") == key.hex()] == ["block"]
