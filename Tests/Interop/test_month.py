"""An operator's month: a backup every night on a fast clock, with retention and checks, and what goes wrong in between.

Each night's exit status, log, status and history have to tell the truth, and every backup that is kept at the end has to
restore to what the node had that night.
"""

import asyncio
import json
import os
import shutil
from datetime import datetime, timedelta, timezone

import pytest

from harness.clock import Clock
from harness.command import run_command
from harness.waiting import wait_until
from test_dump import flip
from test_walkthrough import key_of

BEGIN = datetime(2026, 12, 10, 3, 30, tzinfo=timezone.utc)
KEEP = {"daily": 7, "weekly": 5, "monthly": 12}
DAMAGED = b"a value to be damaged in the month"


def kept_of(nights):
    """Which nights' backups the retention keeps, by their dates."""
    periods = {
        "daily": lambda date: date.date(), "weekly": lambda date: date.isocalendar()[:2],
        "monthly": lambda date: (date.year, date.month)}
    kept = set(nights[-1:])
    for name, period in periods.items():
        last = {period(date): date for date in nights}
        kept |= set(sorted(last.values())[-KEEP[name]:])
    return sorted(kept)


class Month:
    """A node, its clock, its backups, and what each of these has to restore to."""

    def __init__(self, nodes, folder):
        self.clock = Clock(folder)
        self.node = nodes.make(settings={"ARCHIVE_SCRUB_RATE": "0"}, environment=self.clock.environment)
        self.backups = folder / "backups"
        self.backups.mkdir()
        self.restored = folder / "restored"
        self.sources = {}
        self.dump = str(nodes.binary.parent / "bristlecone-dump")

    async def begin(self, date):
        self.clock.set(int(date.timestamp()))
        await self.node.start()

    async def values(self, folder):
        """What an archive has, whoever serves it to whom."""
        completed = await run_command(self.dump, "list", str(folder), "--json")
        assert completed.status == 0, completed
        rows = [json.loads(line) for line in completed.output.splitlines()]
        return sorted((row["key"], row["data"], row["class"]) for row in rows)

    async def back_up(self, date, name=None):
        name = name or date.strftime("%Y-%m-%d")
        keep = ",".join(f"{period}={count}" for period, count in KEEP.items())
        completed = await self.node.command("backup", str(self.backups / name), "--keep", keep, "--json")
        if completed.status == 0:
            self.sources[name] = await self.values(self.node.data)
        return completed

    async def events(self, kind):
        """What the history has of a kind, newest first."""
        completed = await run_command(
            "curl", "--silent", "--unix-socket", str(self.node.data / "control.sock"),
            "http://node/api/v1/events?limit=200")
        return [event for event in json.loads(completed.output) if event["kind"] == kind]

    async def check_all(self):
        for name in os.listdir(self.backups):
            if not name.endswith(".unfinished"):
                completed = await run_command(self.node.binary, "backup", "check", str(self.backups / name))
                assert completed.status == 0, completed

    # What goes wrong

    async def full_disk(self):
        """No room for new values: they are refused, and the status says so, until there is room again."""
        assert (await self.node.command("config", "set", "archive.disk_reserve", "900000 GiB")).status == 0
        refused = await self.node.command("store", "no room", "x", "--unsigned")
        assert refused.status == 1, refused

        async def tells():
            return any(event["code"] == "disk_full" for event in await self.events("quota_reached"))
        await wait_until(tells, "the history has the full disk", 30.0, every=0.5)
        assert (await self.node.command("reload")).status == 0
        assert (await self.node.command("store", "room again", "x", "--unsigned")).status == 0

    async def wrong_clock(self, date):
        """A machine that boots in 1970, and later one that is a year ahead: the log says so, and no backup is lost."""
        await self.node.stop()
        before = set(os.listdir(self.backups))
        await self.begin(datetime(1970, 1, 2, tzinfo=timezone.utc))
        assert "before the newest change in the archive" in self.node.log_tail()
        assert (await self.back_up(date, "in-1970")).status == 0
        assert set(os.listdir(self.backups)) == before | {"in-1970"}
        await self.node.stop()
        await self.begin(date + timedelta(days=400))
        assert "after the last trace of this node" in self.node.log_tail()
        assert await self.events("clock_step")
        await self.node.stop()
        await self.begin(date)

    async def damaged_page(self):
        """A record goes bad on the disk: a check finds it, and the last backup brings it back."""
        assert (await self.node.command("store", "damaged", DAMAGED.decode(), "--unsigned")).status == 0
        assert (await self.node.command("backup", str(self.backups.parent / "sound"))).status == 0
        await self.node.stop()
        flip(self.node.data / "archive.mdb", DAMAGED, 3)
        found = await run_command(self.dump, "verify", str(self.node.data))
        assert found.status != 0, found
        assert (await self.node.command("restore", str(self.backups.parent / "sound"))).status == 0
        await self.node.restart()
        assert "audit=restore" in self.node.log_tail()
        assert {data for data, _ in await self.node.find_local(key_of("damaged"))} == {DAMAGED}
        assert (await self.node.command("backup", "old-data", "--delete", "--yes")).status == 0

    async def killed_backup(self, date):
        """The node is killed while it writes a backup: nobody takes what is left for one, and the next run clears it away."""
        name = date.strftime("%Y-%m-%d")
        unfinished = self.backups / f"{name}.unfinished"
        command = asyncio.create_task(self.node.command("backup", str(self.backups / name)))
        while not unfinished.exists() and not command.done():
            await asyncio.sleep(0)
        await self.node.kill()
        completed = await command
        if completed.status == 0:
            # It was faster than the kill; then that night has no lesson but the unclean end.
            shutil.rmtree(self.backups / name)
        else:
            assert not (self.backups / name).exists()
            assert (await run_command(self.node.binary, "backup", "check", str(unfinished))).status == 1
        await self.begin(date)
        assert "ended without stopping" in self.node.log_tail()
        assert await self.events("unclean_end")


