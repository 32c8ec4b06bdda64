"""`bristlecone-dump` on an empty, a small, a damaged, a locked and a newer archive, and beside a running node."""

import asyncio
import fcntl
import hashlib
import json
import re
import shutil
import struct
import time

import pytest

from harness.command import run_command
from harness.folder import fingerprint
from harness.waiting import wait_until

SOUND, FOUND, CANNOT_READ, USAGE = 0, 1, 2, 64
PAGE = 4096
GOLDEN_STAT = """\
Archive <id> in <folder>
  format    3, begun <time>
  used by   nobody
  values    2 under 1 key: 0 signed by their owner, 1 signed by others, 1 unsigned
  size      <size> of values
  versions  0 earlier ones
  signers   1
  expired   0
  expiring  2 within an hour, 2 within a day, the next one <time>
  growth    changes: 4 in the last hour, 4 in a day, 4 in 30 days
  journal   change 4, made <time>, kept from <n> on
  index     up to date

Budgets
"""
GOLDEN_GET = """\
2 values under <id>

  data          "signed"
  signed        by <mid>, version <n>
  first seen    <time>
  last stored   <time>
  served until  <time>
  from          this node, which published it
  signature     valid (curve25519), checked <time> by store

  data          "unsigned"
  signed        no
  first seen    <time>
  last stored   <time>
  served until  <time>
  from          this node, which published it
"""


@pytest.fixture
def dump(binary):
    """Runs the tool."""
    async def run(*arguments, **options):
        return await run_command(str(binary.parent / "bristlecone-dump"), *map(str, arguments), **options)
    return run


@pytest.fixture
async def small(nodes):
    """A stopped node with one signed and one unsigned value under `greeting`; nothing has looked at them again."""
    node = await nodes.make(settings={"ARCHIVE_SCRUB_RATE": "0"}).start()
    await node.store(greeting, b"signed")
    await node.store(greeting, b"unsigned", signed=False)
    await node.stop()
    return node


greeting = hashlib.sha1(b"greeting").digest()


def plain(completed, folder):
    """Output without what differs from run to run."""
    text = completed.output.replace(str(folder), "<folder>")
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \((in )?[\w ]+?( ago)?\)", "<time>", text)
    text = re.sub(r"by [0-9a-f]{40}", "by <mid>", text)
    text = re.sub(r"[0-9a-f]{32,40}", "<id>", text)
    text = re.sub(r"version \d+", "version <n>", text)
    text = re.sub(r"kept from \d+", "kept from <n>", text)
    return re.sub(r"\d+(\.\d+)? K?M?i?B of values", "<size> of values", text)


def sentence_of(completed, status):
    assert completed.status == status, completed
    lines = completed.errors.splitlines()
    assert len(lines) == 1 and lines[0].startswith("bristlecone-dump: ") and lines[0].endswith("."), completed
    return lines[0]


async def test_small_archive(small, dump):
    before = fingerprint(small.data)
    stat = await dump("stat", small.data)
    assert stat.status == SOUND and plain(stat, small.data).startswith(GOLDEN_STAT), stat
    get = await dump("get", "greeting", small.data)
    assert get.status == SOUND and plain(get, small.data) == GOLDEN_GET, plain(get, small.data)
    verify = await dump("verify", small.data)
    assert verify.status == SOUND and verify.output.startswith("Sound: "), verify
    said = [line.split(maxsplit=1) for line in verify.output.splitlines()]
    assert ["signatures", "1"] in said and ["index", "says the same"] in said, verify
    assert fingerprint(small.data) == before


async def test_json_has_everything_whole(small, dump):
    value, unsigned = (await dump("get", greeting.hex(), small.data, "--json")).json()["values"]
    assert bytes.fromhex(value["data"]) == b"signed" and len(value["id"]) == 40 and value["damaged"] is False
    assert hashlib.sha1(bytes.fromhex(value["public_key"])).hexdigest() == value["id"]
    assert value["published_here"] and value["sender"] is None and value["expired"] is False
    assert value["verified"]["result"] == "valid" and unsigned["verified"] is None
    assert value["first_seen"].endswith("Z")
    stat = (await dump("stat", small.data, "--json")).json()
    assert (stat["values"]["all"], stat["keys"], stat["signers"], stat["expired"]) == (2, 1, 1, 0)
    assert stat["journal"]["last"] == stat["index"]["last"] == 4 and not stat["in_use"]
    assert {table["name"] for table in stat["tables"]} >= {"meta", "entries", "journal"}
    assert stat["space"]["live_bytes"] > 0
    verify = (await dump("verify", small.data, "--json")).json()
    assert verify["sound"] and verify["findings"] == [] and verify["signatures"] == 1


