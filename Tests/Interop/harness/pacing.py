"""A UDP endpoint of the reference that knows how many queries it sent to whom."""

import asyncio
import collections
import time

from ipv8.messaging.interfaces.udp.endpoint import UDPEndpoint

MESSAGE_ID_OFFSET = 22
QUERY_IDS = frozenset({1, 3, 5})

# A node takes 10 pings, stores and finds in 5 s from one node id (NODE_LIMIT_QUERIES, NODE_LIMIT_INTERVAL). Two are
# left for the pings and lookups that the peer makes by itself.
QUERIES_MAX = 8
WINDOW_SECONDS = 5.2


class PacedEndpoint(UDPEndpoint):
    """Sends as the reference does; `slot` waits until one more query stays within the receiver's flood limit."""

    def __init__(self, ip):
        super().__init__(port=0, ip=ip)
        self._query_times = collections.defaultdict(lambda: collections.deque(maxlen=64))

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
