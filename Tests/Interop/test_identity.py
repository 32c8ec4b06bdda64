"""The node's key: where it comes from, what follows when it changes, and two nodes with the same one."""

import base64
import hashlib
import shutil

import pytest
from ipv8.keyvault.crypto import default_eccrypto

from harness.command import run_command
from harness.waiting import wait_until

LEVELS = ["very-low", "low", "medium", "high", "curve25519"]


def pem(key):
    """What older versions of the reference and OpenSSL write."""
    text = base64.b64encode(key.key_to_bin()).decode()
    lines = [text[start:start + 64] for start in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN EC PRIVATE KEY-----", *lines, "-----END EC PRIVATE KEY-----", ""]).encode()


FORMS = {
    "binary": lambda key: key.key_to_bin(),
    "a line end behind it": lambda key: key.key_to_bin() + b"\n",
    "pem": pem,
    "base64": lambda key: base64.b64encode(key.key_to_bin()),
    "hexadecimal": lambda key: key.key_to_bin().hex().encode() + b"\n",
}


async def key_command(node, *arguments):
    return await run_command(node.binary, "key", *arguments, "--data", str(node.data), "--json", seconds=60.0)


@pytest.mark.parametrize("level", LEVELS)
async def test_every_key_file_of_the_reference_is_imported(nodes, tmp_path, level):
    for form, write in FORMS.items():
        key = default_eccrypto.generate_key(level)
        path = tmp_path / "key"
        path.write_bytes(write(key))
        node = nodes.make()
        completed = await key_command(node, "import", str(path))
        assert completed.status == 0, (form, completed)
        assert completed.json()["public_key"] == key.pub().key_to_bin().hex(), form
        assert (await key_command(node, "show")).json()["mid"] == key.pub().key_to_hash().hex()
        assert (node.data / "identity.key").read_bytes() == key.key_to_bin(), form


async def test_raw_bytes_and_the_references_own_names_are_imported(nodes, tmp_path):
    key = default_eccrypto.generate_key("curve25519")
    raw = key.key_to_bin().removeprefix(b"LibNaCLSK:")
    assert len(raw) == 64
    (tmp_path / "raw").write_bytes(raw)
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / "ec_multichain.pem").write_bytes(key.key_to_bin())
    for path in (tmp_path / "raw", folder):
        completed = await key_command(nodes.make(), "import", str(path))
        assert completed.status == 0 and completed.json()["mid"] == key.pub().key_to_hash().hex(), completed
    (tmp_path / "public").write_bytes(key.pub().key_to_bin())
    completed = await key_command(nodes.make(), "import", str(tmp_path / "public"))
    assert completed.status == 1 and "it is a public key" in completed.errors


async def test_a_generated_key_is_one_of_the_references(nodes, tmp_path):
    path = tmp_path / "new.key"
    node = nodes.make()
    completed = await run_command(node.binary, "key", "generate", str(path), "--json")
    key = default_eccrypto.key_from_private_bin(path.read_bytes())
    assert completed.json()["mid"] == key.pub().key_to_hash().hex()
    assert path.stat().st_mode & 0o777 == 0o600
    again = await run_command(node.binary, "key", "generate", str(path))
    assert again.status == 1 and "there is a file of that name" in again.errors


async def test_after_a_rotation_publications_are_signed_anew(nodes):
    node = await nodes.start()
    keys = [hashlib.sha1(f"{number}".encode()).hexdigest() for number in range(3)]
    for key in keys:
        assert (await node.command("store", key, f"value {key[:6]}")).status == 0
    assert (await node.command("withdraw", keys[2])).status == 0
    old = (await node.status())["mid"]
    refused = await key_command(node, "rotate")
    assert refused.status == 1 and "is using the data folder" in refused.errors
    await node.stop()
    report = (await key_command(node, "rotate")).json()
    assert report["publications"] == 2 and report["mid"] != old
    assert report["old_file"].endswith(f"identity.key.{old}")
    await node.start()
    assert (await node.status())["mid"] == report["mid"]

    async def is_published_anew():
        for key in keys[:2]:
            found = (await node.command("find", key, "--local", "--json")).json()["values"]
            if report["mid"] not in [value["mid"] for value in found]:
                return False
        return True

    await wait_until(is_published_anew, "the values are signed with the new key", 30.0)
    found = (await node.command("find", keys[2], "--local", "--json")).json()["values"]
    assert [value["mid"] for value in found] == [old]
    await node.stop()
    await node.start()


