"""A fleet of nodes that share pinned keys, in an overlay of others."""

import asyncio
import hashlib
import re
import shutil
import time

import pytest

from harness.waiting import PATIENCE, wait_until

def many_keys(count):
    """So many keys."""
    return [hashlib.sha1(b"fleet %d" % number).digest() for number in range(count)]


KEYS = many_keys(40)


async def pins(node):
    """The keys that are pinned on a node."""
    return {pin["key"] for pin in (await node.command("pin", "list", "--json")).json()["items"]}


class Fleet:
    """tools/fleet with a file of its own."""

    def __init__(self, repository, folder):
        self.python, self.tool = repository / ".venv/fleet/bin/python", repository / "tools/fleet/fleet.py"
        self.folder = folder
        if not self.python.exists():
            pytest.skip("tools/setup installs what tools/fleet needs")
        self.list("pins.txt", KEYS)

    def list(self, name, keys):
        """A list of keys; returns its path."""
        path = self.folder / name
        path.write_text("".join(f"{key.hex()}\n" for key in keys))
        return path

    def write(self, members, copies=2):
        """The file, for these nodes, or these mids of nodes that nobody asks."""
        lines = [f"copies: {copies}", "pins: pins.txt", "members:"]
        for number, node in enumerate(members):
            is_node = not isinstance(node, str)
            mid = node.contact.mid.hex() if is_node else node
            url = re.findall(r"HTTP is served on (http://\S+)", node.log_tail())[-1] if is_node else "http://127.0.0.1:1"
            (self.folder / f"{number}.key").write_text((node.data / "api.key").read_text() if is_node else "none")
            lines += [f"  - mid: {mid!r}", f"    url: {url}", f"    key_file: {number}.key"]
        (self.folder / "fleet.yaml").write_text("\n".join(lines) + "\n")

    async def run(self, command, *arguments):
        """Status and output."""
        process = await asyncio.create_subprocess_exec(
            self.python, self.tool, command, self.folder / "fleet.yaml", *arguments, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT)
        output, _ = await asyncio.wait_for(process.communicate(), 200 * PATIENCE)
        return process.returncode, output.decode()

    async def plan(self):
        """The members of each key."""
        status, output = await self.run("plan")
        assert status == 0, output
        return {line.split()[0]: frozenset(line.split()[1:]) for line in output.splitlines()}

    async def is_whole(self, seconds=120.0):
        """Waits until no copy is missing."""
        async def is_there():
            return (await self.run("status"))[0] == 0
        await wait_until(is_there, "every key has all its copies", seconds, every=1.0)


async def test_copies_move_only_to_who_joins(repository, tmp_path):
    fleet = Fleet(repository, tmp_path)
    fleet.list("pins.txt", many_keys(10_000))
    mids = [hashlib.sha1(b"member %d" % number).hexdigest() for number in range(5)]
    fleet.write(mids[:4])
    before = await fleet.plan()
    fleet.write(mids)
    after = await fleet.plan()
    moved = sum(len(after[key] - before[key]) for key in before)
    assert moved <= 1.1 * 20_000 / 5
    assert all(after[key] - before[key] <= {mids[4]} for key in before)
    shares = [sum(mid in owners for owners in after.values()) for mid in mids]
    assert max(shares) <= 1.1 * 20_000 / 5, shares
    fleet.write(mids[:1])
    status, output = await fleet.run("plan")
    assert status == 2 and "wants 2 copies of 1 members" in output


async def test_earlier_versions_are_fetched_from_the_others(nodes, repository, tmp_path):
    fleet = Fleet(repository, tmp_path)
    first, second = members = [nodes.make(settings={"HTTP_LISTEN": "127.0.0.1:0"}) for _ in range(2)]
    for member in members:
        await member.start()
    fleet.write(members)
    mid = second.contact.mid.hex()
    assert await fleet.run("fetch", mid) == (0, f"{mid}: the others have nothing under its keys\n")
    for key in KEYS[:10]:
        for version in range(3):
            await first.store(key, b"version %d" % version)
    await first.store(b"\1" * 20, b"no key of the fleet")
    taken = f"{mid}: 30 records taken, 0 there already, 0 refused\n"
    assert await fleet.run("fetch", mid) == (0, taken)
    assert await second.find_local(KEYS[0]) == await first.find_local(KEYS[0]) != set()
    assert not await second.find_local(b"\1" * 20)
    assert await fleet.run("fetch", mid.upper()) == (0, f"{mid}: 0 records taken, 30 there already, 0 refused\n")
    status, output = await fleet.run("fetch", "0" * 40)
    assert status == 2 and "is no member" in output
    assert (await second.command("block", "add", KEYS[0].hex())).status == 0
    await first.store(KEYS[0], b"refused there")
    status, output = await fleet.run("fetch", mid)
    assert status == 1 and not output.endswith(" 0 refused\n"), output
    await first.kill()
    status, output = await fleet.run("fetch", mid)
    assert status == 2 and "does not answer" in output


