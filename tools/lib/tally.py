#!/usr/bin/env python3
"""Prints `PASSED FAILED` for a test run: from the JUnit files in a folder, or else from the closing line of its output.

Appends each failed test, with what it says first, to the file `failures` in that folder.
"""

import pathlib
import re
import sys
import xml.etree.ElementTree


def from_junit(path, failures):
    """Counts the test cases of one file; a skipped one is neither. pytest gives one that was cut off no name."""
    passed = failed = 0
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        complaints = [child for child in case if child.tag in {"failure", "error"}]
        if complaints or "name" not in case.attrib:
            failed += 1
            name = ".".join(case.attrib.get(part, "?") for part in ("classname", "name"))
            failures.append(": ".join([name] + [first_line(complaint) for complaint in complaints]))
        elif not any(child.tag == "skipped" for child in case):
            passed += 1
    return passed, failed


def first_line(complaint):
    """What a failure says, in one line."""
    text = complaint.attrib.get("message") or complaint.text or ""
    return text.strip().partition("\n")[0]


def from_closing_line(path):
    """Reads `N passed, N failed`; (0, 0) where there is no such line."""
    lines = [line for line in path.read_text(errors="replace").splitlines() if line.strip()]
    match = re.fullmatch(r"(\d+) passed, (\d+) failed", lines[-1]) if lines else None
    return (int(match[1]), int(match[2])) if match else (0, 0)


def main(folder, output):
    """Sums up."""
    files = sorted(pathlib.Path(folder).glob("*.xml"))
    failures = []
    counts = [from_junit(file, failures) for file in files] or [from_closing_line(pathlib.Path(output))]
    with (pathlib.Path(folder) / "failures").open("a") as file:
        file.writelines(failure + "\n" for failure in failures)
    print(sum(passed for passed, _ in counts), sum(failed for _, failed in counts))


main(*sys.argv[1:])
