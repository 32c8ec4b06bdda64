"""
Our decoder against the reference's: on packets and values whole and harmed, both accept, refuse and read the same, or
the difference is one of those that `differences.py` lists with their reasons.

`$DIFFERENTIAL_COUNT` and `$DIFFERENTIAL_SEED` explore further than the default run does.
"""

import collections
import os

import pytest
import pytest_asyncio

from differences import PACKETS, VALUES
from harness.decoding import ReferenceDecoder, flags_as_told
from harness.generation import Generator
from harness.oracle import Oracle

COUNT = int(os.environ.get("DIFFERENTIAL_COUNT", "4000"))
SEED = int(os.environ.get("DIFFERENTIAL_SEED", "1"))
FULL_COUNT = 100_000
BATCH = 4000


@pytest.fixture(scope="module")
def oracle(repository):
    program = repository / ".build/debug/WireOracle"
    if not os.access(program, os.X_OK):
        pytest.fail(f"there is no program at {program}: build it with `swift build --product WireOracle`")
    return Oracle(program)


@pytest_asyncio.fixture
async def reference():
    decoder = ReferenceDecoder()
    yield decoder
    await decoder.close()


def batches(count):
    """Seeds and sizes that come to so many inputs."""
    return [(SEED * 1_000_003 + number, min(BATCH, count - number * BATCH)) for number in range(-(-count // BATCH))]


def as_reference(answer):
    """Our answer in the terms of the reference: a wrong signature is a refusal there."""
    if "refused" in answer:
        return answer
    if not answer["authentic"]:
        return {"refused": "signature"}
    told = {name: value for name, value in answer.items() if name not in ("authentic", "written")}
    if "flags" in told:
        told["flags"] = flags_as_told(told["id"], told["flags"])
    return told


def compare(items, ours, theirs, rules):
    """Counts the differences by rule; fails on one that is in none."""
    found, unlisted = collections.Counter(), []
    for item, own, other in zip(items, map(as_reference, ours), theirs):
        if own == other or ("refused" in own and "refused" in other):
            continue
        rule = next((rule for rule in rules if rule.applies(item, own, other)), None)
        if rule is None:
            unlisted.append(f"{item.hex()}\n  ours:   {own}\n  theirs: {other}")
        else:
            found[rule.name] += 1
    assert not unlisted, f"{len(unlisted)} differences that are not listed:\n" + "\n".join(unlisted[:5])
    return found


def compare_packets(oracle, reference, count):
    """Generates packets and compares what the two read."""
    found, accepted = collections.Counter(), 0
    for seed, size in batches(count):
        generator = Generator(seed)
        packets = [generator.packet() for _ in range(size)]
        ours = oracle.packets(packets)
        accepted += sum("refused" not in answer for answer in ours)
        found += compare(packets, ours, [reference.packet(packet) for packet in packets], PACKETS)
    assert count * 0.2 < accepted < count * 0.9, "packets of one kind only say little"
    return found


def compare_values(oracle, reference, count):
    """Generates values and compares what the two read."""
    found, accepted = collections.Counter(), 0
    for seed, size in batches(count):
        generator = Generator(seed)
        values = [value for value in (generator.value() for _ in range(size)) if value]
        ours = oracle.values(values)
        accepted += sum("refused" not in answer for answer in ours)
        found += compare(values, ours, [reference.value(value) for value in values], VALUES)
    assert count * 0.2 < accepted < count * 0.9, "values of one kind only say little"
    return found


async def test_packets_read_the_same_as_in_the_reference(oracle, reference):
    print(compare_packets(oracle, reference, COUNT))


async def test_values_read_the_same_as_in_the_reference(oracle, reference):
    print(compare_values(oracle, reference, COUNT))


async def test_what_we_write_reads_the_same_in_the_reference(oracle, reference):
    generator = Generator(SEED)
    packets = [generator.packet() for _ in range(COUNT)]
    count = 0
    for answer in oracle.packets(packets):
        if "refused" in answer:
            continue
        written = bytes.fromhex(answer["written"])
        again = reference.packet(written)
        expected = as_reference({**answer, "authentic": True})
        # What is written consists of what was read, so a node's key may be one that the reference does not load.
        if any(rule.applies(written, expected, again) for rule in PACKETS):
            continue
        expected["sender"] = again.get("sender")
        assert again == expected, written.hex()
        count += 1
    assert count > COUNT / 5


@pytest.mark.full
@pytest.mark.timeout(1800)
async def test_many_more_packets_and_values_read_the_same(oracle, reference):
    print(compare_packets(oracle, reference, FULL_COUNT))
    print(compare_values(oracle, reference, FULL_COUNT))


@pytest.mark.parametrize("rule", PACKETS + VALUES, ids=lambda rule: rule.name)
async def test_every_listed_difference_is_still_one(rule, oracle, reference):
    is_packet = rule in PACKETS
    item = rule.example(Generator(SEED))
    own = as_reference((oracle.packets if is_packet else oracle.values)([item])[0])
    other = (reference.packet if is_packet else reference.value)(item)
    assert own != other, f"both say {own}: take {rule.name} off the list"
    assert rule.applies(item, own, other), f"ours {own}, theirs {other}"
