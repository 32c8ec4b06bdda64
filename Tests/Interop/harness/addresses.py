"""Loopback addresses, a different one for each node."""

import itertools
import zlib


class AddressPool:
    """
    Hands out addresses 127.a.b.c whose node ids differ.

    A node id starts with a CRC of the address under the mask 3.15.63.255, so nodes that share an address, or addresses
    that agree under the mask, would sit in one corner of the key space. The order follows from the name given, so a
    test gets the same addresses every time.
    """

    def __init__(self, name):
        start = zlib.crc32(name.encode())
        self._indices = (start + 7919 * step for step in itertools.count())

    def take(self):
        """The next address, as text."""
        index = next(self._indices)
        return f"127.{1 + index % 14}.{index // 14 % 64}.{1 + index // 896 % 254}"

    def take_ipv6(self):
        """
        The next IPv6 address, as text: one that differs from the others in the 64 bits that a node id starts with.
        It has to be given to a device, which a test does in a network namespace.
        """
        index = next(self._indices)
        return f"fd00:0:0:{index % 0x7fff:x}::1"


def split_address(text):
    """`127.1.2.3:8090` or `[fd00::1]:8090` as the pair that sockets take."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def join_address(address):
    """The pair that sockets take as `127.1.2.3:8090` or `[fd00::1]:8090`."""
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