async def live_through(month, nights, troubles):
    dates = []
    for night in range(nights):
        date = BEGIN + timedelta(days=night)
        await month.begin(date)
        assert (await month.node.command("store", f"night {night}", f"value {night}", "--unsigned")).status == 0
        trouble = troubles.get(night)
        if trouble == "full disk":
            await month.full_disk()
        elif trouble == "wrong clock":
            await month.wrong_clock(date)
        elif trouble == "damaged page":
            await month.damaged_page()
        elif trouble == "killed backup":
            await month.killed_backup(date)
        completed = await month.back_up(date)
        assert completed.status == 0, completed
        dates.append(date)
        # It is the only one of its week and its month, so retention keeps it.
        shutil.rmtree(month.backups / "in-1970", ignore_errors=True)
        assert "audit=back_up" in month.node.log_tail()
        assert date.strftime("%Y-%m-%d") in (await month.events("backup_made"))[0]["message"]
        assert sorted(os.listdir(month.backups)) == [kept.strftime("%Y-%m-%d") for kept in kept_of(dates)]
        await month.check_all()
        await month.node.stop()
    for name in os.listdir(month.backups):
        completed = await run_command(
            month.node.binary, "restore", str(month.backups / name), "--data", str(month.restored / name))
        assert completed.status == 0, completed
        assert await month.values(month.restored / name) == month.sources[name], name


async def test_a_week(nodes, tmp_path):
    troubles = {1: "full disk", 2: "wrong clock", 3: "damaged page", 4: "killed backup"}
    await live_through(Month(nodes, tmp_path), 6, troubles)


@pytest.mark.full
@pytest.mark.timeout(900)
async def test_a_month(nodes, tmp_path):
    troubles = {4: "full disk", 9: "wrong clock", 14: "damaged page", 19: "killed backup", 24: "killed backup"}
    await live_through(Month(nodes, tmp_path), 30, troubles)
