"""A small file system in memory, mounted where only this process and those that it starts see it."""

import ctypes
import os
import subprocess

import pytest

CLONE_NEWNS = 0x0002_0000
MISSING = (
    "this test mounts a small file system in a namespace of its own, which this machine does not allow: run it as "
    "root, and in a container with the right to mount (docker run --cap-add SYS_ADMIN)")
_state = {}


class SmallDisk:
    """A file system of so many bytes on a folder."""

    def __init__(self, folder, size):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        _enter_namespace()
        mount("-t", "tmpfs", "-o", f"size={size},mode=0700", "none", folder)

    def fill(self, spare=0):
        """Leaves not a block, or no more than so many bytes."""
        for number in range(100):
            with open(os.path.join(self.folder, f"filler{number}"), "wb") as file:
                try:
                    while True:
                        os.write(file.fileno(), bytes(4096))
                except OSError:
                    pass
            if os.path.getsize(file.name) == 0:
                os.remove(file.name)
                last = os.path.join(self.folder, f"filler{number - 1}")
                os.truncate(last, os.path.getsize(last) - spare)
                return
        raise AssertionError("the disk does not fill up")

    def make_room(self):
        """Takes away what filled it."""
        for name in os.listdir(self.folder):
            if name.startswith("filler"):
                os.remove(os.path.join(self.folder, name))

    def make_read_only(self):
        """As a system does when a disk fails, and an operator by mistake."""
        mount("-o", "remount,ro", self.folder)

    def make_writable(self):
        """The way back."""
        mount("-o", "remount,rw", self.folder)

    def unmount(self):
        """Lets it go, also while somebody still uses it."""
        subprocess.run(["umount", "--lazy", self.folder], check=True)


def mount(*words):
    done = subprocess.run(["mount", *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"{MISSING} ({done.stderr.strip()})")


def _enter_namespace():
    """Once for a test run: what is mounted from here on is nobody else's business, and gone with this process."""
    if "entered" not in _state:
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0:
            pytest.skip(f"{MISSING} ({os.strerror(ctypes.get_errno())})")
        _state["entered"] = True
        mount("--make-rprivate", "/")
