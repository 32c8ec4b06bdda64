"""What the tests ask for by name."""

import asyncio
import os
import pathlib

import pytest
import pytest_asyncio

from .addresses import AddressPool
from .distribution import Distribution
from .namespaces import Namespaces
from .network import ReferenceNetwork
from .node import Bristlecone
from .running import Running

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
NODES_KEY = pytest.StashKey()


def pytest_configure(config):
    """Has the tests that are under way named when the run is cut off."""
    config.pluginmanager.register(Running())


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Distributes the tests where several processes run them."""
    return Distribution(config, log)


@pytest.fixture(scope="session")
def repository():
    """The folder of the project."""
    return REPOSITORY


@pytest.fixture(scope="session")
def binary():
    """The program under test: $BRISTLECONE, or the debug build."""
    path = pathlib.Path(os.environ.get("BRISTLECONE") or REPOSITORY / ".build/debug/bristlecone").absolute()
    if not os.access(path, os.X_OK):
        pytest.fail(f"there is no program at {path}: build it with `swift build`, or name it in $BRISTLECONE")
    return path


@pytest.fixture
def addresses(request):
    """Loopback addresses, the same ones for a test each time it runs."""
    return AddressPool(request.node.nodeid)


@pytest_asyncio.fixture
async def network(addresses):
    """A `ReferenceNetwork` without peers yet. At the end no peer may have had anything against a packet."""
    async with ReferenceNetwork(addresses) as network:
        yield network
        complaints = [] if network.complaints_expected else network.complaints()
    assert not complaints, "py-ipv8 peers complained:\n" + "\n".join(complaints[:20])


class Nodes:
    """Makes Bristlecone nodes for one test."""

    def __init__(self, binary, folder, addresses):
        self.binary = binary
        self._folder = folder
        self._addresses = addresses
        self.all = []

    def make(self, ip=None, **options):
        """A node that is not started; see `Bristlecone` for the options."""
        folder = self._folder / f"node{len(self.all)}"
        node = Bristlecone(self.binary, folder, ip or self._addresses.take(), **options)
        self.all.append(node)
        return node

    async def start(self, peers=(), arguments=()):
        """A running node."""
        return await self.make().start(peers, arguments)

    async def start_many(self, count, peers=()):
        """Running nodes, started side by side."""
        return await asyncio.gather(*(self.start(peers) for _ in range(count)))


@pytest.fixture
def namespaces():
    """A maker of network namespaces, which are gone after the test."""
    namespaces = Namespaces()
    yield namespaces
    namespaces.remove()


@pytest_asyncio.fixture
async def nodes(request, binary, tmp_path, addresses):
    """A maker of Bristlecone nodes; each is ended by its process id, and none may have ended by itself."""
    nodes = Nodes(binary, tmp_path, addresses)
    request.node.stash[NODES_KEY] = nodes
    yield nodes
    ended = [node for node in nodes.all if node.ended_by_itself]
    for node in nodes.all:
        await node.discard()
    assert not ended, "ended by itself:\n" + "\n".join(f"{node}\n{node.log_tail()}" for node in ended)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Shows the nodes' last log lines with a failure."""
    report = (yield).get_result()
    if report.failed and NODES_KEY in item.stash:
        for node in item.stash[NODES_KEY].all:
            report.sections.append((str(node), node.log_tail()))
