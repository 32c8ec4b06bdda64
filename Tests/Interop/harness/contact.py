"""A node as others know it, whichever program it runs."""

import dataclasses
import hashlib

from ipv8.dht.routing import Node, calc_node_id
from ipv8.messaging.interfaces.udp.endpoint import UDPv4Address, UDPv6Address


@dataclasses.dataclass(frozen=True)
class Contact:
    """An address and the binary public key of who listens there."""

    address: tuple
    public_key: bytes

    @property
    def mid(self):
        """The peer's identity: SHA-1 of its public key."""
        return hashlib.sha1(self.public_key).digest()

    @property
    def node_id(self):
        """The 160-bit node id."""
        return calc_node_id(typed(self.address), self.mid)

    def as_node(self):
        """A fresh object of the reference's own kind."""
        return Node(self.public_key, typed(self.address))


def typed(address):
    """The pair that sockets take as the reference's own kind of address."""
    host, port = address[:2]
    return UDPv6Address(host, port) if ":" in host else UDPv4Address(host, port)
