"""The library as another program uses it: Examples/Notes, and the package that docs/library.md shows."""

import asyncio
import json
import re

from harness.addresses import join_address
from harness.command import run_command
from harness.waiting import wait_until
from test_walkthrough import key_of


async def notes(repository, folder, addresses, peer, *words):
    """Runs the example with a node of its own on loopback."""
    program = repository / ".build/debug/Notes"
    return await run_command(
        str(program), str(folder), f"{addresses.take()}:0", join_address(peer.address), *words, seconds=60.0)


async def test_another_program_stores_finds_and_connects(repository, network, addresses, tmp_path):
    peers = await network.start(4, tick=0.1)
    await network.introduce()
    await network.acquainted(3)
    written = await notes(repository, tmp_path / "writer", addresses, peers[0], "write", "greeting", "hello")
    assert written.status == 0 and "kept here and by" in written.output, written
    (found,) = await peers[2].find(key_of("greeting"))
    assert found[0] == b"hello" and found[1] is not None

    read = await notes(repository, tmp_path / "reader", addresses, peers[1], "read", "greeting")
    assert read.status == 0 and " hello\n" in read.output, read

    async def is_remembered():
        await peers[3].overlay.store_peer()
        return peers[3].overlay.store_for_me[peers[3].mid]

    await wait_until(is_remembered, f"{peers[3]} is remembered", 30.0, every=0.5)
    met = await notes(repository, tmp_path / "seeker", addresses, peers[1], "meet", peers[3].mid.hex())
    assert met.status == 0 and join_address(peers[3].address) in met.output, met


async def test_another_program_is_told_whether_trying_again_helps(repository, network, addresses, tmp_path):
    (peer,) = await network.start(1, tick=0.1)
    too_long = await notes(repository, tmp_path / "long", addresses, peer, "write", "greeting", "x" * 24)
    assert too_long.status == 1 and "Trying again will not help." in too_long.output, too_long
    nobody = await notes(repository, tmp_path / "nobody", addresses, peer, "meet", "00" * 20)
    assert nobody.status == 1 and "Trying again may help." in nobody.output, nobody


async def test_the_package_that_the_page_shows_is_one(repository, tmp_path):
    """Not built: that would build all dependencies once more. `Notes` is, against the same library."""
    page = (repository / "docs/library.md").read_text(encoding="utf-8")
    manifest = re.search(r"```swift\n(// swift-tools-version.*?)```", page, re.DOTALL)[1]
    # Here the folder may have another name than after a clone.
    manifest = manifest.replace("../bristlecone", str(repository))
    manifest = manifest.replace('package: "bristlecone"', f'package: "{repository.name}"')
    (tmp_path / "Package.swift").write_text(manifest)
    process = await asyncio.create_subprocess_exec(
        "swift", "package", "dump-package", "--package-path", str(tmp_path),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    output, errors = await asyncio.wait_for(process.communicate(), 200.0)
    assert process.returncode == 0, errors.decode()
    package = json.loads(output)
    assert package["dependencies"][0]["fileSystem"][0]["path"] == str(repository)
    for target in package["targets"]:
        for dependency in target["dependencies"]:
            product = dependency["product"][0]
            assert f'.library(name: "{product}"' in (repository / "Package.swift").read_text(encoding="utf-8")


def test_the_page_s_example_is_in_the_program_s_documentation(repository):
    """What the page tells first is what the compiler's documentation tells."""
    page = (repository / "docs/library.md").read_text(encoding="utf-8")
    source = (repository / "Sources/Bristlecone/BristleconeNode.swift").read_text(encoding="utf-8")
    for line in re.findall(r"^///     (.*)$", source, re.MULTILINE):
        assert line in page, line
