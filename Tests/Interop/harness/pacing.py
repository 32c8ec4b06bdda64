"""UDP endpoints of the reference that know how many queries they sent to whom."""

import asyncio
import collections
import contextlib
import socket
import time

from ipv8.messaging.interfaces.dispatcher.endpoint import DispatcherEndpoint
from ipv8.messaging.interfaces.udp.endpoint import UDPEndpoint, UDPv6Endpoint

MESSAGE_ID_OFFSET = 22
QUERY_IDS = frozenset({1, 3, 5})

# A node takes 10 pings, stores and finds in 5 s from one node id (NODE_LIMIT_QUERIES, NODE_LIMIT_INTERVAL). Two are
# left for the pings and lookups that the peer makes by itself.
QUERIES_MAX = 8
WINDOW_SECONDS = 5.2


class Pacing:
    """Sends as the reference does; `slot` waits until one more query stays within the receiver's flood limit."""

    def __init__(self, ip, namespace=None):
        super().__init__(port=0, ip=ip)
        self._namespace = namespace
        self._query_times = collections.defaultdict(lambda: collections.deque(maxlen=64))

    async def open(self):
        """Binds the socket, in the namespace if there is one, and begins to read it."""
        with self._namespace.entered() if self._namespace else contextlib.nullcontext():
            bound = socket.socket(self.SOCKET_FAMILY, socket.SOCK_DGRAM)
        for option in self._sockopts:
            bound.setsockopt(*option)
        bound.setblocking(False)
        bound.bind((self._ip, self._port))
        self._port = bound.getsockname()[1]
        self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, sock=bound)
        self._running = True
        return True

    def send(self, socket_address, packet):
        if len(packet) > MESSAGE_ID_OFFSET and packet[MESSAGE_ID_OFFSET] in QUERY_IDS:
            self._query_times[tuple(socket_address)].append(time.monotonic())
        super().send(socket_address, packet)

    async def slot(self, address):
        """Returns when a query to `address` may go out; the caller sends it before it awaits anything."""
        times = self._query_times[tuple(address)]
        while True:
            now = time.monotonic()
            recent = [at for at in times if now - at < WINDOW_SECONDS]
            if len(recent) < QUERIES_MAX:
                return
            await asyncio.sleep(recent[-QUERIES_MAX] + WINDOW_SECONDS - now + 0.01)


class PacedEndpoint(Pacing, UDPEndpoint):
    """Over IPv4."""


class PacedEndpointIPv6(Pacing, UDPv6Endpoint):
    """Over IPv6."""


class PacedDispatcher(DispatcherEndpoint):
    """Over one or both, as the reference's service has it."""

    def __init__(self, ipv4, ipv6=None):
        super().__init__([])
        self.interfaces = {"UDPIPv4": ipv4} | ({} if ipv6 is None else {"UDPIPv6": ipv6})
        self.interface_order = list(self.interfaces)
        self._preferred_interface = ipv4

    async def slot(self, address):
        """Waits as the endpoint of the address's family does."""
        await self.interfaces["UDPIPv6" if ":" in address[0] else "UDPIPv4"].slot(address)
