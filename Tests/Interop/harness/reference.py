"""One real py-ipv8 peer, hosted in this process."""

import asyncio
import collections
import dataclasses

from ipv8.community import CommunitySettings
from ipv8.dht.churn import PingChurn
from ipv8.dht.community import DHT_ENTRY_STR_SIGNED, Request
from ipv8.dht.discovery import DHTDiscoveryCommunity
from ipv8.dht.payload import FindRequestPayload, PingRequestPayload, SignedStrPayload, StoreRequestPayload
from ipv8.keyvault.crypto import default_eccrypto
from ipv8.peer import Peer
from ipv8.peerdiscovery.discovery import RandomWalk
from ipv8.peerdiscovery.network import Network

from .addresses import join_address
from .complaints import Complaints
from .contact import Contact, typed
from .pacing import PacedDispatcher, PacedEndpoint, PacedEndpointIPv6
from .waiting import wait_until

# The reference's service walks only while it knows fewer peers than this.
WALK_TARGET_PEERS = 20
# The step of the reference's service, and for how long a peer may walk faster: until a network has come about.
TICK_SECONDS = 0.5
HASTE_SECONDS = 15.0


@dataclasses.dataclass(frozen=True)
class Answer:
    """A find response: serialized entries or contacts, never both."""

    values: tuple
    contacts: tuple


