"""
An OpenDHT node under load, for scale: what putting and getting a value costs another DHT's node.

    scale.py serve                   a node, until its input ends; says on which port it listens
    scale.py load PORT PID SECONDS   loads that node and prints what came of it, as JSON

The node is OpenDHT's own library by its Python binding, and does what the program `dhtnode` does. The program cannot be told
to lift its limit of requests per peer; the binding can. The load goes through the library's C interface, because the Python
binding cannot put signed values.

Runs with the system's Python, which the Debian packages python3-opendht and libopendht-c2 belong to.
"""

import ctypes
import json
import os
import sys
import threading
import time

HASH_BYTES = 20
VALUE_BYTES = 100
IN_FLIGHT = 32
ANSWER_SECONDS_MAX = 20.0
JOIN_SECONDS_MAX = 30.0
UNLIMITED = 1 << 30

GET_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p, ctypes.c_void_p)
DONE_CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_bool, ctypes.c_void_p)


class Identity(ctypes.Structure):
    """`dht_identity`: what a node signs with."""

    _fields_ = [("private_key", ctypes.c_void_p), ("certificate", ctypes.c_void_p)]


class Configuration(ctypes.Structure):
    """`dht_runner_config`."""

    _fields_ = [
        ("node_id", ctypes.c_uint8 * HASH_BYTES), ("network", ctypes.c_uint32), ("is_bootstrap", ctypes.c_bool),
        ("maintain_storage", ctypes.c_bool), ("persist_path", ctypes.c_char_p), ("identity", Identity),
        ("threaded", ctypes.c_bool), ("proxy_server", ctypes.c_char_p), ("push_node_id", ctypes.c_char_p),
        ("push_token", ctypes.c_char_p), ("push_topic", ctypes.c_char_p), ("push_platform", ctypes.c_char_p),
        ("peer_discovery", ctypes.c_bool), ("peer_publish", ctypes.c_bool), ("server_ca", ctypes.c_void_p),
        ("client_identity", Identity), ("log", ctypes.c_bool)]


class Client:
    """A node of the load, which knows only the one that is measured."""

    def __init__(self, port):
        library = self._library = ctypes.CDLL("libopendht-c.so.2")
        # What the library may still call. It does not say when it is done with a callback.
        self._callbacks = []
        library.dht_runner_new.restype = library.dht_value_new.restype = ctypes.c_void_p
        library.dht_identity_generate.restype = Identity
        configuration = Configuration()
        library.dht_runner_config_default(ctypes.byref(configuration))
        configuration.identity = library.dht_identity_generate(b"bench", None)
        configuration.threaded = True
        configuration.peer_discovery = configuration.peer_publish = False
        self._runner = ctypes.c_void_p(library.dht_runner_new())
        if library.dht_runner_run_config(self._runner, ctypes.c_uint16(0), ctypes.byref(configuration)) != 0:
            raise OSError("OpenDHT did not start a node for the load")
        library.dht_runner_bootstrap(self._runner, b"127.0.0.1", str(port).encode())

    def put(self, key, done):
        """Puts a value, unsigned."""
        self._put(self._library.dht_runner_put, key, done)

    def put_signed(self, key, done):
        """Puts a value, signed with this node's RSA key."""
        self._put(self._library.dht_runner_put_signed, key, done)

    def get(self, key, done):
        """Gets the values under a key; tells `done` whether there was one."""
        found = []

        def was_found(value, _):
            found.append(value)
            return True

        callbacks = GET_CALLBACK(was_found), DONE_CALLBACK(lambda ok, _: done(ok and bool(found)))
        self._callbacks.append(callbacks)
        self._library.dht_runner_get(self._runner, hash_of(key), *callbacks, None)

    def _put(self, function, key, done):
        data = os.urandom(VALUE_BYTES)
        value = ctypes.c_void_p(self._library.dht_value_new(data, ctypes.c_size_t(len(data))))
        callback = DONE_CALLBACK(lambda ok, _: done(ok))
        self._callbacks.append(callback)
        function(self._runner, hash_of(key), value, callback, None, ctypes.c_bool(False))
        self._library.dht_value_unref(value)


def hash_of(key):
    """A key as the library takes it."""
    return (ctypes.c_uint8 * HASH_BYTES).from_buffer_copy(key)


def cpu_seconds(pid):
    """The processor time of a process, to the nanosecond."""
    return time.clock_gettime((~pid << 3) | 2)


def measure(operation, keys, pid, seconds):
    """Has up to `IN_FLIGHT` operations under way for so long; what they cost the node."""
    room = threading.Semaphore(IN_FLIGHT)
    lock, succeeded, failed = threading.Lock(), [], []

    def done_with(key):
        def done(ok):
            with lock:
                (succeeded if ok else failed).append(key)
            room.release()
        return done

    before, start = cpu_seconds(pid), time.monotonic()
    asked = 0
    for key in keys:
        if time.monotonic() - start >= seconds or not room.acquire(timeout=ANSWER_SECONDS_MAX):
            break
        asked += 1
        operation(key, done_with(key))
    for _ in range(IN_FLIGHT):
        room.acquire(timeout=ANSWER_SECONDS_MAX)
    elapsed, used = time.monotonic() - start, cpu_seconds(pid) - before
    count = len(succeeded)
    result = {
        "asked": asked, "answered": count, "rate": count / elapsed,
        "cpu_microseconds": used / count * 1e6 if count else None}
    return result, list(succeeded)


def load(port, pid, seconds):
    """Puts and gets, and prints the results."""
    writer = Client(port)
    deadline = time.monotonic() + JOIN_SECONDS_MAX
    while not measure(writer.put, [os.urandom(HASH_BYTES)], pid, 1.0)[1]:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the OpenDHT node on port {port} accepted no value within {JOIN_SECONDS_MAX:g} s")
    fresh = iter(lambda: os.urandom(HASH_BYTES), None)
    results = {}
    results["put_unsigned"], unsigned = measure(writer.put, fresh, pid, seconds)
    results["put_signed"], signed = measure(writer.put_signed, fresh, pid, seconds)
    # A node of its own, which holds none of the values.
    reader = Client(port)
    measure(reader.get, unsigned[:1], pid, 1.0)
    results["get_unsigned"], _ = measure(reader.get, unsigned[1:], pid, seconds)
    results["get_signed"], _ = measure(reader.get, signed, pid, seconds)
    print(json.dumps(results), flush=True)
    # The library's threads would go on for a while.
    os._exit(0)


def serve():
    """A node, until its input ends."""
    import opendht

    configuration = opendht.DhtConfig()
    configuration.setRateLimit(UNLIMITED, UNLIMITED)
    node = opendht.DhtRunner()
    node.run(port=0, config=configuration)
    print(node.getBound().getPort(), flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve()
    else:
        load(int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