@pytest.mark.parametrize("others", [1, 50], ids=["a_listing", "a_request_for_each_key"])
async def test_a_share_is_found_in_any_archive(nodes, repository, tmp_path, others):
    fleet = Fleet(repository, tmp_path)
    fleet.list("pins.txt", KEYS[:2])
    first, second = members = [nodes.make(settings={"HTTP_LISTEN": "127.0.0.1:0"}) for _ in range(2)]
    for member in members:
        await member.start()
    values = tmp_path / "values.tsv"
    values.write_text("".join(f"{number}\tno key of the fleet\n" for number in range(others)) + f"{KEYS[0].hex()}\ta value\n")
    assert (await first.command("store", "--from", str(values))).status == 0
    fleet.write(members)
    assert (await fleet.run("fetch"))[0] == 0
    assert await second.find_local(KEYS[0]) == await first.find_local(KEYS[0]) != set()
    assert (await second.status())["archive"]["keys"] == 1
    status, output = await fleet.run("status")
    assert status == 1 and output.count(": has 1 of 2 keys, and 0 of them pinned") == 2, output
    assert "1 keys have 0 of 2 copies\n1 keys have 2 of 2 copies" in output


async def test_keys_that_were_taken_out_are_unpinned_by_a_list(nodes, repository, tmp_path):
    fleet = Fleet(repository, tmp_path)
    first, second = members = [nodes.make(settings={"HTTP_LISTEN": "127.0.0.1:0"}) for _ in range(2)]
    for member in members:
        await member.start()
    mids = [member.contact.mid.hex() for member in members]
    fleet.write(members)
    assert (await fleet.run("apply"))[0] == 0
    assert await fleet.run("unlisted") == (0, "")
    by_hand = "1" * 40
    assert (await first.command("pin", "add", by_hand)).status == 0
    fleet.list("pins.txt", KEYS[:30])
    gone = fleet.list("gone.txt", KEYS[30:])
    assert await fleet.run("apply") == (
        0, "Keys that are pinned on members and are not in pins.txt: 11. `unlisted` names them.\n")
    status, output = await fleet.run("unlisted")
    unlisted = {line.split()[0]: line.split()[1:] for line in output.splitlines()}
    assert status == 0 and unlisted == {by_hand: mids[:1]} | {key.hex(): mids for key in KEYS[30:]}

    status, output = await fleet.run("drop", fleet.list("wrong.txt", KEYS[29:]))
    assert status == 2 and f"{KEYS[29].hex()} is in pins.txt" in output
    assert len(await pins(first)) == 41
    assert await fleet.run("drop", gone) == (0, "".join(f"{mid}: remove 10\n" for mid in mids))
    assert await pins(first) == {by_hand} | {key.hex() for key in KEYS[:30]}
    assert await pins(second) == {key.hex() for key in KEYS[:30]}
    assert await fleet.run("drop", gone) == (0, "No member has one of these keys pinned.\n")
    # The list that `unlisted` prints can be used as it is.
    (tmp_path / "unlisted.txt").write_text((await fleet.run("unlisted"))[1])
    assert await fleet.run("drop", tmp_path / "unlisted.txt") == (0, f"{mids[0]}: remove 1\n")
    status, output = await fleet.run("drop", tmp_path / "missing.txt")
    assert status == 2 and "missing.txt cannot be read" in output