class ReferencePeer:
    """
    A `DHTDiscoveryCommunity` with its own UDP endpoint on its own loopback address and without bootstrap servers.

    It walks and pings as the reference's service makes it do, every `tick` seconds in the beginning. It knows nobody
    until `meet` or somebody else's introduction request. `store` and `find` are the reference's; `ask` and `store_on`
    speak to one node only, within its flood limit.

    With `ipv6` it has a second address, which it prefers; with `namespace` its sockets are there;
    `behind_nat` says that others see it at another address.
    """

    def __init__(self, ip, level="curve25519", tick=0.5, ipv6=None, namespace=None, behind_nat=False):
        self.level = level
        self._tick = tick
        self._behind_nat = behind_nat
        self._endpoint = PacedDispatcher(
            PacedEndpoint(ip, namespace), None if ipv6 is None else PacedEndpointIPv6(ipv6, namespace))
        self._ticking = None
        self._key = default_eccrypto.generate_key(level)
        self._token_locks = collections.defaultdict(asyncio.Lock)
        self.overlay = None
        self.complaints = Complaints(ip)

    async def start(self):
        """Binds the socket and begins to walk."""
        await self._endpoint.open()
        self.address = typed(self._endpoint.get_address())
        settings = CommunitySettings(my_peer=Peer(self._key), endpoint=self._endpoint, network=Network())
        self.overlay = DHTDiscoveryCommunity(settings)
        self.overlay.logger = self.complaints.logger()
        # The machine's own LAN addresses would lead other peers off the loopback network.
        self.overlay.cancel_pending_task("discover_lan_addresses")
        self.overlay.address_is_lan = lambda address: False
        self.overlay.guess_address = lambda interface: typed(self._endpoint.get_address(interface))
        self.overlay.my_estimated_lan = self.address
        if "UDPIPv6" in self._endpoint.interfaces:
            # All that know it over IPv6 answer there, and it would not be told its IPv4 address, nor add anybody.
            self.overlay.my_estimated_wan = self.address
        self._ticking = asyncio.create_task(self._walk())
        return self

    async def stop(self):
        """Ends the walk and closes the socket. Others see a peer that is gone without a word."""
        await self._stop_walking()
        if self.overlay is not None:
            await self.overlay.unload()
        await self._endpoint.close()

    async def only_answer(self):
        """From now on it sends nothing unasked: no walk, no pings, no upkeep."""
        await self._stop_walking()
        for task in ("store_peer", "ping_all", "node_maintenance"):
            self.overlay.cancel_pending_task(task)

    # What it is

    @property
    def contact(self):
        """This peer as others know it over IPv4."""
        return Contact(self.address, self.public_key)

    @property
    def contact_ipv6(self):
        """The same over IPv6."""
        return Contact(typed(self._endpoint.get_address("UDPIPv6")), self.public_key)

    @property
    def outside(self):
        """Where others see it, behind a NAT; as far as it has been told."""
        return Contact(self.overlay.my_estimated_wan, self.public_key)

    @property
    def public_key(self):
        """The binary public key."""
        return self._key.pub().key_to_bin()

    @property
    def mid(self):
        """SHA-1 of the public key."""
        return self.contact.mid

    @property
    def key(self):
        """The reference's private key object."""
        return self._key

    def __str__(self):
        return f"py-ipv8 peer {join_address(self.address)} ({self.level})"

    # Whom it knows

    @property
    def knows_itself(self):
        """Whether an introduction response told it its own address; until then it adds nobody."""
        if self._behind_nat:
            return self.overlay.my_estimated_wan[1] != 0
        return self.overlay.my_estimated_wan == self.address

    def contacts(self):
        """The nodes in its routing table."""
        return [
            Contact(tuple(node.address), node.public_key.key_to_bin())
            for table in self.overlay.routing_tables.values()
            for bucket in table.trie.values()
            for node in bucket.nodes.values()
        ]

    def knows(self, mid, address=None):
        """Whether a node of that identity, at that address if one is given, is in its routing table."""
        return any(contact.mid == mid and address in (None, contact.address) for contact in self.contacts())

    def walk_to(self, address):
        """Sends one introduction request."""
        self.overlay.walk_to(typed(address))

    async def meet(self, other, seconds=15.0):
        """Asks for introductions until `other` (a peer, a node or a contact) stands in the routing table."""
        contact = getattr(other, "contact", other)
        asked = -1.0
        loop = asyncio.get_running_loop()

        def acquainted():
            nonlocal asked
            if self.knows_itself and self.knows(contact.mid, tuple(contact.address)):
                return True
            if loop.time() - asked > 0.5:
                asked = loop.time()
                self.walk_to(contact.address)
            return False

        await wait_until(acquainted, f"{self} and {join_address(contact.address)} know each other", seconds)

    # The DHT as the reference offers it

    async def store(self, key, data, signed=True):
        """Stores `data` on the nodes closest to `key`; returns those that acknowledged."""
        return await self.overlay.store_value(key, data, sign=signed)

    async def find(self, key):
        """The set of (data, public key or None) that a lookup brings."""
        return set(await self.overlay.find_values(key))

    def entry(self, data, signed=True, version=None):
        """A serialized value as this peer would store it; `version` takes the place of the time of signing."""
        if not signed or version is None:
            return self.overlay.serialize_value(data, sign=signed)
        payload = SignedStrPayload(data, version, self.public_key)
        return self.overlay._ez_pack(b"", DHT_ENTRY_STR_SIGNED, [payload], sig=True)

    def stored(self, key):
        """The serialized values that this peer itself holds under `key`."""
        return [entry for storage in self.overlay.storages.values() for entry in storage.get(key)]

    def forget_values(self):
        """Empties this peer's own store."""
        self.overlay.storages.clear()

    # The DHT with one node

    async def ping(self, contact, patience=10.0):
        """Whether the node answers a ping."""
        node = contact.as_node()
        await self._endpoint.slot(contact.address)
        request = Request(self.overlay, "ping", node, consume_errors=True, timeout=patience)
        self.overlay.request_cache.add(request)
        self.overlay.ez_send(node, PingRequestPayload(request.number))
        return await request.future is not None

    async def ask(self, contact, key, offset=0, force_nodes=False, patience=10.0):
        """Sends one find request straight to the node; its `Answer`, or None where it stays silent."""
        node = contact.as_node()
        await self._endpoint.slot(contact.address)
        request = Request(self.overlay, "find", node, [force_nodes], consume_errors=True, timeout=patience)
        self.overlay.request_cache.add(request)
        self.overlay.ez_send(
            node, FindRequestPayload(request.number, self.overlay.my_estimated_lan, key, offset, force_nodes))
        result = await request.future
        if result is None:
            return None
        contacts = tuple(Contact(tuple(n.address), n.public_key.key_to_bin()) for n in result.get("nodes", ()))
        return Answer(tuple(result.get("values", ())), contacts)

    async def token_from(self, contact):
        """The token that the node gave this peer, asked for with a find request where there is none yet."""
        node_id = contact.node_id
        async with self._token_locks[node_id]:
            if node_id not in self.overlay.tokens:
                await wait_until(
                    lambda: self.ask(contact, node_id, force_nodes=True),
                    f"{join_address(contact.address)} answers the find of {self}", 15.0)
        return self.overlay.tokens[node_id][1]

    async def store_on(self, contact, key, entries, token=None, patience=10.0):
        """Sends one store request straight to the node; whether it acknowledged. Keeps no copy here."""
        node = contact.as_node()
        if token is None:
            token = await self.token_from(contact)
        await self._endpoint.slot(contact.address)
        request = Request(self.overlay, "store", node, consume_errors=True, timeout=patience)
        self.overlay.request_cache.add(request)
        self.overlay.ez_send(node, StoreRequestPayload(request.number, token, key, list(entries)))
        return await request.future is not None

    async def _stop_walking(self):
        ticking, self._ticking = self._ticking, None
        if ticking is not None:
            ticking.cancel()
            await asyncio.gather(ticking, return_exceptions=True)

    async def _walk(self):
        walk, churn = RandomWalk(self.overlay), PingChurn(self.overlay)
        loop = asyncio.get_running_loop()
        hastens_until = loop.time() + HASTE_SECONDS
        while True:
            try:
                if walk.get_peer_count() < WALK_TARGET_PEERS:
                    walk.take_step()
                churn.take_step()
            except Exception:
                # As the reference's service does, so that one failed step does not end the walk.
                self.overlay.logger.exception("a step of the walk failed")
            await asyncio.sleep(self._tick if loop.time() < hastens_until else max(self._tick, TICK_SECONDS))
