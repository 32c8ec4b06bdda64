"""Commands that the tests in this folder run on this machine."""

import pathlib
import subprocess

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


def run(*command, seconds=600, **options):
    """Runs a command that must succeed, and returns what it printed."""
    completed = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=seconds, check=False,
        stdin=subprocess.DEVNULL, **options)
    assert completed.returncode == 0, f"{command}\n{completed.stdout}{completed.stderr}"
    return completed.stdout
