"""A wide area network on the loopback interface: datagrams between nodes arrive late, some not at all."""

import asyncio
import collections
import contextlib
import math
import random
import socket

# A square that the nodes lie in, by the milliseconds from side to side, and the way from a node to its network.
SIDE, ACCESS = 0.080, (0.002, 0.015)
# A datagram is held up by this part of its way, on average.
JITTER = 0.05
LOSS = 0.005
# Where an IPv8 packet says what it is: after the version, the community's id and the reserved bits.
MESSAGE_AT = 22
DATAGRAM_MAX = 65_535
RECEIVE_BUFFER = 1 << 20


class Relay:
    """
    Passes datagrams on between nodes, each of which has an address of its own, and which others see at another address.

    A datagram to the address at which a node is seen comes from the address at which its sender is seen, after as long as
    the two are apart. What goes to or comes from nodes that are `silent` is lost, as if they had no power.
    """

    def __init__(self, seed):
        self._random = random.Random(seed)
        self._places = []
        self._by_host = {}
        self._loop = asyncio.get_running_loop()
        self._is_closed = False
        self.silent = set()
        # How many datagrams of each kind a node has sent: {(node, message): count}.
        self.sent = collections.Counter()
        # How much later than they were to go on datagrams went on, in seconds.
        self.lateness = []

    def add(self):
        """Room for a node: the host that it has to listen on."""
        a, b, c = self._random.randrange(1, 128), self._random.randrange(256), self._random.randrange(1, 255)
        seen, own = f"127.{a}.{b}.{c}", f"127.{a + 128}.{b}.{c}"
        if own in self._by_host:
            return self.add()
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        receiver.setblocking(False)
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        receiver.bind((seen, 0))
        number = len(self._places)
        position = tuple(self._random.uniform(0, SIDE) for _ in range(2))
        self._places.append(Place(receiver, position, self._random.uniform(*ACCESS)))
        self._by_host[own] = number
        self._loop.add_reader(receiver, self._receive, number)
        return own

    def settle(self, number, address):
        """A node listens at this address."""
        self._places[number].own = address

    def seen(self, number):
        """Where others see a node."""
        return self._places[number].socket.getsockname()

    def close(self):
        """Passes nothing on any more."""
        self._is_closed = True
        for place in self._places:
            self._loop.remove_reader(place.socket)
            place.socket.close()

    def _receive(self, receiver):
        with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
            while True:
                data, (host, _) = self._places[receiver].socket.recvfrom(DATAGRAM_MAX)
                sender = self._by_host.get(host)
                if sender is not None:
                    self._accept(data, sender, receiver)

    def _accept(self, data, sender, receiver):
        if len(data) > MESSAGE_AT:
            self.sent[sender, data[MESSAGE_AT]] += 1
        if self._random.random() < LOSS or not self.silent.isdisjoint((sender, receiver)):
            return
        due = self._loop.time() + self._delay(sender, receiver)
        self._loop.call_at(due, self._pass_on, data, sender, receiver, due)

    def _delay(self, sender, receiver):
        left, right = self._places[sender], self._places[receiver]
        way = math.dist(left.position, right.position) + left.access + right.access
        return way * (1 + self._random.expovariate(1 / JITTER))

    def _pass_on(self, data, sender, receiver, due):
        if self._is_closed:
            return
        self.lateness.append(self._loop.time() - due)
        own = self._places[receiver].own
        if own is None or receiver in self.silent:
            return
        # A node that has just ended refuses; a full buffer loses the datagram, as a network does.
        with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
            self._places[sender].socket.sendto(data, own)


class Place:
    """Where a node is."""

    def __init__(self, receiver, position, access):
        self.socket = receiver
        self.position = position
        self.access = access
        self.own = None
