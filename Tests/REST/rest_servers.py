"""py-ipv8's own REST interface on a peer of the harness, and what the tests ask it and our node alike."""

import contextlib
import dataclasses
import json
import os
import re
import threading

import aiohttp
import yarl
from ipv8.messaging.interfaces.statistics_endpoint import StatisticsEndpoint
from ipv8.peerdiscovery.network import Network
from ipv8.REST.rest_manager import RESTManager

ANSWER_SECONDS_MAX = 60.0


@dataclasses.dataclass(frozen=True)
class Answer:
    """An answer to an HTTP request."""

    status: int
    content_type: str
    headers: dict
    text: str

    def json(self):
        """The body."""
        return json.loads(self.text)

    def __str__(self):
        return f"{self.status} {self.content_type} {self.text[:500]}"


class Client:
    """Sends requests to one server, over TCP or over a node's control socket."""

    def __init__(self, session, base):
        self._session = session
        self._base = base

    async def ask(self, method, path, headers=None, body=None):
        """The `Answer` to one request; the path goes out as it is."""
        url = yarl.URL(self._base + path, encoded=True)
        async with self._session.request(
                method, url, headers=headers, data=body, allow_redirects=False,
                skip_auto_headers=["Content-Type"]) as response:
            text = await response.text()
            return Answer(response.status, response.headers.get("Content-Type", ""), dict(response.headers), text)

    async def get(self, path):
        """The body of an answer to GET, which has to be a success."""
        answer = await self.ask("GET", path)
        assert answer.status == 200, f"GET {path}: {answer}"
        return answer.json()


@contextlib.asynccontextmanager
async def over_tcp(address):
    """A client of a server at `127.0.0.1:8085`."""
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS_MAX)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        yield Client(session, f"http://{address}")


def http_address(node):
    """Where a node serves HTTP over TCP, by its log."""
    return re.findall(r"HTTP is served on http://(\S+)", node.log_tail())[-1]


@contextlib.asynccontextmanager
async def over_socket(node):
    """A client of a node's control socket, which needs no key."""
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS_MAX)
    # By its name within the folder: a socket's path may not exceed 107 bytes.
    folder = os.open(node.data, os.O_PATH | os.O_DIRECTORY)
    try:
        connector = aiohttp.UnixConnector(f"/proc/self/fd/{folder}/control.sock")
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            yield Client(session, "http://node")
    finally:
        os.close(folder)


class Service:
    """What the reference's REST interface needs of the service that runs the overlays of a peer."""

    walk_interval = 0.5
    configuration = {"working_directory": ":memory:"}

    def __init__(self, peer, with_statistics):
        self.overlays = [peer.overlay]
        # The peers of the DHT are its own, and no others are loaded.
        self.network = Network()
        self.endpoint = StatisticsEndpoint(peer.overlay.endpoint) if with_statistics else peer.overlay.endpoint
        self.overlay_lock = threading.RLock()
        self.strategies = []

    def get_overlay(self, overlay_class):
        """The overlay of a class."""
        return next((overlay for overlay in self.overlays if isinstance(overlay, overlay_class)), None)


@contextlib.asynccontextmanager
async def reference_rest(peer, api_key=None, with_statistics=False):
    """A client of py-ipv8's REST interface on a peer."""
    manager = RESTManager(Service(peer, with_statistics))
    with contextlib.redirect_stderr(open(os.devnull, "w", encoding="utf-8")):
        await manager.start(port=0, api_key=api_key)
        port = manager.site._server.sockets[0].getsockname()[1]
        try:
            async with over_tcp(f"127.0.0.1:{port}") as client:
                yield client
        finally:
            await manager.stop()
