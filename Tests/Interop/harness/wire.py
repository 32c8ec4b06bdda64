"""Datagrams made by hand, and a look at a socket from outside."""

import asyncio
import os
import socket

from ipv8.keyvault.crypto import default_eccrypto

PREFIX = bytes.fromhex("00028d0be1845d74d175f178197cad001591d04d73cc")
DATAGRAM_BYTES_MAX = 65507

# Left unread by the receiver before a sender waits: well within the smallest default receive buffer of Linux.
QUEUE_BYTES_MAX = 64 * 1024


def signed_packet(key, message_id, payload):
    """A packet with a valid signature over whatever `payload` is."""
    public_key = key.pub().key_to_bin()
    packet = PREFIX + bytes([message_id]) + len(public_key).to_bytes(2, "big") + public_key + payload
    return packet + default_eccrypto.create_signature(key, packet)


class Sender:
    """A plain UDP socket on a loopback address."""

    def __init__(self, ip):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((ip, 0))
        self._socket.setblocking(False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    @property
    def address(self):
        """Where it is bound."""
        return self._socket.getsockname()

    def send(self, packet, address):
        """Sends one datagram."""
        self._socket.sendto(packet, address)

    async def send_all(self, packets, address):
        """Sends datagrams no faster than their receiver reads them; returns how many went out."""
        count = 0
        for packet in packets:
            self.send(packet, address)
            count += 1
            if count % 16 == 0 or len(packet) > 8192:
                while receive_queue(address)[0] > QUEUE_BYTES_MAX:
                    await asyncio.sleep(0.002)
                await asyncio.sleep(0)
        return count


def receive_queue(address):
    """What waits unread in the UDP socket bound to `address`: (bytes, datagrams lost for want of room so far)."""
    host, port = address
    local = socket.inet_aton(host)[::-1].hex().upper() + f":{port:04X}"
    with open("/proc/net/udp", encoding="ascii") as table:
        for line in table:
            fields = line.split()
            if fields[1] == local:
                return int(fields[4].split(":")[1], 16), int(fields[-1])
    raise AssertionError(f"no UDP socket is bound to {host}:{port}")


def random_payload(size):
    """That many random bytes."""
    return os.urandom(size)
