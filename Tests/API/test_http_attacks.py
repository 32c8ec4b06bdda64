"""Requests that no honest client sends: they are refused, and the node goes on as if nothing had been."""

import asyncio
import collections
import os
import pathlib
import re
import socket

import pytest

from harness.waiting import wait_until

PLAN = "GET /api/v1/plan HTTP/1.1\r\nHost: localhost\r\n"
POST = "POST /api/v1/values/k HTTP/1.1\r\nHost: localhost\r\n"
METRICS = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
HALF_OPEN = 1000
BODY_MAX = 8 << 20

MALFORMED = {
    "no HTTP": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "no version": "GET /api/v1/plan\r\n\r\n",
    "another version": "GET /api/v1/plan HTTP/9.9\r\nHost: localhost\r\n\r\n",
    "two lengths": POST + "Content-Length: 5\r\nContent-Length: 7\r\n\r\nhello",
    "length and chunks": POST + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "negative length": POST + "Content-Length: -1\r\n\r\n",
    "length that is no number": POST + "Content-Length: 5x\r\n\r\nhello",
    "bad chunk": POST + "Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
    "huge chunk": POST + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    "header without colon": PLAN + "nonsense\r\n\r\n",
    "folded header": PLAN + "X-A: 1\r\n b: 2\r\n\r\n",
    "line feeds in a header": PLAN + "X-A: 1\nX-B\r\n\r\n",
    "NUL in a header": PLAN + "X-A: a\0b\r\n\r\n",
    "long head": PLAN + f"X-A: {'a' * 40_000}\r\n\r\n",
    "many headers": PLAN + "".join(f"X-{number}: 1\r\n" for number in range(200)) + "\r\n",
    "long path": f"GET /{'a' * 100_000} HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


async def served(nodes):
    """A node that serves HTTP over TCP, and its address."""
    node = nodes.make(environment={"BRISTLECONE_HTTP_LISTEN": "127.0.0.1:0"})
    await node.start()
    host, port = re.findall(r"HTTP is served on http://(\S+):(\d+)", node.log_tail())[-1]
    return node, (host, int(port))


async def exchange(address, text):
    """All that the server says to these bytes until it closes."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        writer.write(text.encode("latin-1"))
        return (await asyncio.wait_for(reader.read(), 60.0)).decode("latin-1")
    except ConnectionError:
        return ""
    finally:
        writer.close()


async def refusals(address, reason):
    """How many requests and connections the node has refused for a reason."""
    answer = await exchange(address, METRICS)
    return int(re.search(rf'bristlecone_http_refusals_total{{reason="{reason}"}} (\d+)', answer)[1])


async def test_malformed_requests_are_refused_and_counted(nodes):
    node, address = await served(nodes)
    counted = 0
    for name, text in MALFORMED.items():
        # What follows would be answered by a server that lost its place.
        answer = await exchange(address, text + PLAN + "Connection: close\r\n\r\n")
        statuses = re.findall(r"HTTP/1\.1 (\d+) ", answer)
        # Where only the body makes no sense, the head has been refused before.
        assert len(statuses) <= 2 and set(statuses) <= {"400", "401", "421", "431"}, f"{name}: {answer}"
        assert "due_keys" not in answer, name
        before, counted = counted, await refusals(address, "malformed")
        assert counted > before, name
    answer = await exchange(address, PLAN + "Connection: close\r\n\r\n")
    assert answer.startswith("HTTP/1.1 200 OK")
    assert await node.status()


async def test_a_body_that_makes_no_sense_is_not_blamed_on_the_node(nodes):
    node, address = await served(nodes)
    key = (node.data / "api.key").read_text().strip()
    answer = await exchange(
        address, POST + f"X-Api-Key: {key}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n")
    assert set(re.findall(r"HTTP/1\.1 (\d+) ", answer)) == {"400"}, answer


async def test_a_client_that_waits_before_it_sends_a_body_is_told_to_go_on(nodes):
    _, address = await served(nodes)
    reader, writer = await asyncio.open_connection(*address)
    body = b'{"network": "192.0.2.0/24"}'
    writer.write((POST + f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n").encode())
    assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20.0) == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(body)
    # The response to the request itself, which lacks the key.
    assert (await asyncio.wait_for(reader.readuntil(b"\r\n"), 20.0)).startswith(b"HTTP/1.1 401 ")
    writer.close()


async def test_requests_that_nobody_may_make_are_refused_and_counted(nodes):
    node, address = await served(nodes)
    key = (node.data / "api.key").read_text(encoding="ascii").strip()
    end = "Connection: close\r\n\r\n"
    for reason, status, text in [
            ("unauthorized", 401, POST + "Content-Length: 2\r\n" + end + "{}"),
            ("unauthorized", 401, POST + f"X-Api-Key: {key[:-1]}\r\nContent-Length: 2\r\n" + end + "{}"),
            ("foreign_host", 421, PLAN.replace("localhost", "example.org") + end),
            ("foreign_origin", 403, PLAN + "Origin: http://example.org\r\n" + end),
            ("too_large", 413, POST + f"X-Api-Key: {key}\r\nContent-Length: {BODY_MAX + 1}\r\n{end}{' ' * (BODY_MAX + 1)}")]:
        before = await refusals(address, reason)
        answer = await exchange(address, text)
        assert answer.startswith(f"HTTP/1.1 {status} ") and f'"code":"{reason}"' in answer, f"{reason}: {answer}"
        assert await refusals(address, reason) == before + 1, reason
    assert await node.status()


def thread_times(pid):
    """How long the threads of a process have run, in nanoseconds, by their priority."""
    times = collections.Counter()
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            # What follows the name, which is in parentheses, begins with the third field.
            nice = int((thread / "stat").read_text().rsplit(")", 1)[1].split()[16])
            times[nice] += int((thread / "schedstat").read_text().split()[0])
        except FileNotFoundError:
            continue
    return times


async def test_requests_over_tcp_take_the_time_that_others_leave(nodes):
    node, address = await served(nodes)
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    before = thread_times(node.pid)
    description = "GET /api/v1/openapi.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    for _ in range(30):
        assert (await exchange(address, description)).startswith("HTTP/1.1 200 ")
    spent = thread_times(node.pid) - before
    lowered = sum(time for nice, time in spent.items() if nice > usual)
    assert lowered > 0.8 * spent.total(), spent
    # The overlay is not lowered.
    assert before[usual] > 0


async def test_half_open_connections_keep_nobody_out_for_long(nodes):
    node, address = await served(nodes)
    connections = [socket.create_connection(address, timeout=10.0) for _ in range(HALF_OPEN)]
    try:
        # The operator has connections of his own.
        assert await node.status()
    finally:
        for connection in connections:
            connection.close()

    async def answers():
        return (await exchange(address, PLAN + "Connection: close\r\n\r\n")).startswith("HTTP/1.1 200")

    await wait_until(answers, "there is room again", 30.0)
    assert await refusals(address, "too_many_connections") >= HALF_OPEN / 2


@pytest.mark.full
async def test_a_slow_client_is_cut_off(nodes):
    node, address = await served(nodes)

    async def drip():
        reader, writer = await asyncio.open_connection(*address)
        begun = asyncio.get_running_loop().time()
        try:
            for byte in (PLAN * 10).encode():
                writer.write(bytes([byte]))
                await writer.drain()
                try:
                    await asyncio.wait_for(reader.read(), 1.0)
                except TimeoutError:
                    continue
                break
        except ConnectionError:
            pass
        writer.close()
        return asyncio.get_running_loop().time() - begun

    for lasted in await asyncio.gather(*(drip() for _ in range(50))):
        assert 25.0 < lasted < 45.0
    assert await refusals(address, "too_slow") == 50
    assert await node.status()
