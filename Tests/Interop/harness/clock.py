"""A time of day that a test sets for one program."""

import pathlib
import subprocess
import time

SOURCE = pathlib.Path(__file__).with_name("clock.c")


class Clock:
    """The machine's time of day, until it is set; `environment` has a program go by it."""

    def __init__(self, folder):
        library = folder / "clock.so"
        subprocess.run(
            ["cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-o", library, SOURCE],
            check=True)
        self._file = folder / "clock.offset"
        self._move(0)
        self.environment = {"LD_PRELOAD": str(library), "CLOCK_FILE": str(self._file)}

    def set(self, seconds):
        """Sets it to so many seconds after the beginning of 1970."""
        self._move(seconds - int(time.time()))

    def set_right(self):
        """Sets it to the machine's own time."""
        self._move(0)

    def _move(self, offset):
        # In place and in one write: programs have the file mapped.
        mode = "r+b" if self._file.exists() else "wb"
        with open(self._file, mode, buffering=0) as file:
            file.write(offset.to_bytes(8, "little", signed=True))
