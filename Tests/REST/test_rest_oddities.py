"""Requests that make no sense, or hardly any: our node answers them with the very words of py-ipv8."""

import json
from random import Random

from rest_servers import over_socket, reference_rest

KEY = "ab" * 20
VALUES = f"/dht/values/{KEY}"

BODIES = [
    "", " ", "value=76", "{", "{}", "[]", "[1", "[1,]", "\"", "\"value", "\"value\"", "\"other\"", "1", "-", "01", "1.5",
    "-1e5", "true", "null", "NaN", "nul", "{\"value\"}", "{\"value\": }", "{\"value\": 1,}", "{\"value\": 1 \"a\"}",
    "{\"value\": 7}", "{\"value\": 7.5}", "{\"value\": true}", "{\"value\": null}", "{\"value\": []}", "{\"value\": {}}",
    "{\"value\": \"7\"}", "{\"value\": \"zz\"}", "{\"value\": \"0x\"}", "{\"value\": \"é\"}", "{\"value\": \"éé\"}",
    "{\"value\": \"7 \"}", "{\"value\": \"\\u00e9\"}", "{\"value\": \"\\x\"}", "{\"value\": \"\\u12\"}",
    "{\"value\": \"a\nb\"}", "{\"value\": 1}\n{\"value\": 1}", "[\"value\"]", "[\"other\"]", "{\"Value\": \"76\"}",
    "\n\n{\"value\"\n", "\ufeff{\"value\": \"76\"}", "{'value': '76'}", "{\"value\": \"" + "61" * 24 + "\"}",
    b"\xff", b"\"\xc3\"", b"\"\xc3", b"\xe2\x82", b"{\"value\": \"\xe2\x28\xa1\"}", b"\"\xed\xa0\x80\"", b"\x00",
]

PATHS = [
    "/dht", "/dht/", "/dht/statistics/", "/dht//statistics", "/dht/Statistics", "/dht/values/",
    "/dht/values/a/b", "/dht/values/a%2Fb", "/dht/values/%", "/dht/values/%2", "/dht/values/%zz", "/dht/values/a%20",
    "/dht/values/%C3%A9", "/dht/values/%C3%A9%C3%A9", "/dht/values/+1", "/dht/values/0xab", "/dht/values/xyz",
    "/dht/peers", "/dht/peers/", "/dht/peers/x", "/dht/peers/xx", "/dht/peers/%C3%A9", "/dht/buckets/", "/dht/buckets/0",
    "/dht/buckets/refresh", "/dht/buckets/a-b/refresh", "/dht/buckets/a%20b/refresh", "/dht/buckets/0/1/refresh",
    "/dht/buckets/0101010101/refresh", "/dht/buckets/x_1/refresh", "/dht/buckets/%C3%A9/refresh",
    "/dht/buckets/0/refresh/", "/dht/buckets//refresh/", "/noblockdht", "/noblockdht/", "/noblockdht/x",
    "/noblockdht/zz", "/overlays/", "/overlays/x", "/network/", "/network/x", "/isolation", "/isolation/x", "/asyncio",
    "/asyncio/x", "/tunnel", "/tunnel/", "/tunnel/x", "/tunnel/circuits", "/tunnel/circuits/", "/tunnel/circuits/test",
    "/tunnel/circuits/1", "/tunnel/circuits/1/test", "/tunnel/circuits/-1/test", "/tunnel/circuits/1.5/test",
    "/tunnel/circuits/x/test", "/tunnel/swarms/zz/size", "/tunnel/swarms/size", "/tunnel/peers/x", "/identity/x/y/z",
]

METHODS = ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"]

