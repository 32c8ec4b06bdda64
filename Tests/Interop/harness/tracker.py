"""A bootstrap server such as the reference's network has."""

from ipv8.community import Community, CommunitySettings
from ipv8.keyvault.crypto import default_eccrypto
from ipv8.messaging.interfaces.udp.endpoint import UDPEndpoint, UDPv4Address
from ipv8.messaging.payload import IntroductionRequestPayload
from ipv8.peer import Peer
from ipv8.peerdiscovery.network import Network

INTRODUCTION_REQUEST = 246
PREFIX_BYTES = 22


class Tracker(Community):
    """
    Speaks introductions only, in the old style, whatever the overlay: who asks is told its own address and somebody who
    has asked before. Signs with the smallest of the older curves, as the public ones do.
    """

    community_id = bytes(20)

    @classmethod
    async def start(cls, ip):
        """Binds a socket and begins to answer."""
        endpoint = UDPEndpoint(port=0, ip=ip)
        await endpoint.open()
        key = default_eccrypto.generate_key("very-low")
        tracker = cls(CommunitySettings(my_peer=Peer(key), endpoint=endpoint, network=Network()))
        endpoint.add_listener(tracker)
        tracker.cancel_pending_task("discover_lan_addresses")
        tracker.address_is_lan = lambda address: False
        tracker.my_estimated_wan = tracker.my_estimated_lan = UDPv4Address(*endpoint.get_address())
        tracker.asked_by = []
        return tracker

    @property
    def address(self):
        """Where it listens."""
        return self.my_estimated_wan

    def on_packet(self, packet, warn_unknown=False):
        """Answers an introduction request of any overlay, and nothing else."""
        source, data = packet
        if len(data) <= PREFIX_BYTES or data[PREFIX_BYTES] != INTRODUCTION_REQUEST:
            return
        auth, _, payload = self._ez_unpack_auth(IntroductionRequestPayload, data)
        asker = Peer(auth.public_key_bin, source)
        self.asked_by.append(asker.mid)
        prefix = data[:PREFIX_BYTES]
        self.network.add_verified_peer(asker)
        self.network.discover_services(asker, [prefix])
        others = [peer for peer in self.network.get_peers_for_service(prefix) if peer != asker]
        # The one that was introduced longest ago, so that somebody who asks again meets another.
        introduced = min(others, key=lambda peer: peer.last_response, default=None)
        if introduced is not None:
            introduced.last_response = len(self.asked_by)
        self.endpoint.send(source, self.create_introduction_response(
            payload.destination_address, source, payload.identifier, introduction=introduced, prefix=prefix))

    async def stop(self):
        """Closes the socket."""
        await self.unload()
        self.endpoint.close()
