"""Corpora: a folder with a file for each input while the fuzzer works, one packed file in the repository."""

import hashlib
import struct


def pack(inputs):
    """`length 4 | input`, one after the other."""
    return b"".join(struct.pack(">I", len(content)) + content for content in inputs)


def unpack(packed):
    """The inputs of a packed file."""
    inputs, place = [], 0
    while place < len(packed):
        length, = struct.unpack_from(">I", packed, place)
        inputs.append(packed[place + 4:place + 4 + length])
        place += 4 + length
    return inputs


def write(folder, content):
    """Puts an input into a folder, under its digest as libFuzzer does."""
    path = folder / hashlib.sha1(content).hexdigest()
    if not path.exists():
        path.write_bytes(content)


def fitting(inputs, bytes_max):
    """As many of the inputs, which come smallest first, as stay within so many bytes when they are packed."""
    kept, size = [], 0
    for content in inputs:
        size += 4 + len(content)
        if size > bytes_max:
            break
        kept.append(content)
    return kept
