"""Importing dumps into a running node, also when the client or the node is killed meanwhile."""

import asyncio
import contextlib
import json
import re
import urllib.error
import urllib.request

import pytest

from harness.waiting import wait_until

pytestmark = pytest.mark.asyncio


@pytest.fixture
async def make_dump(dump, make_archive, tmp_path):
    """Makes a dump of an archive with something of everything and so many values; its path."""
    async def make(count, name="source", form="dump"):
        path = tmp_path / f"{name}.{form}"
        done = await dump("export", make_archive(tmp_path / name, count), "--output", path, "--format", form)
        assert done.status == 0, done
        return path
    return make


async def imported(node, path, *arguments, status=0):
    """Imports into a running node; what the command says of it."""
    done = await node.command("import", str(path), "--json", *arguments, seconds=100.0)
    assert done.status == status, done
    return json.loads(done.output)


async def records(dump, folder, path):
    """The records of an archive, without what an import may decide."""
    done = await dump("export", folder, "--output", path, "--format", "jsonl")
    assert done.status == 0, done
    rows = [json.loads(line) for line in path.read_text().splitlines()[1:-1]]
    return sorted((row["kind"], row.get("key", ""), row.get("id", ""), row.get("version", 0), row.get("entry", ""))
                  for row in rows)


async def journal_last(node):
    return (await node.status())["archive"]["journal_last"]


class Upload:
    """A client that sends a dump over the control socket, as far as a test wants."""

    async def begin(self, node, bytes_sent, query=""):
        reader, self.writer = await asyncio.open_unix_connection(str(node.data / "control.sock"))
        self.writer.write(
            f"POST /api/v1/import{query} HTTP/1.1\r\nHost: node\r\nContent-Length: {len(bytes_sent) + 1}\r\n\r\n"
            .encode() + bytes_sent)
        return reader

    async def end(self):
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


async def test_a_running_node_takes_a_whole_dump(dump, make_dump, nodes, tmp_path):
    path = await make_dump(1500)
    node = await nodes.start()
    done = await dump("import", path, node.data)
    assert done.status == 2 and "bristlecone import" in done.errors, done
    report = await imported(node, path)
    assert report["complete"] and report["taken"] == report["items"] > 1500, report
    assert await records(dump, node.data, tmp_path / "after") == await records(
        dump, tmp_path / "source", tmp_path / "before")
    again = await imported(node, path)
    assert again["complete"] and again["held"] == again["items"], again
    text = (await node.command("import", str(path))).output
    assert "Imported" in text and "held already" in text
    await node.stop()
    assert "Sound" in (await dump("verify", node.data)).output


