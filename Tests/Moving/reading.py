"""Dumps and proofs by way of the independent reader, which knows docs/dump-format.md alone."""

import io
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools/reader"))

import dump_reader


class Dump:
    """A dump that was read and checked: its header, its items as they are, its root, and who signed it."""

    def __init__(self, content):
        dump = dump_reader.Dump(io.BytesIO(content))
        self.header = dump.header
        self.items = [item.leaf for item in dump.items()]
        self.root, self.public_key, self.signature = dump.end.root, dump.end.public_key, dump.end.signature
        self.left_out = dump.end.left_out
        self.signed_message = b"bristlecone dump root" + struct.pack(">Q", dump.end.leaves) + self.root


def root_of_path(leaf, index, count, path):
    """The root that a leaf and its path lead to."""
    return dump_reader.root_of_path(dump_reader.leaf_hash(leaf), index, count, path)
