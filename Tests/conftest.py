"""Gives every Python test the fixtures of Interop/harness, and says which of them must not run side by side."""

import pytest

pytest_plugins = ["harness.fixtures"]

# Where several processes run the tests (`--numprocesses 4 --dist loadgroup`), those of a group follow each other in one.
GROUPS = {
    # They keep a processor busy for long, or count how much is done in a certain time.
    "busy": (
        "Crash/test_archive.py", "Crash/test_archive_faults.py", "Crash/test_kill.py", "Crash/test_moving_power.py",
        "Interop/test_churn.py", "Interop/test_differential.py", "Interop/test_malformed.py"),
    # They ask about archives that take a while to make, and that are to be new.
    "dump": ("Dump/",),
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Marks the tests of each group."""
    for item in items:
        place = item.path.relative_to(config.rootpath).as_posix()
        for group, beginnings in GROUPS.items():
            if place.startswith(beginnings):
                item.add_marker(pytest.mark.xdist_group(group))
