"""Increments from one archive to a copy of it, as an operator uses them."""

import json
import shutil

import pytest

pytestmark = pytest.mark.asyncio
# Of the archive that the released increment leads to.
RELEASED_ROOT = "b2ef5972b0323a0a232ce84e1355a1aa14e28768d3b25a43be42b415827048b8"


async def exported(dump, folder, path, *arguments):
    """Exports an archive; what the command says of it."""
    done = await dump("export", folder, "--output", path, "--json", *arguments)
    assert done.status == 0, done
    return json.loads(done.output)


async def imported(dump, path, folder):
    """Imports a dump or an increment; what the command says of it."""
    done = await dump("import", path, folder, "--json")
    assert done.status == 0, done
    return json.loads(done.output)


@pytest.fixture
async def pair(dump, sample, tmp_path):
    """An archive, a copy of it, and the change at which both are."""
    said = await exported(dump, sample, tmp_path / "base.dump")
    await imported(dump, tmp_path / "base.dump", tmp_path / "copy")
    return sample, tmp_path / "copy", said["change"]


async def test_base_and_increments_give_the_same_bytes(dump, pair, make_archive, tmp_path):
    source, copy, last = pair
    more = make_archive(tmp_path / "more", 300)
    await exported(dump, more, tmp_path / "more.dump")
    await imported(dump, tmp_path / "more.dump", source)
    for form, name in (("dump", "one.dump"), ("jsonl", "two.jsonl"), ("csv", "three.csv")):
        said = await exported(dump, source, tmp_path / name, "--after-change", last, "--format", form)
        assert said["from"] == last and said["items"].get("value", 0) >= (288 if form == "dump" else 0)
        report = await imported(dump, tmp_path / name, copy)
        assert (report["from"], report["change"], report["archive"]) == (last, said["change"], said["archive"])
        last = said["change"]
        before = await exported(dump, source, tmp_path / "a.dump")
        after = await exported(dump, copy, tmp_path / "b.dump")
        assert before["root"] == after["root"]
        assert (tmp_path / "a.dump").read_bytes() == (tmp_path / "b.dump").read_bytes()
    assert "Sound" in (await dump("verify", copy)).output


async def test_increments_that_do_not_follow_are_refused_in_a_sentence(dump, pair, make_archive, sentence, tmp_path):
    source, copy, last = pair
    more = make_archive(tmp_path / "more", 20)
    await exported(dump, more, tmp_path / "more.dump")
    await imported(dump, tmp_path / "more.dump", source)
    said = await exported(dump, source, tmp_path / "one.dump", "--after-change", last)
    (tmp_path / "two.dump").write_bytes((tmp_path / "one.dump").read_bytes())
    end = said["change"]
    later = await exported(dump, source, tmp_path / "later.dump", "--after-change", end)
    assert later["items"] == {}

    async def refusal(*arguments):
        return sentence(await dump("import", *arguments), 2)

    before = (await exported(dump, copy, tmp_path / "a.dump"))["root"]
    assert f"begins after change {end}, and the archive is at change {last}" in await refusal(
        tmp_path / "later.dump", copy)
    assert "no archive" in await refusal(tmp_path / "one.dump", tmp_path / "empty")
    assert not (tmp_path / "empty").exists()
    assert "has changes of its own" in await refusal(tmp_path / "one.dump", more)
    assert "--values-only" in await refusal(tmp_path / "one.dump", copy, "--values-only")
    assert (await exported(dump, copy, tmp_path / "a.dump"))["root"] == before
    await imported(dump, tmp_path / "one.dump", copy)
    assert f"ends with change {end}" in await refusal(tmp_path / "two.dump", copy)
    assert "is an increment" in sentence(await dump("diff", tmp_path / "one.dump", copy), 2)
    too_old = sentence(await dump("export", source, "--after-change", end + 1, "--output", tmp_path / "x"), 2)
    assert f"no change {end + 1}" in too_old
    assert not (tmp_path / "x").exists()


async def test_a_damaged_increment_is_refused_and_its_salvage_too(dump, pair, make_archive, sentence, tmp_path):
    source, copy, last = pair
    more = make_archive(tmp_path / "more", 600)
    await exported(dump, more, tmp_path / "more.dump")
    await imported(dump, tmp_path / "more.dump", source)
    await exported(dump, source, tmp_path / "one.dump", "--after-change", last)
    content = (tmp_path / "one.dump").read_bytes()
    before = (await exported(dump, copy, tmp_path / "a.dump"))["root"]
    for place in range(100, len(content), len(content) // 20):
        (tmp_path / "bad.dump").write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1:])
        sentence(await dump("import", tmp_path / "bad.dump", copy), 2)
    place = len(content) // 2
    (tmp_path / "bad.dump").write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1:])
    assert (await dump("salvage", tmp_path / "bad.dump", "--output", tmp_path / "saved.dump")).status == 1
    done = await dump("import", tmp_path / "saved.dump", copy)
    assert done.status == 2 and "lacks records" in done.errors
    assert (await exported(dump, copy, tmp_path / "a.dump"))["root"] == before


async def test_an_increment_in_a_copy_with_its_own_changes_is_refused(dump, pair, make_archive, sentence, tmp_path):
    source, copy, last = pair
    more = make_archive(tmp_path / "more", 20)
    await exported(dump, more, tmp_path / "more.dump")
    await imported(dump, tmp_path / "more.dump", source)
    await exported(dump, source, tmp_path / "one.dump", "--after-change", last)
    shutil.copytree(copy, tmp_path / "changed")
    await imported(dump, tmp_path / "more.dump", tmp_path / "changed")
    assert "whole dump" in sentence(await dump("import", tmp_path / "one.dump", tmp_path / "changed"), 2)
    await imported(dump, tmp_path / "one.dump", copy)


@pytest.mark.parametrize("name", ["increment", "increment-lines", "increment-cells"])
async def test_every_released_increment_is_imported(dump, repository, name, tmp_path):
    released = repository / "Tests/Moving/released/dump-3"
    await imported(dump, released / "whole.dump", tmp_path / "copy")
    said = await imported(dump, released / name, tmp_path / "copy")
    assert (said["from"], said["change"], said["put"], said["forgotten"]) == (42, 54, 1, 11)
    assert (await exported(dump, tmp_path / "copy", tmp_path / "a.dump"))["root"] == RELEASED_ROOT