async def test_a_silent_member_moves_nothing(nodes, repository, tmp_path):
    fleet = Fleet(repository, tmp_path)
    fleet.list("pins.txt", KEYS[:6])
    settings = {"HTTP_LISTEN": "127.0.0.1:0", "UPKEEP_INTERVAL": "5 seconds"}
    first = await nodes.make(settings=settings).start()
    members = [first] + [await nodes.make(settings=settings).start(peers=[first]) for _ in range(2)]
    for key in KEYS[:6]:
        await first.store(key, b"a value")
    fleet.write(members)
    assert (await fleet.run("apply"))[0] == 0
    await fleet.is_whole()
    before = [await pins(member) for member in members[:2]]
    silent = members[2]
    await silent.kill()

    # Several intervals pass: each of the others has stored all that it keeps again and again.
    async def rounds():
        return [(await member.status())["counters"]["keys_republished"] // 6 for member in members[:2]]
    begun = await rounds()

    async def have_passed():
        return all(now >= then + 3 for now, then in zip(await rounds(), begun))
    await wait_until(have_passed, "three intervals have passed", 60.0, every=0.5)
    assert [await pins(member) for member in members[:2]] == before
    await silent.start(peers=[first])
    fleet.write(members)
    assert await fleet.run("apply") == (0, "")
    assert (await fleet.run("status"))[0] == 0


class Course:
    """The changes of a fleet: how many pins each one adds, and how long it takes until every copy is there."""

    def __init__(self, fleet, has_to_fetch):
        self.fleet, self.has_to_fetch, self.owners = fleet, has_to_fetch, {}

    async def change(self, what, members, seconds_max):
        """
        Makes these nodes the members, and waits for every copy.

        Returns how many pins were added, and how many copies had to move.
        """
        self.fleet.write(members)
        begun = time.monotonic()
        status, output = await self.fleet.run("apply")
        assert status == 0, output
        added, taken = {mid: int(count) for mid, count in re.findall(r"(\w+): add (\d+)", output)}, 0
        for mid in added if self.has_to_fetch else ():
            status, output = await self.fleet.run("fetch", mid)
            assert status == 0, output
            taken += int(re.search(r": (\d+) records taken", output)[1])
        await self.fleet.is_whole(seconds_max)
        print(f"{what}: all copies are there after {time.monotonic() - begun:.0f} s; "
              f"{sum(added.values())} pins added, {taken} records fetched")
        before, self.owners = self.owners, await self.fleet.plan()
        return sum(added.values()), sum(len(owners - before.get(key, set())) for key, owners in self.owners.items())


@pytest.mark.full
@pytest.mark.timeout(4000)
@pytest.mark.parametrize("count, minutes", [(40, 1), (10_000, 45)])
async def test_every_copy_comes_back(nodes, repository, tmp_path, count, minutes):
    """A few keys come over the overlay. With many that takes longer than two intervals, so the members fetch them."""
    fleet, keys, is_large = Fleet(repository, tmp_path), many_keys(count), count > 1000
    fleet.list("pins.txt", keys)
    course, seconds_max = Course(fleet, has_to_fetch=is_large), 2 * 60 * minutes
    settings = {"HTTP_LISTEN": "127.0.0.1:0", "UPKEEP_INTERVAL": f"{minutes} minutes"}
    first = await nodes.start()
    others = await nodes.start_many(9, [first])
    members = [nodes.make(settings=settings) for _ in range(4)]
    for member in members:
        await member.start(peers=[first])
    if is_large:
        values = tmp_path / "values.tsv"
        values.write_text("".join(f"{key.hex()}\tvalue {number}\n" for number, key in enumerate(keys)))
        assert (await members[0].command("store", "--from", str(values))).status == 0
    else:
        for number, key in enumerate(keys):
            await others[number % 9].store(key, b"value %d" % number)
    fleet.write(members[:3])
    assert (await fleet.run("status"))[0] == 1
    assert await course.change("Three members", members[:3], seconds_max) == (2 * count, 2 * count)

    # One joins.
    added, ideal = await course.change("One joins", members, seconds_max)
    assert added == ideal and (not is_large or added <= 1.1 * 2 * count / 4)
    status, output = await fleet.run("apply")
    assert status == 0 and "stay pinned" not in output
    assert await fleet.run("apply") == (0, "")

    # One is silent for ten minutes.
    lost, loyal = members[0], members[1:]
    before = [await pins(member) for member in loyal]
    await lost.kill()
    status, output = await fleet.run("status")
    assert status == 1 and "does not answer" in output
    copies = [line for line in output.splitlines() if ": has " in line]
    await asyncio.sleep(600)
    assert [await pins(member) for member in loyal] == before
    status, output = await fleet.run("status")
    assert status == 1 and [line for line in output.splitlines() if ": has " in line] == copies
    status, output = await fleet.run("apply")
    assert status == 2 and "does not answer" in output

    # It has lost its disk, but for its identity.
    key = (lost.data / "identity.key").read_bytes()
    shutil.rmtree(lost.data)
    lost.data.mkdir(mode=0o700)
    (lost.data / "identity.key").write_bytes(key)
    (lost.data / "identity.key").chmod(0o600)
    await lost.start(peers=[first])
    added, moved = await course.change("One has lost its disk", members, seconds_max)
    assert moved == 0 and added == sum(lost.contact.mid.hex() in owners for owners in course.owners.values())

    # One leaves for good.
    await members[3].kill()
    added, ideal = await course.change("One leaves", members[:3], seconds_max)
    assert added == ideal and (not is_large or added <= 1.1 * 2 * count / 4)
