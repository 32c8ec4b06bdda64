#!/usr/bin/env python3
"""Prints `PASSED FAILED` for a test run: from the JUnit files in a folder, or else from the closing line of its output."""

import pathlib
import re
import sys
import xml.etree.ElementTree


def from_junit(path):
    """Counts the test cases of one file; a skipped one is neither. pytest gives one that was cut off no name."""
    passed = failed = 0
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        outcomes = {child.tag for child in case}
        if outcomes & {"failure", "error"} or "name" not in case.attrib:
            failed += 1
        elif "skipped" not in outcomes:
            passed += 1
    return passed, failed


def from_closing_line(path):
    """Reads `N passed, N failed`; (0, 0) where there is no such line."""
    lines = [line for line in path.read_text(errors="replace").splitlines() if line.strip()]
    match = re.fullmatch(r"(\d+) passed, (\d+) failed", lines[-1]) if lines else None
    return (int(match[1]), int(match[2])) if match else (0, 0)


def main(folder, output):
    """Sums up."""
    files = sorted(pathlib.Path(folder).glob("*.xml"))
    counts = [from_junit(file) for file in files] or [from_closing_line(pathlib.Path(output))]
    print(sum(passed for passed, _ in counts), sum(failed for _, failed in counts))


main(*sys.argv[1:])