async def test_empty_archive(nodes, dump):
    node = await nodes.start()
    await node.stop()
    stat = (await dump("stat", node.data, "--json")).json()
    assert stat["values"]["all"] == 0 and stat["journal"] == {
        "at": None, "checksum": "0" * 16, "first": 0, "last": 0}
    assert (await dump("verify", node.data)).status == SOUND
    assert "nothing under" in sentence_of(await dump("get", "greeting", node.data), FOUND)


async def test_beside_a_running_node(small, dump):
    await small.restart()
    stat = (await dump("stat", small.data, "--json")).json()
    assert stat["in_use"] and stat["values"]["all"] == 2
    assert (await dump("verify", small.data)).status == SOUND
    await small.store(hashlib.sha1(b"more").digest(), b"more")
    assert (await dump("get", "more", small.data)).status == SOUND
    assert (await dump("verify", small.data)).status == SOUND


async def test_places_that_are_no_archive(dump, tmp_path):
    assert "no archive in" in sentence_of(await dump("stat", tmp_path / "nowhere"), CANNOT_READ)
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "archive.mdb").write_text("no LMDB file " * 2000)
    for command in (["stat"], ["get", "x"], ["verify"]):
        assert "archive.mdb" in sentence_of(await dump(*command, tmp_path / "text"), CANNOT_READ)
    before = fingerprint(tmp_path)
    usage = await dump("verify", "--threads", "0", tmp_path)
    assert usage.status == USAGE
    assert fingerprint(tmp_path) == before


async def test_newer_archive(small, dump):
    path = small.data / "archive.mdb"
    content = path.read_bytes()
    # The first byte of a record is its format; one of a later program's says so before its checksum does.
    identity = (await dump("stat", small.data, "--json")).json()["archive_id"]
    newer = content.replace(struct.pack(">BH", 1, 3) + bytes.fromhex(identity), struct.pack(">BH", 9, 9)
                            + bytes.fromhex(identity))
    assert newer != content
    path.write_bytes(newer)
    before = fingerprint(small.data)
    for command in (["stat"], ["get", "x"], ["verify"]):
        assert "newer program" in sentence_of(await dump(*command, small.data), CANNOT_READ)
    assert fingerprint(small.data) == before


async def test_flipped_record_is_reported_and_the_rest_shown(small, dump):
    flip(small.data / "archive.mdb", b"unsigned", 2)
    verify = await dump("verify", small.data)
    assert verify.status == FOUND and "does not match its checksum" in verify.output, verify
    assert verify.output.splitlines()[1].startswith("Not sound: 1 fault"), verify
    found = (await dump("verify", small.data, "--json")).json()["findings"]
    assert [finding["table"] for finding in found] == ["entries"] and found[0]["key"].startswith(greeting.hex())
    get = await dump("get", "greeting", small.data)
    assert get.status == SOUND and '"signed"' in get.output and "record  damaged" in get.output, get


def flip(path, needle, bit):
    """Flips a bit of every place in a file where some bytes stand."""
    content = bytearray(path.read_bytes())
    offset = content.find(needle)
    assert offset >= 0
    while offset >= 0:
        content[offset] ^= 1 << bit
        offset = content.find(needle, offset + 1)
    path.write_bytes(content)


