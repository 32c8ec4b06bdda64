"""What several tests of this folder ask for by name."""

import os

import pytest

from faults import shim


@pytest.fixture(scope="session")
def writer(repository):
    """The program that stores and reads back."""
    program = repository / ".build/debug/ArchiveWriter"
    if not os.access(program, os.X_OK):
        pytest.fail(f"there is no program at {program}: build it with `swift build --product ArchiveWriter`")
    return str(program)


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    """The library that stands between a program and the system."""
    return shim.build(str(tmp_path_factory.mktemp("faults")))
