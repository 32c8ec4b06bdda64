#!/usr/bin/env python3
"""Writes the part of ICU's data that the programs need as an object file, and prints the linker's flags for it.

    icu_subset.py lib_FoundationICU.a OUTPUT.o

GRDB and Yams import Swift's Foundation, which brings ICU with the data of all languages and encodings: 34 MB in each
program. Both programs print English only and read UTF-8, so they need the root locale, English, and what belongs to no
language: time zones, normalization, properties of characters. A locale that is missing falls back to the root locale.

ICU calls the form a "common data" file: a header, a table of (offset of name, offset of item), names, items. Items and
offsets are moved and never changed.
"""

import pathlib
import re
import struct
import subprocess
import sys
import tempfile

MEMBER = "icu_packaged_data.cpp.o"
# The name of the part. The name of the whole becomes another one for it, so that the linker drops the whole.
PART = "bristlecone_icu_data"
ALIGNMENT = 16
# Folders whose resources are of one locale each, and dictionaries that break text without blanks into words.
LOCALE = re.compile(r"[a-z]{2,3}(_[A-Za-z0-9]+)*\.res")
KEPT_LOCALES = {"en.res", "en_US.res", "en_001.res", "en_US_POSIX.res"}
NEEDLESS = re.compile(r".*\.cnv|translit/.*|rbnf/.*|brkitr/.*\.dict|brkitr/.*lstm.*")


def is_kept(name):
    """Whether an item such as `icudt76l/curr/de.res` is one of those that the programs need."""
    name = name.split("/", 1)[1]
    if NEEDLESS.fullmatch(name):
        return False
    last = name.rsplit("/", 1)[-1]
    return last in KEPT_LOCALES or not LOCALE.fullmatch(last)


def subset(data):
    """The data with only the kept items."""
    header_size = struct.unpack_from("<H", data)[0]
    header, body = data[:header_size], data[header_size:]
    if header[2:4] != b"\xda\x27" or header[12:16] != b"CmnD":
        sys.exit("icu_subset: this is not ICU's common data; see what the Swift toolchain brings instead.")
    count = struct.unpack_from("<I", body)[0]
    table = [struct.unpack_from("<II", body, 4 + 8 * number) for number in range(count)]
    ends = [start for _, start in table[1:]] + [len(body)]
    items = [
        (name, body[start:end])
        for (at, start), end in zip(table, ends)
        if is_kept((name := body[at:body.index(b"\0", at)]).decode())
    ]
    names, contents = b"", b""
    at_names = 4 + 8 * len(items)
    at_contents = -(-(at_names + sum(len(name) + 1 for name, _ in items)) // ALIGNMENT) * ALIGNMENT
    new_table = struct.pack("<I", len(items))
    for name, content in items:
        new_table += struct.pack("<II", at_names + len(names), at_contents + len(contents))
        names += name + b"\0"
        contents += content + b"\0" * (-len(content) % ALIGNMENT)
    return header + (new_table + names).ljust(at_contents, b"\0") + contents


def main(library, output):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        subprocess.run(["ar", "x", library, MEMBER], cwd=folder, check=True)
        whole, part = folder / "whole", folder / "part"
        subprocess.run(
            ["objcopy", "-O", "binary", "--only-section=.rodata", folder / MEMBER, whole], check=True)
        symbol = subprocess.run(
            ["nm", "--defined-only", "--format=just-symbols", folder / MEMBER],
            check=True, capture_output=True, text=True).stdout.strip()
        part.write_bytes(subset(whole.read_bytes()))
        source = folder / "part.s"
        source.write_text(
            f'.section .rodata\n.balign {ALIGNMENT}\n.globl {PART}\n.type {PART}, @object\n{PART}:\n'
            f'.incbin "{part}"\n.size {PART}, . - {PART}\n.section .note.GNU-stack,"",@progbits\n')
        subprocess.run(["cc", "-c", source, "-o", output], check=True)
        print(f"-Xlinker {output} -Xlinker --defsym -Xlinker {symbol}={PART}")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve())
