"""What the reference's decoder makes of packets and values: its own code, up to where a message would be handled."""

import asyncio
import ipaddress

from ipv8.community import CommunitySettings
from ipv8.dht import payload as dht
from ipv8.dht.discovery import DHTDiscoveryCommunity
from ipv8.keyvault.crypto import default_eccrypto
from ipv8.lazy_community import lazy_wrapper, lazy_wrapper_unsigned
from ipv8.messaging import payload as introductions
from ipv8.messaging.payload_headers import GlobalTimeDistributionPayload
from ipv8.messaging.interfaces.endpoint import Endpoint
from ipv8.messaging.interfaces.udp.endpoint import UDPv4Address
from ipv8.peer import Peer
from ipv8.peerdiscovery.network import Network

SENDER = UDPv4Address("127.0.0.1", 8090)
DHT_PAYLOADS = (
    dht.PingRequestPayload, dht.PingResponsePayload, dht.StoreRequestPayload, dht.StoreResponsePayload,
    dht.FindRequestPayload, dht.FindResponsePayload, dht.StorePeerRequestPayload, dht.StorePeerResponsePayload,
    dht.ConnectPeerRequestPayload, dht.ConnectPeerResponsePayload)
INTRODUCTION_PAYLOADS = (
    introductions.IntroductionRequestPayload, introductions.NewIntroductionRequestPayload,
    introductions.IntroductionResponsePayload, introductions.NewIntroductionResponsePayload,
    introductions.PuncturePayload, introductions.NewPuncturePayload)
UNSIGNED_PAYLOADS = (introductions.PunctureRequestPayload, introductions.NewPunctureRequestPayload)

# Where two payloads have different names for one field, the one that our decoder's fields go by.
RENAMED = {
    ("PuncturePayload", "source_lan_address"): "source_lan_address",
    ("NewPuncturePayload", "lan_walker_address"): "source_lan_address",
    ("NewPuncturePayload", "wan_walker_address"): "source_wan_address",
}
FIELDS = (
    "identifier", "token", "target", "values", "nodes", "lan_address", "offset", "force_nodes", "destination_address",
    "source_lan_address", "source_wan_address", "lan_introduction_address", "wan_introduction_address",
    "lan_walker_address", "wan_walker_address", "extra_bytes")


class NoEndpoint(Endpoint):
    """An endpoint that is never opened."""

    def assert_open(self):
        """Nothing is open here."""

    def is_open(self):
        """Neither is this."""
        return False

    def get_address(self):
        """Where nobody listens."""
        return SENDER

    def send(self, socket_address, packet):
        """Nothing is handled here, so nothing is sent."""
        raise AssertionError("the decoder sends nothing")

    async def open(self):
        """Stays closed."""
        return False

    def close(self):
        """Is closed."""

    def reset_byte_counters(self):
        """Nothing is counted."""


class ReferenceDecoder:
    """The reference's community with handlers that keep what was decoded instead of acting on it."""

    def __init__(self):
        peer = Peer(default_eccrypto.generate_key("curve25519"))
        self._overlay = DHTDiscoveryCommunity(
            CommunitySettings(my_peer=peer, endpoint=NoEndpoint(), network=Network()))
        self._overlay.cancel_pending_task("discover_lan_addresses")
        self._overlay.decode_map = {}
        for payload in DHT_PAYLOADS:
            self._overlay.decode_map[payload.msg_id] = lazy_wrapper(payload)(self._signed)
        for payload in INTRODUCTION_PAYLOADS:
            self._overlay.decode_map[payload.msg_id] = lazy_wrapper(
                GlobalTimeDistributionPayload, payload)(self._signed)
        for payload in UNSIGNED_PAYLOADS:
            self._overlay.decode_map[payload.msg_id] = lazy_wrapper_unsigned(
                GlobalTimeDistributionPayload, payload)(self._unsigned)
        self._read = None

    async def close(self):
        """Ends what the community does in the background."""
        await self._overlay.unload()
        await asyncio.sleep(0)

    def packet(self, datagram):
        """The fields of a datagram whose signature is valid, or `{"refused": reason}`."""
        self._read = None
        if datagram[:22] != self._overlay.get_prefix():
            return {"refused": "another overlay"}
        try:
            handler = self._overlay.decode_map.get(datagram[22])
            if handler is None:
                return {"refused": "unknown message"}
            handler(self._overlay, SENDER, datagram)
        except Exception as error:
            return {"refused": f"{type(error).__name__}: {str(error)[:80]}"}
        return {"id": datagram[22]} | self._read

    def value(self, value):
        """Data, version and signer of a serialized value, or `{"refused": reason}`."""
        try:
            result = self._overlay.unserialize_value(value)
        except Exception as error:
            return {"refused": f"{type(error).__name__}: {str(error)[:80]}"}
        if result is None:
            return {"refused": "signature or kind"}
        data, signer, version = result
        return {
            "data": data.hex(), "signer": signer.hex() if signer else None, "version": version if signer else None}

    def _signed(self, _, peer, *payloads):
        self._read = {"sender": peer.public_key.key_to_bin().hex()} | fields_of(payloads)

    def _unsigned(self, _, __, *payloads):
        self._read = {"sender": None} | fields_of(payloads)


def fields_of(payloads):
    """The fields as our decoder tells them."""
    fields = {}
    for payload in payloads:
        if isinstance(payload, GlobalTimeDistributionPayload):
            fields["global_time"] = payload.global_time
            continue
        kind = type(payload).__name__
        for name in FIELDS:
            if hasattr(payload, name):
                fields[RENAMED.get((kind, name), name)] = plain(getattr(payload, name))
        bits = flags_of(kind, payload)
        if bits is not None:
            fields["flags"] = bits
    return fields


def flags_of(kind, payload):
    """The bits of the flag byte that mean something and that the payload still tells."""
    if kind == "IntroductionRequestPayload":
        return {"new style": bool(payload.supports_new_style)}
    if kind == "IntroductionResponsePayload":
        return {
            "new style": bool(payload.supports_new_style), "introduced new": bool(payload.intro_supports_new_style),
            "limit": bool(payload.peer_limit_reached)}
    if kind == "NewIntroductionResponsePayload":
        return {"introduced new": bool(payload.intro_supports_new_style)}
    return {} if kind == "NewIntroductionRequestPayload" else None


def flags_as_told(message_id, byte):
    """The same of our decoder's flag byte."""
    if message_id == 246:
        return {"new style": bool(byte & 0x20)}
    if message_id == 245:
        return {"new style": bool(byte & 0x10), "introduced new": bool(byte & 0x08), "limit": bool(byte & 0x04)}
    if message_id == 233:
        return {"introduced new": bool(byte & 0x80)}
    return {}


def plain(value):
    """A field as JSON tells it."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, bool) or isinstance(value, int):
        return value
    if isinstance(value, tuple):
        return [ipaddress.ip_address(value[0]).packed.hex(), value[1]]
    if isinstance(value, list):
        return [
            item.hex() if isinstance(item, bytes) else [plain(tuple(item.address)), item.public_key.key_to_bin().hex()]
            for item in value]
    raise TypeError(f"a field of the reference is {value!r}")