async def test_standard_input_and_values_only(dump, make_dump, nodes):
    path = await make_dump(50, form="jsonl")
    node = await nodes.start()
    process = await asyncio.create_subprocess_exec(
        node.binary, "import", "-", "--values-only", "--unsealed", "--json", "--data", str(node.data),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    lines = path.read_bytes().splitlines(keepends=True)[1:-1]
    output, _ = await asyncio.wait_for(process.communicate(b"".join(lines)), 60)
    report = json.loads(output)
    assert report["left_out"] > 0 and report["taken"] > 50, report
    pins = json.loads((await node.command("pin", "list", "--json")).output)
    assert not pins["items"] if isinstance(pins, dict) else not pins


@pytest.mark.timeout(240)
async def test_a_killed_node_goes_on(dump, make_dump, nodes, tmp_path):
    path = await make_dump(6000)
    node = await nodes.start()
    running = asyncio.create_task(node.command("import", str(path), seconds=100.0))

    async def is_under_way():
        assert not running.done(), running.result()
        return await journal_last(node) >= 256
    await wait_until(is_under_way, "the import is under way", 60.0, every=0.02)
    await node.kill()
    done = await running
    assert done.status == 1 and "stopped" in done.errors, done
    await node.start()
    assert not (node.data / "import.part").exists()
    report = await imported(node, path)
    assert report["complete"] and report["resumed_at"] >= 256, report
    assert await records(dump, node.data, tmp_path / "after") == await records(
        dump, tmp_path / "source", tmp_path / "before")


async def test_a_client_that_goes_leaves_nothing(make_dump, nodes):
    path = await make_dump(200, form="jsonl")
    node = await nodes.start()
    before = await journal_last(node)
    # The lines that arrive are whole, so only the end of the request is missing.
    lines = path.read_bytes().splitlines(keepends=True)
    upload = Upload()
    await upload.begin(node, b"".join(lines[:100]), "?unsealed=true")
    await upload.end()

    async def is_free():
        done = await node.command("import", str(path), "--json")
        assert done.status == 0 or "being imported" in done.errors, done
        return done.status == 0 and json.loads(done.output)
    report = await wait_until(is_free, "the node takes another dump", 30.0, every=0.2)
    assert before == 0 and report["held"] == 0 and report["taken"] == report["items"], report


async def test_two_at_once_and_damaged_ones_are_refused(make_dump, nodes):
    path = await make_dump(200)
    node = await nodes.start()
    upload = Upload()
    reader = await upload.begin(node, b"x" * 5_000_000, "?bogus=1")
    assert b"HTTP/1.1 400" in await asyncio.wait_for(reader.readline(), 60)
    await upload.end()
    await upload.begin(node, path.read_bytes()[:5000])

    async def is_refused():
        done = await node.command("import", str(path))
        return done.status == 1 and "Another dump is being imported" in done.errors
    await wait_until(is_refused, "a second dump is refused", 30.0, every=0.1)
    await upload.end()
    damaged = path.with_name("damaged.dump")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    for wrong, words in (
            (bytes(content), "is damaged in block"), (bytes(content[:-10]), "in block"), (b"no dump", "no dump")):
        damaged.write_bytes(wrong)

        async def is_told():
            done = await node.command("import", str(damaged))
            assert done.status == 1, done
            return words in done.errors and "The dump " in done.errors
        await wait_until(is_told, words, 30.0, every=0.1)
    done = await node.command("import", str(path), "--signed-by", "0" * 40)
    assert done.status == 1 and "is not signed by" in done.errors, done
    done = await node.command("import", str(path.with_name("missing")))
    assert done.status == 1 and "name a dump" in done.errors, done


async def test_an_increment_is_applied_whole_or_not_at_all(dump, make_dump, make_archive, nodes, tmp_path):
    base = await make_dump(50)
    node = await nodes.start()
    report = await imported(node, base)
    done = await dump("export", tmp_path / "source", "--output", tmp_path / "again.dump", "--json")
    last = json.loads(done.output)["change"]
    more = await make_dump(300, name="more")
    assert (await dump("import", more, tmp_path / "source")).status == 0
    done = await dump("export", tmp_path / "source", "--output", tmp_path / "one.dump", "--after-change", last)
    assert done.status == 0, done
    report = await imported(node, tmp_path / "one.dump")
    assert report["increment"]["from"] == last and report["increment"]["put"] >= 250, report
    assert await records(dump, node.data, tmp_path / "after") == await records(
        dump, tmp_path / "source", tmp_path / "before")
    before = await journal_last(node)
    done = await node.command("import", str(tmp_path / "one.dump"))
    assert done.status == 1 and "it has been imported already" in done.errors, done
    assert await journal_last(node) == before


async def test_published_values_get_their_publications_in_several_commits(dump, nodes, tmp_path):
    source, node = await nodes.start(), await nodes.start()
    (tmp_path / "values.txt").write_text("".join(f"key {number}\tvalue\n" for number in range(600)))
    done = await source.command("store", "--from", str(tmp_path / "values.txt"), "--json")
    assert done.status == 0 and json.loads(done.output)["stored"] == 600, done
    lines = await records(dump, source.data, tmp_path / "lines")
    assert sum(line[0] == "publication" for line in lines) == 600
    picked = [line for line in (tmp_path / "lines").read_text().splitlines() if json.loads(line)["kind"] == "value"]
    (tmp_path / "picked").write_text("\n".join(picked) + "\n")
    report = await imported(node, tmp_path / "picked", "--unsealed")
    assert report["complete"] and report["taken"] == 600, report
    assert sum(line[0] == "publication" for line in await records(dump, node.data, tmp_path / "after")) == 600
    assert "Sound" in (await dump("verify", node.data)).output


async def test_over_tcp_an_import_needs_the_key_and_an_export_none(dump, make_dump, nodes, tmp_path):
    path = await make_dump(30)
    node = nodes.make(environment={"BRISTLECONE_HTTP_LISTEN": "127.0.0.1:0"})
    await node.start()
    address = re.findall(r"HTTP is served on (http://\S+)", node.log_tail())[-1]

    def ask(path, body=None, key=None):
        headers = {"X-Api-Key": key} if key else {}
        request = urllib.request.Request(f"{address}/api/v1{path}", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
    body = path.read_bytes()
    assert (await asyncio.to_thread(ask, "/import", body))[0] == 401
    status, answer = await asyncio.to_thread(ask, "/import", body, (node.data / "api.key").read_text().strip())
    assert status == 200 and json.loads(answer)["complete"], answer
    status, lines = await asyncio.to_thread(ask, "/export")
    (tmp_path / "export.jsonl").write_bytes(lines)
    other = await nodes.start()
    report = await imported(other, tmp_path / "export.jsonl", "--values-only")
    rows = [json.loads(line) for line in lines.splitlines()]
    assert report["taken"] == report["items"] == len(rows) - 2 > 30, report
    key = next(row["key"] for row in rows if row["kind"] == "value")
    status, lines = await asyncio.to_thread(ask, f"/export?prefix={key}")
    assert {row["key"] for row in map(json.loads, lines.splitlines()) if "key" in row} == {key}
    assert (await asyncio.to_thread(ask, "/export?prefix=xyz"))[0] == 400
