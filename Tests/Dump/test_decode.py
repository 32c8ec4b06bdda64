"""`decode` on packets and entries that the reference made, whole, cut and altered."""

import json
import subprocess

import pytest

from transcript import environment, run

VALID, INVALID = 0, 1


@pytest.fixture(scope="session")
def vectors(repository):
    """Packets and entries of the reference, with the fields that they were made from."""
    return json.loads((repository / "Tests/IPv8Tests/Fixtures/ipv8-wire.json").read_text(encoding="utf-8"))


def decode(tool, content, *arguments):
    """Explains bytes; returns the exit status and the explanation."""
    done = subprocess.run(
        [tool, "decode", "-", "--json", *arguments], input=content, env=environment(), capture_output=True, timeout=90,
        check=False)
    assert done.stderr == b"", done
    return done.returncode, json.loads(done.stdout)


def spans(explanation, depth=0):
    """The bytes that fields of one depth cover: they follow each other."""
    return [(field["offset"], field["length"]) for field in explanation["fields"]
            if field["depth"] == depth and field["length"] > 0]


def covered(explanation, content):
    """Whether the fields cover all bytes, one after the other, and show them as they are."""
    place = 0
    for field in explanation["fields"]:
        if field["length"] == 0:
            continue
        end = field["offset"] + field["length"]
        assert field["offset"] == place and bytes.fromhex(field["hex"]) == content[place:end], (place, field)
        place = end
    return place == len(content)


def test_every_packet_of_the_reference(tool, vectors):
    for vector in vectors["messages"]:
        packet = bytes.fromhex(vector["packet"])
        status, explanation = decode(tool, packet)
        assert (status, explanation["kind"], explanation["fault"]) == (VALID, "packet", None), vector["name"]
        assert explanation["bytes"] == len(packet) and covered(explanation, packet), vector["name"]
        identifiers = [int(field["hex"], 16) for field in explanation["fields"] if field["name"] == "identifier"]
        assert identifiers == [vector["fields"]["identifier"]], vector["name"]


def test_every_entry_of_the_reference(tool, vectors):
    for vector in vectors["values"]:
        entry = bytes.fromhex(vector["serialized"])
        status, explanation = decode(tool, entry)
        if len(entry) > 170:
            assert status == INVALID and explanation["fault"]["offset"] == 170, vector["name"]
            continue
        assert (status, explanation["kind"], explanation["fault"]) == (VALID, "entry", None), vector["name"]
        assert covered(explanation, entry), vector["name"]
        data = [field["hex"] for field in explanation["fields"] if field["name"] == "data"]
        assert data == [vector["data"]], vector["name"]


def test_what_is_cut_breaks_where_it_is_cut(tool, vectors):
    for vector in vectors["messages"]:
        packet = bytes.fromhex(vector["packet"])
        for length in {1, 23, len(packet) // 2, len(packet) - 1}:
            status, explanation = decode(tool, packet[:length], "--as", "packet")
            assert status == INVALID and not explanation["valid"], (vector["name"], length)
            assert explanation["fault"]["offset"] <= length and explanation["fault"]["reason"], (vector["name"], length)
            assert covered(explanation, packet[:length]), (vector["name"], length)


def test_an_altered_signature_is_named(tool, vectors):
    store = next(bytes.fromhex(vector["packet"]) for vector in vectors["messages"] if vector["name"] == "ping-request")
    status, explanation = decode(tool, store[:-1] + bytes([store[-1] ^ 1]))
    assert status == INVALID and explanation["fault"]["offset"] == len(store) - 64
    assert "signature" in explanation["fault"]["reason"]
    entry = next(bytes.fromhex(vector["serialized"]) for vector in vectors["values"] if vector["public_key"])
    status, explanation = decode(tool, entry[:4] + bytes([entry[4] ^ 1]) + entry[5:])
    assert status == INVALID and "signature" in explanation["fault"]["reason"]


def test_digits_files_and_standard_input_are_the_same(tool, vectors, tmp_path):
    content = bytes.fromhex(vectors["values"][0]["serialized"])
    (tmp_path / "binary").write_bytes(content)
    (tmp_path / "digits").write_text(content.hex(" ") + "\n")
    said = {run(tool, ["decode", source], tmp_path)[:2] for source in (content.hex(), "0x" + content.hex().upper(), "binary", "digits")}
    assert len(said) == 1
    assert decode(tool, content) == decode(tool, content.hex().encode())
