"""Requests that no honest client sends: they are refused, and the node goes on as if nothing had been."""

import asyncio
import re
import socket

import pytest

from harness.waiting import wait_until

PLAN = "GET /api/v1/plan HTTP/1.1\r\nHost: localhost\r\n"
POST = "POST /api/v1/values/k HTTP/1.1\r\nHost: localhost\r\n"

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


async def test_malformed_requests_are_refused(nodes):
    node, address = await served(nodes)
    for name, text in MALFORMED.items():
        # What follows would be answered by a server that lost its place.
        answer = await exchange(address, text + PLAN + "Connection: close\r\n\r\n")
        statuses = re.findall(r"HTTP/1\.1 (\d+) ", answer)
        # Where only the body makes no sense, the head has been refused before.
        assert len(statuses) <= 2 and set(statuses) <= {"400", "401", "421", "431"}, f"{name}: {answer}"
        assert "due_keys" not in answer, name
    answer = await exchange(address, PLAN + "Connection: close\r\n\r\n")
    assert answer.startswith("HTTP/1.1 200 OK")
    assert await node.status()


async def test_half_open_connections_keep_nobody_out_for_long(nodes):
    node, address = await served(nodes)
    connections = [socket.create_connection(address, timeout=10.0) for _ in range(600)]
    try:
        # The operator has connections of his own.
        assert await node.status()
    finally:
        for connection in connections:
            connection.close()

    async def answers():
        return (await exchange(address, PLAN + "Connection: close\r\n\r\n")).startswith("HTTP/1.1 200")

    await wait_until(answers, "there is room again", 30.0)


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
    assert await node.status()
