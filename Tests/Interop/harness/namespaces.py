"""Network namespaces, for what loopback cannot show: IPv6 on many addresses, NATs, links that go down."""

import contextlib
import ctypes
import itertools
import os
import pathlib
import subprocess

import pytest

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
IP_SECONDS_MAX = 60
PREFIX = "bristlecone-"


class Namespace:
    """A network of its own within this machine. It ends with its `Namespaces`."""

    def __init__(self, name):
        self.name = name

    def __str__(self):
        return self.name

    def ip(self, *arguments):
        """`ip ARGUMENTS` within."""
        run("ip", "-n", self.name, *arguments)

    def run(self, *command):
        """Runs a command within, to its end."""
        run(*self.command(*command))

    def command(self, *command):
        """The command that runs another one within."""
        return ("ip", "netns", "exec", self.name, *command)

    def add_address(self, address, device="lo"):
        """Gives a device an address, with its prefix length if it is not of a single machine."""
        if ":" in address:
            # Without duplicate address detection it can be bound at once.
            self.ip("-6", "address", "add", address, "dev", device, "nodad")
        else:
            self.ip("address", "add", address, "dev", device)

    def route(self, *route):
        """Adds a route."""
        self.ip("route", "add", *route)

    def forward(self):
        """Lets it pass on what is meant for others, as a router does."""
        self.run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")

    @contextlib.contextmanager
    def entered(self):
        """Sockets that this thread makes meanwhile are of this namespace and stay so. Nothing may be awaited."""
        with open("/proc/thread-self/ns/net", "rb") as home, open(f"/run/netns/{self.name}", "rb") as there:
            set_namespace(there)
            try:
                yield
            finally:
                set_namespace(home)


class Namespaces:
    """
    Makes network namespaces for one test, and removes them with everything in them; and those that a test run left
    behind which was killed.
    """

    def __init__(self):
        self._made = []
        self._numbers = itertools.count()
        remove_abandoned()

    def make(self):
        """A namespace whose loopback device is up."""
        name = f"{PREFIX}{os.getpid()}-{next(self._numbers)}"
        completed = subprocess.run(
            ["ip", "netns", "add", name], capture_output=True, text=True, timeout=IP_SECONDS_MAX, check=False)
        if completed.returncode != 0:
            # The one reason to skip: an unprivileged user, or a kernel without network namespaces.
            pytest.skip(f"no network namespace can be made here: {completed.stderr.strip()}")
        namespace = Namespace(name)
        self._made.append(namespace)
        namespace.ip("link", "set", "lo", "up")
        return namespace

    def join(self, one, one_address, other, other_address):
        """Lays a cable between two of them, with an address at each end; returns the names of its ends."""
        number = next(self._numbers)
        ends = f"bc{os.getpid() % 100000}a{number}", f"bc{os.getpid() % 100000}b{number}"
        run("ip", "-n", one.name, "link", "add", ends[0], "type", "veth", "peer", "name", ends[1],
            "netns", other.name)
        for namespace, end, address in ((one, ends[0], one_address), (other, ends[1], other_address)):
            namespace.add_address(address, end)
            namespace.ip("link", "set", end, "up")
        return ends

    def remove(self):
        """Removes all of them. Who still has a socket within keeps it, unreachable, until it is closed."""
        for namespace in reversed(self._made):
            run("ip", "netns", "delete", namespace.name)
        self._made.clear()


def remove_abandoned():
    """Removes the namespaces whose makers are gone; their names tell who that was."""
    folder = pathlib.Path("/run/netns")
    for path in folder.glob(f"{PREFIX}*-*") if folder.is_dir() else ():
        maker = path.name.removeprefix(PREFIX).split("-")[0]
        if not pathlib.Path("/proc", maker).exists():
            subprocess.run(["ip", "netns", "delete", path.name], timeout=IP_SECONDS_MAX, check=False)


def run(*command):
    """Runs a command that is over in a moment; fails with what it says."""
    completed = subprocess.run(command, capture_output=True, text=True, timeout=IP_SECONDS_MAX, check=False)
    assert completed.returncode == 0, f"`{' '.join(command)}`: {completed.stderr.strip() or completed.returncode}"


def set_namespace(file):
    """Moves this thread into the network namespace that a file stands for."""
    if LIBC.setns(file.fileno(), CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