async def test_a_blocked_publication_does_not_hold_up_a_rotation(nodes):
    node = await nodes.start()
    for key in ("blocked", "free"):
        assert (await node.command("store", key, "value")).status == 0
    old = (await node.status())["mid"]
    assert (await node.command("block", "add", "blocked")).status == 0
    await node.stop()
    new = (await key_command(node, "rotate")).json()["mid"]
    await node.start()

    async def signers(key):
        values = (await node.command("find", key, "--local", "--json")).json()["values"]
        return [value["mid"] for value in values]

    async def is_published_anew():
        return new in await signers("free")

    await wait_until(is_published_anew, "the other value is signed with the new key", 30.0)
    assert await signers("blocked") == [old]
    assert "1 of 2 values stay under the old key" in node.log_tail()

    async def is_told():
        return "published under its new one: 1." in node.log_tail()

    await wait_until(is_told, "the log says how many values were published anew", 30.0)


async def test_what_is_forgotten_during_a_rotation_does_not_come_back(nodes, tmp_path):
    node = await nodes.start()
    # More than are published anew at a time, in the order of their keys.
    keys = sorted(hashlib.sha1(f"{number}".encode()).hexdigest() for number in range(12_000))
    rows, last = tmp_path / "rows", tmp_path / "last"
    rows.write_text("".join(f"{key}\tvalue\n" for key in keys))
    last.write_text("".join(f"{key}\n" for key in keys[-500:]))
    assert (await node.command("store", "--from", str(rows), seconds=120.0)).status == 0
    await node.stop()
    await key_command(node, "rotate")
    await node.start()
    assert "under its new one" not in node.log_tail(), "the rotation was over before anything could be forgotten"
    assert (await node.command("forget", "--yes", "--from", str(last), seconds=60.0)).status == 0

    async def is_over():
        return "published under its new one" in node.log_tail()

    await wait_until(is_over, "the values are published under the new key", 120.0)
    found = [await node.command("find", key, "--local", "--json") for key in (keys[-500], keys[-1], keys[0])]
    assert [len(one.json()["values"]) for one in found[:2]] == [0, 0]
    assert found[2].json()["values"]
    # The old values are withdrawn, and still there.
    assert (await node.status())["archive"]["values"] == 2 * (len(keys) - 500)


async def test_a_key_that_the_archive_does_not_belong_to_is_refused(nodes, tmp_path):
    node = await nodes.start()
    await node.command("store", "greeting", "hello")
    old = (await node.status())["mid"]
    await node.stop()
    key = node.data / "identity.key"
    shutil.copy(key, tmp_path / "old")
    key.write_bytes(default_eccrypto.generate_key("curve25519").key_to_bin())
    run = ("run", "--data", str(node.data), "--listen", "127.0.0.1:0", "--no-bootstrap")
    refused = await run_command(node.binary, *run, seconds=30.0)
    assert refused.status == 1 and f"belongs to the identity {old}" in refused.errors
    # Nothing stands behind the command, so that it can be copied with the line.
    assert refused.errors.endswith(f"bristlecone key import {key} --data {node.data}\n")
    assert (await key_command(node, "import", str(key))).json()["publications"] == 1
    await node.start()
    await node.stop()
    shutil.copy(tmp_path / "old", key)
    assert (await run_command(node.binary, *run, seconds=30.0)).status == 1


async def test_two_nodes_with_one_identity_say_so(nodes):
    node = await nodes.start()
    twin = nodes.make()
    twin.data.mkdir(mode=0o700)
    shutil.copy(node.data / "identity.key", twin.data / "identity.key")
    await twin.start()
    await twin.command("ping", f"{node.contact.address[0]}:{node.contact.address[1]}")

    async def is_told():
        warnings = (await node.status())["warnings"]
        return any("Another node uses this node's identity" in warning for warning in warnings)

    await wait_until(is_told, "the status tells of the twin", 30.0)
    log = node.data.with_suffix(".log").read_text()
    assert log.count("Another node uses this node's identity") == 1
