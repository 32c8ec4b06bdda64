"""The library as another program uses it: Examples/Notes, which the tutorial explains."""

import asyncio
import json
import os
import re
import shutil

import pytest

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
    assert written.status == 0 and "Stored here and by" in written.output, written
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


CATALOGUE = "Sources/Bristlecone/Bristlecone.docc"


def blocks(repository, page, language):
    """The pieces of code of a language on a page of the library's documentation."""
    text = (repository / CATALOGUE / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def test_the_tutorial_s_code_is_the_example(repository):
    """The example is built and run above, so the tutorial is right."""
    tutorial = "\n".join(blocks(repository, "Tutorial.md", "swift"))
    assert tutorial == (repository / "Examples/Notes/Notes.swift").read_text(encoding="utf-8")


def test_the_overview_s_example_is_in_the_program_s_documentation(repository):
    (overview,) = blocks(repository, "Bristlecone.md", "swift")
    source = (repository / "Sources/Bristlecone/BristleconeNode.swift").read_text(encoding="utf-8")
    for line in re.findall(r"^///     (.*)$", source, re.MULTILINE):
        assert line in overview, line


async def run_in(folder, *command, seconds, **environment):
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    output, _ = await asyncio.wait_for(process.communicate(), seconds)
    assert process.returncode == 0, output.decode()
    return output.decode()


# What a program sees after `import Bristlecone`, besides five types of IPv8: see Exports.swift. A new type is a promise.
PUBLIC_TYPES = {
    "BackupReport", "BootstrapServer", "BristleconeNode", "ByteSize", "FindReport", "FoundValue", "KeepSubject", "NodeChange",
    "NodeChange.Operation", "NodeChanges", "NodeChanges.Numbers", "NodeError", "NodeError.Code", "NodeHealth",
    "NodeHealth.Code", "NodeHealth.Reason", "NodeEvent", "NodeEvents", "NodeEvents.Iterator", "NodeSettings", "NodeStatus", "NodeStatus.Contact",
    "NodeStatus.Contact.Standing", "NodeStatus.Endpoint", "NodeStatus.Storage", "PingReport", "ReplicaHealth",
    "RetentionSettings", "StoreReport", "TimeSpan", "UpkeepSettings",
}


async def symbol_graph(repository, folder):
    """What the compiler knows of the library's public symbols, from the debug build."""
    build = repository / ".build/debug"
    maps = {path.parent for path in build.resolve().glob("*/module.modulemap")}
    maps |= {path.parent for path in (repository / "Sources").glob("*/module.modulemap")}
    maps |= {repository / ".build/checkouts/GRDB.swift/Sources/GRDBSQLite"}
    maps |= {path.parent for path in (repository / ".build/checkouts").glob("*/Sources/*/include/module.modulemap")}
    includes = [word for path in sorted(maps) if "SQLCipher" not in str(path) for word in ("-I", str(path))]
    target = json.loads(await run_in(folder, "swift", "-print-target-info", seconds=60.0))["target"]["triple"]
    await run_in(
        folder, "swift", "symbolgraph-extract", "-module-name", "Bristlecone", "-I", str(build / "Modules"), *includes,
        "-target", target, "-minimum-access-level", "public", "-output-dir", ".", seconds=120.0)
    return folder / "Bristlecone.symbols.json"


async def test_the_library_shows_these_types_and_no_others(repository, tmp_path):
    graph = json.loads((await symbol_graph(repository, tmp_path)).read_text(encoding="utf-8"))
    kinds = {"swift.struct", "swift.enum", "swift.class", "swift.protocol", "swift.typealias"}
    shown = {".".join(symbol["pathComponents"]) for symbol in graph["symbols"] if symbol["kind"]["identifier"] in kinds}
    # What a protocol of Swift wants named.
    shown -= {"NodeEvents.Element", "NodeEvents.AsyncIterator", "NodeEvents.Iterator.Element"}
    assert shown == PUBLIC_TYPES


async def test_the_catalogue_becomes_documentation_without_a_warning(repository, tmp_path):
    await symbol_graph(repository, tmp_path)
    docc = os.path.join(os.path.dirname(os.path.realpath(shutil.which("swift"))), "docc")
    await run_in(
        tmp_path, docc, "convert", str(repository / CATALOGUE), "--additional-symbol-graph-dir", str(tmp_path),
        "--fallback-bundle-identifier", "bristlecone", "--fallback-display-name", "Bristlecone", "--warnings-as-errors",
        "--output-path", str(tmp_path / "out"), seconds=200.0)


async def release_of_swift_nio(repository, folder, version):
    """A copy of the SwiftNIO that this package was built with, as another patch release."""
    git = ("git", "-c", "user.name=Test", "-c", "user.email=test@example.org")
    await run_in(folder, *git, "clone", "--quiet", str(repository / ".build/checkouts/swift-nio"), "swift-nio", seconds=60.0)
    await run_in(folder / "swift-nio", *git, "tag", version, seconds=10.0)
    # Swift takes the folder's name for the package's, by which other packages name it.
    return folder / "swift-nio"


@pytest.mark.full
@pytest.mark.timeout(1800)
async def test_a_package_outside_of_the_tree_runs_the_tutorial(repository, network, addresses, tmp_path):
    """With another patch release of SwiftNIO than this package was built with."""
    resolved = json.loads((repository / "Package.resolved").read_text(encoding="utf-8"))
    (nio,) = [pin for pin in resolved["pins"] if pin["identity"] == "swift-nio"]
    major, minor, patch = nio["state"]["version"].split(".")
    other = f"{major}.{minor}.{int(patch) + 1}"
    package = tmp_path / "notes"
    (package / "Sources/notes").mkdir(parents=True)
    (package / "Sources/notes/Notes.swift").write_text("\n".join(blocks(repository, "Tutorial.md", "swift")))
    # Names that a program may well have for things of its own.
    (package / "Sources/notes/Names.swift").write_text("\n".join(
        f"struct {name} {{ let text = \"{name}\" }}\nlet my{name} = {name}().text"
        for name in ("Archive", "Contact", "Digest", "Entry", "Hex", "Instant", "Message", "Node", "Packet", "SHA256", "Version")))
    (manifest,) = [block for block in blocks(repository, "Tutorial.md", "") if "swift-tools-version" in block]
    manifest = manifest.replace("../bristlecone", str(repository))
    manifest = manifest.replace('package: "bristlecone"', f'package: "{repository.name}"')
    manifest = manifest.replace(
        "dependencies: [.package", f'dependencies: [.package(url: "{nio["location"]}", exact: "{other}"), .package')
    (package / "Package.swift").write_text(manifest)
    mirror = await release_of_swift_nio(repository, tmp_path, other)
    await run_in(
        package, "swift", "package", "config", "set-mirror", "--original", nio["location"], "--mirror", f"file://{mirror}",
        seconds=60.0)
    await run_in(package, "swift", "build", seconds=1500.0)
    assert f'"version" : "{other}"' in (package / "Package.resolved").read_text(encoding="utf-8")

    peers = await network.start(2, tick=0.1)
    await network.introduce()
    program = package / ".build/debug/notes"
    for words in ("write", "greeting", "hello"), ("read", "greeting"):
        said = await run_command(
            str(program), str(tmp_path / "data"), f"{addresses.take()}:0", join_address(peers[0].address), *words,
            seconds=60.0)
        assert said.status == 0, said
    assert " hello\n" in said.output