ISOLATIONS = [
    {"ip": 5, "port": 7, "bootstrapnode": 1}, {"ip": None, "port": 7, "bootstrapnode": 1}, ["ip", "port", "exitnode"],
    ["ip", "port"], "ip port exitnode", 7, [], "", 0, None, False, {"ip": "127.0.0.1"}, {"port": 7},
    {"ip": "127.0.0.1", "port": 7, "exitnode": False}, {"ip": "nowhere", "port": 7, "exitnode": True},
    {"ip": "nowhere", "port": 7, "bootstrapnode": 1}, {"ip": "127.0.0.1", "port": "7", "bootstrapnode": 1},
    {"ip": "127.0.0.1", "port": 65536, "bootstrapnode": 1}, {"ip": "127.0.0.1", "port": -1, "bootstrapnode": 1},
    {"ip": "127.0.0.1", "port": 7.5, "bootstrapnode": 1}, {"ip": "127.0.0.1", "port": None, "bootstrapnode": 1},
    {"ip": True, "port": [], "bootstrapnode": 1}, {"ip": "a'b", "port": 7, "bootstrapnode": 1},
]

SWITCHES = ["{}", "[]", "[\"enable\"]", "\"enable\"", "{\"enable\": 0}", "7", "", "{\"enable\": \"\"}"]


async def compare(network, nodes, requests, **options):
    """Sends requests to both and collects those that are not answered alike."""
    (peer,) = await network.start(1)
    await peer.only_answer()
    node = await nodes.start()
    different = []
    async with over_socket(node) as ours, reference_rest(peer, **options) as theirs:
        for method, path, body in requests:
            data = body.encode() if isinstance(body, str) else body
            answers = [await client.ask(method, path, body=data) for client in (ours, theirs)]
            seen = [(answer.status, answer.content_type, answer.text) for answer in answers]
            if seen[0] != seen[1]:
                different.append(f"{method} {path} {body!r}\n  ours   {answers[0]}\n  theirs {answers[1]}")
    assert not different, "\n".join(different)


async def test_bodies(network, nodes):
    await compare(network, nodes, [("PUT", VALUES, body) for body in BODIES])


async def test_bodies_made_at_random(network, nodes):
    random = Random(20260203)
    alphabet = "{}[]\",:\\u0019eE.+-tfalsenrNI \n\t\x01\x7fé€😀"

    def damaged(body):
        for _ in range(random.randint(1, 4)):
            place = random.randint(0, len(body))
            body = body[:place] + random.choice(["", random.choice(alphabet)]) + body[place + random.randint(0, 2):]
        return body

    texts = [body for body in BODIES if isinstance(body, str)]
    texts += ['{"value": "00", "a": [1, 2.5e3, {"b": null}], "c": "\\ud83d\\ude00\\n"}', '[[[["value"]]]]'] * 5
    bodies = [damaged(random.choice(texts)) for _ in range(400)]
    bodies += [body.encode()[:random.randint(0, 9)] + bytes([random.randint(0x80, 0xff)]) for body in bodies[:100]]
    # The key is none, so nothing is stored whatever the body is.
    await compare(network, nodes, [("PUT", "/dht/values/zz", body) for body in bodies])


async def test_paths(network, nodes):
    await compare(network, nodes, [("GET", path, None) for path in PATHS])


async def test_methods(network, nodes):
    paths = [
        "/dht/statistics", "/dht/values", "/dht/buckets", "/dht/buckets/0/refresh", "/overlays", "/network", "/tunnel/relays",
        "/asyncio/tasks", "/noblockdht/zz",
    ]
    # What is told of the two nodes differs, but HEAD tells nothing of it.
    await compare(network, nodes, [(method, path, None) for path in paths for method in METHODS])


async def test_addresses_to_ask(network, nodes):
    await compare(network, nodes, [("POST", "/isolation", json.dumps(body)) for body in ISOLATIONS])


async def test_switches(network, nodes):
    requests = [("PUT", path, body) for path in ("/asyncio/drift", "/asyncio/debug") for body in SWITCHES]
    requests += [("POST", "/overlays/statistics", body) for body in SWITCHES if "true" not in body]
    await compare(network, nodes, requests, with_statistics=True)