async def test_damaged_pages_end_in_a_report(small, dump, tmp_path):
    """Every page but the meta pages, overwritten with ones or with noise: never without a verdict."""
    length = len((small.data / "archive.mdb").read_bytes().rstrip(b"\0"))
    verdicts = set()
    for page in range(2, length // PAGE + 1):
        for filling in (b"\xff" * PAGE, bytes(range(256)) * (PAGE // 256)):
            folder = tmp_path / "harmed"
            shutil.copytree(small.data, folder)
            with open(folder / "archive.mdb", "r+b") as file:
                file.seek(page * PAGE)
                file.write(filling)
            completed = await dump("verify", folder)
            assert completed.status in (SOUND, FOUND, CANNOT_READ), completed
            assert completed.output or completed.errors, completed
            assert "Fatal" not in completed.errors
            verdicts.add(completed.status)
            shutil.rmtree(folder)
    assert verdicts & {FOUND, CANNOT_READ}


async def test_a_node_does_not_start_while_its_folder_is_looked_at(small, dump):
    with open(small.data / "lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        completed = await run_command(
            small.binary, "run", "--data", str(small.data), "--listen", "127.0.0.1:0", "--no-bootstrap", seconds=10.0)
        assert completed.status == 1 and str(small.data) in completed.errors
    assert (await dump("verify", small.data)).status == SOUND
    await small.restart()


async def test_a_short_look_at_a_folder_delays_what_wants_it_and_fails_nothing(small, dump, tmp_path):
    assert (await dump("export", small.data, "--output", tmp_path / "all")).status == SOUND
    with open(small.data / "lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        importing = asyncio.create_task(dump("import", tmp_path / "all", small.data))
        await asyncio.sleep(1.0)
        assert not importing.done()
        fcntl.flock(lock, fcntl.LOCK_UN)
        assert (await importing).status == SOUND
        fcntl.flock(lock, fcntl.LOCK_SH)
        starting = asyncio.create_task(small.restart())
        await asyncio.sleep(1.0)
        assert not starting.done()
        fcntl.flock(lock, fcntl.LOCK_UN)
        await starting


async def test_help_is_complete(dump):
    for arguments in ([], ["stat"], ["get"], ["verify"]):
        completed = await dump(*arguments, "--help")
        assert completed.status == SOUND and "For example:" in completed.output


async def test_a_value_of_the_reference_is_shown_as_it_was_signed(network, nodes, dump):
    """What a py-ipv8 peer signed and stored over the network: the same data, version, key and bytes."""
    peer, = await network.start(1)
    node = await nodes.start(peers=[peer])
    await peer.meet(node)
    entry = peer.entry(b"from python", version=1_700_000_123)
    assert await peer.store_on(node.contact, greeting, [entry])
    for _ in ("beside the running node", "of the stopped one"):
        value, = (await dump("get", "greeting", node.data, "--json")).json()["values"]
        assert bytes.fromhex(value["data"]) == b"from python" and value["version"] == 1_700_000_123
        assert bytes.fromhex(value["public_key"]) == peer.public_key and bytes.fromhex(value["entry"]) == entry
        assert value["id"] == hashlib.sha1(peer.public_key).hexdigest() == value["sender"]
        assert value["sender_address"] == f"{peer.contact.address[0]}:{peer.contact.address[1]}"
        listed = (await dump("list", "--signer", value["id"], node.data, "--json")).json()
        assert listed == {**value, "verified": None}
        decoded = (await dump("decode", value["entry"], "--json")).json()
        assert decoded["valid"] and [field["hex"] for field in decoded["fields"] if field["name"] == "version"] == [
            (1_700_000_123).to_bytes(4, "big").hex()]
        if node.is_running:
            await wait_until(lambda: node.knows(peer.contact.mid), "the peer is a contact", 20.0)
            await node.stop()
    contact, = [json.loads(line) for line in (await dump("contacts", "--json", node.data)).output.splitlines()]
    assert contact["mid"] == value["id"] and bytes.fromhex(contact["public_key"]) == peer.public_key


async def test_it_tells_the_same_as_the_api(nodes, dump):
    node = await nodes.make(settings={"ARCHIVE_SCRUB_RATE": "0"}).start()
    await node.store(greeting, b"one")
    await asyncio.sleep(1.1)
    between = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    await node.store(greeting, b"two")
    await node.store(greeting, b"unsigned", signed=False)

    async def is_indexed():
        archive = (await node.status())["archive"]
        return archive["index_last"] == archive["journal_last"]
    await wait_until(is_indexed, "the index has all changes")
    told = await ask(node, f"values/{greeting.hex()}")
    then = await ask(node, f"values/{greeting.hex()}?as_of={between}")
    listed, publishers = (await ask(node, "values"))["items"], await ask(node, "publishers")
    await node.stop()

    async def shown(*arguments):
        return [json.loads(line) for line in (await dump(*arguments, "--json")).output.splitlines()]
    same(told["values"], (await shown("get", greeting.hex(), node.data))[0]["values"])
    same(listed, await shown("list", node.data))
    versions = (await shown("history", greeting.hex(), node.data))[0]["signers"][0]["versions"]
    assert [version["state"] for version in versions] == ["replaced", "served"]
    same(told["history"], versions[:1])
    as_of = (await shown("get", greeting.hex(), node.data, "--as-of", between))[0]["values"]
    assert then["values"][0]["state"] == "served"
    same(then["values"], as_of)
    same(publishers, await shown("publishers", node.data))


def same(told, shown):
    """Holds everything that the API tells against what the tool shows, which may be more."""
    def in_order(many):
        return sorted(many, key=lambda one: one.get("id") or one["mid"])
    pairs = zip(in_order(told), in_order(shown), strict=True)
    assert [{name: other.get(name, "is missing") for name in one} for one, other in pairs] == in_order(told)


async def ask(node, path):
    """What the API answers."""
    completed = await run_command("curl", "-s", "--unix-socket", str(node.data / "control.sock"), f"http://node/api/v1/{path}")
    return json.loads(completed.output)
