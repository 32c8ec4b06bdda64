"""What is in a folder, so that a change shows."""

import hashlib
import os

# Files in which processes only agree who may write; they hold no data and may change when a folder is looked at.
COORDINATION = ("lock", "lock.mdb", "-shm")


def fingerprint(folder):
    """The names, permissions and SHA-256 digests of everything below `folder`; empty where there is no folder."""
    found = {}
    for parent, names, files in os.walk(folder):
        for name in names + files:
            path = os.path.join(parent, name)
            relative = os.path.relpath(path, folder)
            mode = oct(os.lstat(path).st_mode)
            if name in names or not os.path.isfile(path) or name.endswith(COORDINATION):
                found[relative] = mode
            else:
                with open(path, "rb") as file:
                    found[relative] = f"{mode} {hashlib.file_digest(file, 'sha256').hexdigest()}"
    return found
