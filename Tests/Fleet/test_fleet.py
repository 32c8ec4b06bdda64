"""A fleet of nodes that share pinned keys, in an overlay of others."""

import asyncio
import hashlib
import re
import shutil

import pytest

from harness.waiting import PATIENCE, wait_until

KEYS = [hashlib.sha1(b"fleet %d" % number).digest() for number in range(40)]


class Fleet:
    """tools/fleet with a file of its own."""

    def __init__(self, repository, folder):
        self.python, self.tool = repository / ".venv/fleet/bin/python", repository / "tools/fleet/fleet.py"
        self.folder = folder
        if not self.python.exists():
            pytest.skip("tools/setup installs what tools/fleet needs")
        (folder / "pins.txt").write_text("".join(f"{key.hex()}\n" for key in KEYS))

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
        output, _ = await asyncio.wait_for(process.communicate(), 60 * PATIENCE)
        return process.returncode, output.decode()

    async def plan(self):
        """The members of each key."""
        status, output = await self.run("plan")
        assert status == 0, output
        return {line.split()[0]: frozenset(line.split()[1:]) for line in output.splitlines()}

    async def is_whole(self):
        """Waits until no copy is missing: two intervals."""
        async def is_there():
            return (await self.run("status"))[0] == 0
        await wait_until(is_there, "every key has all its copies", 120.0, every=1.0)


async def test_copies_move_only_to_who_joins(repository, tmp_path):
    fleet = Fleet(repository, tmp_path)
    (tmp_path / "pins.txt").write_text("".join(f"{hashlib.sha1(b'%d' % n).hexdigest()}\n" for n in range(10_000)))
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
    assert await fleet.run("fetch", mid) == (0, "The others have nothing under the keys of this member.\n")
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


@pytest.mark.full
@pytest.mark.timeout(1500)
async def test_every_copy_comes_back(nodes, repository, tmp_path):
    fleet = Fleet(repository, tmp_path)
    settings = {"HTTP_LISTEN": "127.0.0.1:0", "UPKEEP_INTERVAL": "1 minutes"}
    first = await nodes.start()
    others = await nodes.start_many(9, [first])
    members = [nodes.make(settings=settings) for _ in range(4)]
    for member in members:
        await member.start(peers=[first])
    for number, key in enumerate(KEYS):
        await others[number % 9].store(key, b"value %d" % number)
    fleet.write(members[:3])
    assert (await fleet.run("status"))[0] == 1
    status, output = await fleet.run("apply")
    assert status == 0, output
    await fleet.is_whole()

    # One joins.
    fleet.write(members)
    assert (await fleet.run("apply"))[0] == 0
    await fleet.is_whole()
    status, output = await fleet.run("apply")
    assert status == 0 and "stay pinned" not in output
    assert await fleet.run("apply") == (0, "")

    # One loses its disk, but for its identity.
    lost = members[1]
    await lost.kill()
    status, output = await fleet.run("status")
    assert status == 1 and "does not answer" in output
    status, output = await fleet.run("apply")
    assert status == 2 and "does not answer" in output
    key = (lost.data / "identity.key").read_bytes()
    shutil.rmtree(lost.data)
    lost.data.mkdir(mode=0o700)
    (lost.data / "identity.key").write_bytes(key)
    (lost.data / "identity.key").chmod(0o600)
    await lost.start(peers=[first])
    fleet.write(members)
    assert (await fleet.run("apply"))[0] == 0
    await fleet.is_whole()

    # One leaves for good.
    await members[3].kill()
    fleet.write(members[:3])
    assert (await fleet.run("apply"))[0] == 0
    await fleet.is_whole()
