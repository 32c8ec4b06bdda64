"""The programs that are measured, each a process that ends with this one."""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
SYSTEM_PYTHON = "/usr/bin/python3"
START_SECONDS_MAX = 60.0
END_SECONDS_MAX = 20.0
# Loopback addresses whose node ids lie far apart; the system chooses the ports.
OUR_HOST, THEIR_HOST = "127.3.17.1", "127.9.42.2"


class Broken(Exception):
    """A program that did not do what it should, as a sentence."""


def say(line):
    """Prints progress."""
    print(line, file=sys.stderr, flush=True)


@contextlib.contextmanager
def running(*command, cwd=None, log=subprocess.DEVNULL):
    """A process that ends when its input ends, or soon after."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BRISTLECONE")}
    process = subprocess.Popen(
        [str(part) for part in command], cwd=cwd, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=log, text=True)
    try:
        yield process
    finally:
        with contextlib.suppress(OSError):
            process.stdin.close()
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(END_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def load(generator, instructions):
    """Has the generator do what it is told; what it measured."""
    with running(generator, "run", log=None) as process:
        process.stdin.write(json.dumps(instructions) + "\n")
        process.stdin.close()
        return [result["measurement"] for result in map(json.loads, process.stdout) if "measurement" in result]


def first_line(process, what):
    """The first line that a process prints."""
    giving_up = threading.Timer(START_SECONDS_MAX, process.kill)
    giving_up.start()
    line = process.stdout.readline().strip()
    giving_up.cancel()
    if not line:
        raise Broken(f"{what} did not start: it ended or said nothing within {START_SECONDS_MAX:g} s")
    return line


@contextlib.contextmanager
def bristlecone(program, folder, under=(), host=OUR_HOST, arguments=()):
    """One of our nodes with default settings, run by another program if need be; yields its address and process id."""
    data = folder / "data"
    log_path = folder / "bristlecone.log"
    with open(log_path, "wb") as log, running(
            *under, program, "run", "--data", data, "--listen", f"{host}:0", "--no-bootstrap", *arguments, log=log) as process:
        # Nobody reads what it prints meanwhile.
        threading.Thread(target=process.stdout.read, daemon=True).start()
        deadline = time.monotonic() + START_SECONDS_MAX
        while (address := listen_address(program, data)) is None:
            if process.poll() is not None or time.monotonic() > deadline:
                raise Broken(f"{program} did not start:\n{log_path.read_text(errors='replace')[-2000:]}")
            time.sleep(0.1)
        yield address, process.pid


def listen_address(program, data):
    """Where the node on a data folder listens; None if it does not answer yet."""
    completed = subprocess.run(
        [str(program), "status", "--data", str(data), "--json"], capture_output=True, text=True, check=False)
    return json.loads(completed.stdout)["endpoints"][0]["listen"] if completed.returncode == 0 else None


@contextlib.contextmanager
def py_ipv8():
    """A py-ipv8 node; yields its address and process id."""
    with running(sys.executable, HERE / "reference.py", THEIR_HOST) as process:
        yield first_line(process, "py-ipv8"), process.pid


@contextlib.contextmanager
def echo(generator):
    """What answers without doing anything; yields its address and process id."""
    with running(generator, "echo") as process:
        yield first_line(process, generator), process.pid


def opendht(seconds):
    """What OpenDHT comes to, or why it was not measured."""
    probe = subprocess.run(
        [SYSTEM_PYTHON, "-c", "import ctypes, opendht; ctypes.CDLL('libopendht-c.so.2')"], capture_output=True,
        check=False) if os.path.exists(SYSTEM_PYTHON) else None
    if probe is None or probe.returncode != 0:
        return {"absent": "the Debian packages python3-opendht and libopendht-c2 are not installed"}
    with running(SYSTEM_PYTHON, HERE / "scale.py", "serve") as process:
        port = first_line(process, "OpenDHT")
        load = subprocess.run(
            [SYSTEM_PYTHON, HERE / "scale.py", "load", port, str(process.pid), str(seconds)], capture_output=True,
            text=True, timeout=300, check=False)
        if load.returncode != 0:
            return {"absent": f"its load ended with status {load.returncode}: {load.stderr.strip()[-300:]}"}
        return json.loads(load.stdout)
