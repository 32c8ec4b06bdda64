"""
Where our answers differ from py-ipv8's on purpose: the name of each recorded pair, and what we answer instead.

docs/rest.md tells why, with the same names.
"""

# The status, and what the body has to contain.
DIFFERENCES = {
    # Values that are durable here are stored, however many others have them.
    "lone.dht.values.put": (200, '"acknowledged": 0'),
    "emptied.dht.values.put": (200, '"acknowledged": 0'),
    # Lookups over both families work.
    "dual.dht.values.get": (200, '"debug": {"requests": '),
    # Traffic is counted always.
    "overlays.statistics": (200, '"DHTDiscoveryCommunity": {"'),
    "stat.overlays.statistics.get.off": (200, '"DHTDiscoveryCommunity": {"'),
    # Paths outside of the reference's prefixes are those of the whole API.
    "root": (200, "<title>Bristlecone</title>"),
    "unknown": (404, ""),
    "openapi": (404, ""),
    "docs": (404, ""),
    "docs.swagger": (404, ""),
    "key.docs.swagger": (404, ""),
    "key.unknown.path": (404, ""),
    # No page of another origin may use the API unless the operator lists it.
    "key.preflight": (403, "foreign_origin"),
}

# What py-ipv8 itself answers otherwise here than when it was recorded: as a service, version 3.2.1 counts no traffic.
NOT_REPEATED = {"stat.overlays.statistics.get.off"}

# Setups that our node cannot be in: it always takes part in the DHT with all messages, and it is not Tribler.
NOT_OURS = {"none", "plain", "tribler", "tribler-none"}
