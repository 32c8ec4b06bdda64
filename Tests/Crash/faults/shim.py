"""Builds the library that stands between a program and the system."""

import os
import subprocess

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "faults.c")


def build(folder):
    """Compiles it into a folder with the machine's C compiler; the library's path."""
    library = os.path.join(folder, "faults.so")
    command = ["cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"]
    subprocess.run(command, check=True)
    return library
