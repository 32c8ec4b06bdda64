"""What `bristlecone run` tells the service manager that started it."""

import socket

import pytest

from harness.waiting import wait_until


class Manager:
    """The socket of a service manager, at a path or with a name that is in no folder."""

    def __init__(self, name):
        self.name = name
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(name.replace("@", "\0", 1))
        self._socket.setblocking(False)
        self.lines = []

    def listen(self):
        """All lines so far."""
        while True:
            try:
                self.lines += self._socket.recv(4096).decode().split("\n")
            except BlockingIOError:
                return self.lines

    def close(self):
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    """A service manager that listens."""
    manager = Manager(f"@bristlecone-{tmp_path.name}" if request.param == "abstract" else str(tmp_path / "notify"))
    yield manager
    manager.close()


async def test_manager_hears_of_start_life_and_stop(manager, nodes):
    node = nodes.make(environment={"NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "200000"})
    await node.start()
    await wait_until(lambda: manager.listen().count("WATCHDOG=1") >= 3, "the node gives signs of life")
    assert manager.lines[0] == "READY=1"
    assert any(line.startswith("STATUS=The node has no contacts yet;") for line in manager.lines)
    await node.stop()
    assert manager.listen()[-2:] == ["STOPPING=1", "STATUS=Stopping."]
