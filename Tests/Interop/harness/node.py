"""One Bristlecone node, as a process of its own."""

import asyncio
import os
import signal
import socket

from .addresses import join_address, split_address
from .command import clean_environment, run_command
from .contact import Contact
from .waiting import PATIENCE, wait_until

LOG_TAIL_LINES = 60
END_SECONDS_MAX = 20.0 * PATIENCE
# Tests run as root as a rule, and nodes as ordinary users: what the system allows only root must not be what makes a node work.
WITHOUT_PRIVILEGES = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.getuid() == 0 else []


class Bristlecone:
    """
    `bristlecone run` on a data folder, and the commands that talk to it.

    It may be started and ended many times; the data folder and, once known, the address and port stay. It never
    contacts a bootstrap server but those it is given.

    With `ipv6` it listens on a second address; with `namespace` it runs there. `settings` are environment variables
    without the `BRISTLECONE_` that they begin with; `environment` are others, for the node alone and not for the
    commands that talk to it.
    """

    def __init__(self, binary, data, ip, ipv6=None, namespace=None, settings=None, environment=None):
        self.binary = str(binary)
        self.data = data
        self._listen = [join_address((host, 0)) for host in (ip, ipv6) if host is not None]
        self._namespace = namespace
        self._settings = settings or {}
        self._environment = environment or {}
        self._process = None
        self._log_path = data.with_suffix(".log")
        self.contact = None
        self.contact_ipv6 = None

    def __str__(self):
        return f"bristlecone node {' '.join(self._listen)}"

    # Life and death

    async def start(self, peers=(), arguments=()):
        """Starts the program, waits until it answers `status`, and returns itself."""
        await self._spawn(peers, arguments)
        await wait_until(self._answers, f"{self} answers on its control socket", 30.0)
        status = await self.status()
        self._listen = [endpoint["listen"] for endpoint in status["endpoints"]]
        contacts = [Contact(split_address(listen), bytes.fromhex(status["public_key"])) for listen in self._listen]
        self.contact = contacts[0]
        self.contact_ipv6 = next((contact for contact in contacts if ":" in contact.address[0]), None)
        return self

    async def kill_while_starting(self, seconds):
        """Starts the program and kills it that much later, in whatever it is doing."""
        await self._spawn((), ())
        await asyncio.sleep(seconds)
        await self.kill()

    async def kill(self):
        """SIGKILL: no chance to write anything."""
        await self._end(signal.SIGKILL)

    async def stop(self, signal_number=signal.SIGTERM):
        """SIGTERM or SIGINT, which must end it cleanly with status 0."""
        status = await self._end(signal_number)
        assert status == 0, f"{self} ended with status {status} after signal {signal_number}\n{self.log_tail()}"

    async def restart(self, peers=()):
        """Starts it again on the same data, address and port."""
        return await self.start(peers)

    async def discard(self):
        """Ends whatever still runs; for the end of a test."""
        if self.is_running:
            await self._end(signal.SIGKILL)

    @property
    def is_running(self):
        """Whether the process lives."""
        return self._process is not None and self._process.returncode is None

    @property
    def ended_by_itself(self):
        """Whether the process ended without being told to."""
        return self._process is not None and self._process.returncode is not None

    @property
    def pid(self):
        """The process id of the running node."""
        return self._process.pid

    def resident_bytes(self):
        """How much memory the process holds."""
        with open(f"/proc/{self.pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def log_tail(self):
        """The last lines that it printed."""
        if not self._log_path.exists():
            return ""
        lines = self._log_path.read_text(errors="replace").splitlines()
        return "\n".join(lines[-LOG_TAIL_LINES:])

    # Commands

    async def command(self, *arguments, seconds=30.0):
        """Runs a command against this node's data folder."""
        return await run_command(self.binary, *arguments, "--data", str(self.data), seconds=seconds)

    async def status(self):
        """`status --json`."""
        return await self._json("status")

    async def store(self, key, value, signed=True):
        """`store --json` with the value as hex digits."""
        flags = () if signed else ("--unsigned",)
        return await self._json("store", key.hex(), value.hex(), "--hex", *flags)

    async def find(self, key):
        """The set of (data, public key or None) that `find` brings; empty where it finds nothing."""
        return await self._found("find", key.hex())

    async def find_local(self, key):
        """The same from this node's archive alone."""
        return await self._found("find", key.hex(), "--local")

    async def ping(self, address):
        """`ping --json`."""
        return await self._json("ping", join_address(address))

    async def knows(self, mid):
        """Whether a contact of that identity is in its routing table."""
        return any(contact["mid"] == mid.hex() for contact in (await self.status())["contacts"])

    async def dropped(self):
        """The counters of dropped datagrams, by reason."""
        counters = (await self.status())["counters"]
        prefix = "dropped."
        return {name.removeprefix(prefix): count for name, count in counters.items() if name.startswith(prefix)}

    async def _json(self, *arguments):
        completed = await self.command(*arguments, "--json")
        assert completed.status == 0, f"{completed}\n{self.log_tail()}"
        return completed.json()

    async def _found(self, *arguments):
        completed = await self.command(*arguments, "--json")
        assert completed.status in (0, 1), f"{completed}\n{self.log_tail()}"
        assert completed.output.strip(), f"no report: {completed}\n{self.log_tail()}"
        return {
            (bytes.fromhex(value["data"]), bytes.fromhex(value["public_key"]) if value["public_key"] else None)
            for value in completed.json()["values"]
        }

    async def _spawn(self, peers, arguments):
        assert self._process is None, f"{self} runs already"
        command = [self.binary, "run", "--data", str(self.data)]
        for listen in self._listen:
            command += ["--listen", listen]
        if "BOOTSTRAP_SERVERS" not in self._settings:
            command += ["--no-bootstrap"]
        for peer in peers:
            command += ["--peer", join_address(getattr(peer, "contact", peer).address)]
        with open(self._log_path, "ab") as log:
            log.write(f"--- {' '.join(command[1:])}\n".encode())
            log.flush()
            command = WITHOUT_PRIVILEGES + command
            if self._namespace is not None:
                command = self._namespace.command(*command)
            self._process = await asyncio.create_subprocess_exec(
                *command, *arguments, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                env=clean_environment() | self._environment
                | {f"BRISTLECONE_{name}": value for name, value in self._settings.items()})

    def _answers(self):
        status = self._process.returncode
        assert status is None, f"{self} ended at once with status {status}\n{self.log_tail()}"
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                # By its name within the folder: a socket's path may not exceed 107 bytes.
                descriptor = os.open(self.data, os.O_PATH | os.O_DIRECTORY)
                try:
                    connection.connect(f"/proc/self/fd/{descriptor}/control.sock")
                finally:
                    os.close(descriptor)
            except OSError:
                return False
        return True

    async def _end(self, signal_number):
        process, self._process = self._process, None
        assert process is not None and process.returncode is None, f"{self} is not running\n{self.log_tail()}"
        process.send_signal(signal_number)
        try:
            return await asyncio.wait_for(process.wait(), END_SECONDS_MAX)
        except asyncio.TimeoutError:
            process.kill()
            await process.wait()
            raise AssertionError(f"{self} went on for {END_SECONDS_MAX:g} s after signal {signal_number}\n{self.log_tail()}") from None
