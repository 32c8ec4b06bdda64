"""
What the clients of py-ipv8's REST interface read, read from our node: Tribler's pages and debug tools.

Each test reads as that client's code does, and fails where the client would show nothing or an error.
"""

import pytest_asyncio

from harness.waiting import wait_until
from rest_servers import over_socket

KEY = "ab" * 20


@pytest_asyncio.fixture
async def client(network, nodes):
    """A client of a node that knows some peers."""
    peers = await network.start(3, tick=0.1)
    node = await nodes.start(peers=[peers[0]])
    await network.introduce(to=[node])

    async def knows_all():
        return len((await node.status())["contacts"]) == 3

    await wait_until(knows_all, "the node knows the peers", 30.0)
    async with over_socket(node) as client:
        yield client


def shown(value):
    """What a page shows of a value; it has to be something."""
    assert value is not None and not isinstance(value, (dict, list)), f"this cannot be shown: {value!r}"
    return str(value)


def no_failure(body):
    """Tribler's interface takes any answer with a member `error` for a failure."""
    assert "error" not in body
    return body


async def test_triblers_dht_page(client):
    statistics = no_failure(await client.get("/dht/statistics"))["statistics"]
    # Every member is shown as text, the composed ones as JSON.
    for name in ("peer_id", "num_tokens"):
        assert shown(statistics[name])
    assert [endpoint["endpoint"] for endpoint in statistics["endpoints"]] == ["UDPIPv4"]
    for endpoint in statistics["endpoints"]:
        for name in ("node_id", "routing_table_size", "routing_table_buckets", "num_keys_in_store"):
            assert shown(endpoint[name])
    assert isinstance(statistics["num_peers_in_store"], dict) and isinstance(statistics["num_store_for_me"], dict)
    buckets = no_failure(await client.get("/dht/buckets"))["buckets"]
    assert sum(len(bucket["peers"]) for bucket in buckets) == 3
    for bucket in buckets:
        assert isinstance(bucket["prefix"], str)
        # 0 is shown as a dash, anything else as a date.
        assert bucket["last_changed"] == 0 or bucket["last_changed"] > 1_600_000_000


async def test_triblers_overlays_page(client):
    overlays = no_failure(await client.get("/overlays"))["overlays"]
    shown_overlays = [overlay for overlay in overlays if overlay["overlay_name"].endswith("Community")]
    assert len(shown_overlays) == 1
    for overlay in shown_overlays:
        assert len(overlay["id"][:10]) == 10 and len(overlay["my_peer"][-12:]) == 12
        assert shown(overlay["max_peers"])
        assert len(overlay["peers"]) == 3
        for peer in overlay["peers"]:
            assert peer["ip"].startswith("127.") and 0 < peer["port"] < 65536 and int(peer["public_key"][-12:], 16) >= 0
        for name in ("num_up", "num_down", "bytes_up", "bytes_down", "diff_time"):
            assert overlay["statistics"][name] > 0


async def test_triblers_traffic_page(client):
    statistics = no_failure(await client.get("/overlays/statistics"))["statistics"]
    overlay = next(item["DHTDiscoveryCommunity"] for item in statistics if "DHTDiscoveryCommunity" in item)
    handlers = {name.split(":")[1]: counts for name, counts in overlay.items()}
    for name, counts in overlay.items():
        assert int(name.split(":")[0]) == counts["identifier"]
        for direction in ("up", "down"):
            assert (counts[f"num_{direction}"] > 0) == (counts[f"bytes_{direction}"] > 0)
            assert (counts[f"num_{direction}"] > 0) == (counts[f"last_measured_{direction}"] > 1_600_000_000)
            assert counts[f"first_measured_{direction}"] <= counts[f"last_measured_{direction}"]
    assert handlers["on_ping_request"]["num_up"] > 0 and handlers["on_ping_response"]["num_down"] > 0


async def test_triblers_pages_about_the_process_and_tunnels(client):
    for task in no_failure(await client.get("/asyncio/tasks"))["tasks"]:
        assert shown(task["name"]) and task["running"] in (True, False) and isinstance(task["stack"], list)
        assert task["start_time"] > 1_600_000_000
    assert await client.get("/asyncio/debug") == {"messages": [], "enable": False, "slow_callback_duration": 0.1}
    enabled = await client.ask("PUT", "/asyncio/drift", body='{"enable": true}')
    assert enabled.json() == {"success": True}

    async def drift():
        return (await client.get("/asyncio/drift"))["measurements"]

    for measurement in await wait_until(drift, "the drift is measured"):
        assert measurement["timestamp"] > 1_600_000_000 and measurement["drift"] >= 0
    for name in ("circuits", "relays", "exits", "swarms", "peers"):
        assert no_failure(await client.get(f"/tunnel/{name}")) == {name: []}


async def test_the_debug_interfaces_lookup_page(client):
    stored = await client.ask("PUT", f"/dht/values/{KEY}", body='{"value": "76616c7565"}')
    assert stored.json() == {"success": True, "acknowledged": 3}
    found = no_failure(await client.get(f"/dht/values/{KEY}"))
    assert [value["value"] for value in found["values"]] == ["76616c7565"]
    # The gauges go up to 24.
    debug = found["debug"]
    assert 0 < debug["requests"] <= 24 and 0 < debug["responses"] <= debug["requests"]
    assert debug["responses_with_values"] > 0 and 0 < debug["time"] < 60
    assert debug["responses"] == debug["responses_with_nodes"] + debug["responses_with_values"]


async def test_what_other_clients_read(client):
    overlay = (await client.get("/overlays"))["overlays"][0]
    # The former Qt window counts them; the application tester waits for them.
    assert len(overlay["peers"]) == 3
    # OnionBit compares the types of the top-level members, and sends the distance as a string: ours is a number.
    peers = [peer for bucket in (await client.get("/dht/buckets"))["buckets"] for peer in bucket["peers"]]
    for peer in peers:
        assert isinstance(peer["distance"], int) and 0 < peer["distance"] < 2 ** 160
        assert peer["failed"] == 0 and peer["last_contact"] > 1_600_000_000
        assert len(bytes.fromhex(peer["mid"])) == 20 and len(bytes.fromhex(peer["id"])) == 20
    network = (await client.get("/network"))["peers"]
    assert len(network) == 3 and all(len(peer["services"]) == 1 for peer in network.values())
    assert (await client.ask("HEAD", "/dht/statistics")).text == ""
