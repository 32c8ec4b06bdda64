"""Packets and values of every kind, whole and harmed, the same ones for the same seed but for keys and signatures."""

import random
import struct

from ipv8.keyvault.crypto import default_eccrypto

from .wire import PREFIX

LEVELS = ("curve25519", "very-low", "low", "medium", "high")
SIGNED_IDS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 246, 245, 234, 233, 249, 231)
UNSIGNED_IDS = (250, 232)
LENGTHS = (0, 1, 2, 20, 84, 169, 170, 171, 500, 0x7fff, 0xffff)
ADDRESSES_OF = {246: 3, 245: 5, 249: 2, 250: 2}
NEW_ADDRESSES_OF = {234: 3, 233: 5, 231: 2, 232: 2}


class Generator:
    """Makes packets and values by the reference's own keys."""

    def __init__(self, seed):
        self._random = random.Random(seed)
        self._keys = {level: default_eccrypto.generate_key(level) for level in LEVELS}

    def packet(self):
        """A packet: whole, with a payload that was harmed before it was signed, or harmed afterwards."""
        message_id = self._random.choice(SIGNED_IDS + UNSIGNED_IDS)
        payload = self.payload(message_id)
        mood = self._random.random()
        if mood < 0.45:
            payload = self.harmed(payload)
        if mood > 0.97:
            message_id = self._random.randrange(256)
        packet = self.framed(message_id, payload)
        return self.harmed(packet) if 0.45 <= mood < 0.6 else packet

    def value(self):
        """A serialized value: whole, harmed before it was signed, or harmed afterwards."""
        mood = self._random.random()
        if self._random.random() < 0.2:
            value = bytes([self._random.choice((0, 0, 0, 2, 255))]) + self._bytes(self._random.choice((0, 1, 60, 169, 170)))
            return self.harmed(value) if mood < 0.4 else value
        data = self._bytes(self._random.choice((0, 1, 5, 17, 23, 24)))
        version = self._random.choice((0, 1, 1_700_000_000, 2 ** 32 - 1))
        value = self.signed_value(data, version, harms=mood < 0.3)
        return self.harmed(value) if 0.3 <= mood < 0.5 else value

    def signed_value(self, data, version, harms=False, key_tail=b"", more=b""):
        """A signed value; harmed, or with bytes behind the end of its key or its fields, before it was signed."""
        key = self._key()
        public = key.pub().key_to_bin() + key_tail
        body = b"\x01" + self._sized(data) + struct.pack(">I", version) + self._sized(public) + more
        if harms:
            body = self.harmed(body)
        return body + default_eccrypto.create_signature(key, body)

    def framed(self, message_id, payload, key_tail=b""):
        """The payload with prefix, key and signature, as its message id wants them; or with bytes behind its key."""
        if message_id in UNSIGNED_IDS:
            return PREFIX + bytes([message_id]) + payload
        key = self._key()
        packet = PREFIX + bytes([message_id]) + self._sized(key.pub().key_to_bin() + key_tail) + payload
        return packet + default_eccrypto.create_signature(key, packet)

    def payload(self, message_id):
        """A payload as the message wants it."""
        identifier = struct.pack(">I", self._random.choice((0, 1, 65535, 65536, 2 ** 32 - 1)))
        if message_id in ADDRESSES_OF or message_id in NEW_ADDRESSES_OF:
            return self._introduction(message_id)
        token, target = self._bytes(20), self._bytes(20)
        return {
            3: lambda: identifier + token + target + self._values(),
            5: lambda: identifier + self._address() + target + self._bytes(4) + self._random.choice((b"\0", b"\1", b"\7")),
            6: lambda: identifier + token + self._values() + self._nodes(),
            7: lambda: identifier + token + target,
            9: lambda: identifier + self._address() + target,
            10: lambda: identifier + self._nodes(),
        }.get(message_id, lambda: identifier)()

    def harmed(self, content):
        """The bytes, cut, lengthened, or with some of them changed."""
        changed = bytearray(content)
        for _ in range(self._random.choice((1, 1, 2, 4))):
            place = self._random.randrange(len(changed)) if changed else 0
            kind = self._random.randrange(6)
            if kind == 0:
                del changed[place:]
            elif kind == 1:
                changed += self._bytes(self._random.choice((1, 2, 64)))
            elif kind == 2:
                del changed[place:place + self._random.randrange(1, 8)]
            elif kind == 3:
                changed[place:place] = self._bytes(self._random.randrange(1, 8))
            elif kind == 4 and len(changed) - place >= 2:
                struct.pack_into(">H", changed, place, self._random.choice(LENGTHS))
            elif changed:
                changed[min(place, len(changed) - 1)] = self._random.randrange(256)
        return bytes(changed)

    def _introduction(self, message_id):
        is_old = message_id in ADDRESSES_OF
        count = (ADDRESSES_OF if is_old else NEW_ADDRESSES_OF)[message_id]
        addresses = b"".join(self._bytes(6) if is_old else self._address() for _ in range(count))
        payload = self._bytes(8) + addresses
        if count == 2:
            return payload + self._bytes(2)
        return payload + self._bytes(3) + self._bytes(self._random.choice((0, 0, 1, 40)))

    def _values(self):
        values = [self.value()[:400] for _ in range(self._random.choice((0, 1, 2, 8, 9)))]
        return bytes([len(values)]) + b"".join(self._sized(value) for value in values)

    def _nodes(self):
        count = self._random.choice((0, 1, 2, 8))
        return bytes([count]) + b"".join(
            self._address() + self._sized(self._key().pub().key_to_bin()) for _ in range(count))

    def _address(self):
        if self._random.random() < 0.5:
            return b"\x01" + self._bytes(6)
        return b"\x03" + self._bytes(18)

    def _key(self):
        # Signatures on the older curves take a hundred times as long.
        return self._keys["curve25519" if self._random.random() < 0.9 else self._random.choice(LEVELS)]

    def _sized(self, content):
        return len(content).to_bytes(2, "big") + content

    def _bytes(self, count):
        return self._random.randbytes(count)
