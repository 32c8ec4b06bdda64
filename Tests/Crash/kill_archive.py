#!/usr/bin/env python3
"""Kills a program that stores at full speed, at random moments, and looks whether everything acknowledged is there.

    swift build --product ArchiveWriter
    Tests/Crash/kill_archive.py [--rounds 20] [--seed N] [--program .build/debug/ArchiveWriter] [--folder DIR]

After each kill the archive is opened again. Nothing that was acknowledged may be missing or altered, no version may
have gone back, every signature is right, what is served is what is held, and the index, once it has followed, says
what the archive says, without having been rebuilt.
"""

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GROUPS = (1, 8, 64, 256)


def read_into(stream, chunks):
    while chunk := os.read(stream.fileno(), 1 << 16):
        chunks.append(chunk)


def write_and_kill(program, folder, round_number, rng):
    """Lets the program store for a random time; the lines that it got out whole, and whether it was killed."""
    group = rng.choice(GROUPS)
    process = subprocess.Popen([program, "write", folder, str(round_number), str(group)], stdout=subprocess.PIPE)
    chunks = []
    reader = threading.Thread(target=read_into, args=(process.stdout, chunks))
    reader.start()
    # One kill in eight falls into the opening.
    if rng.random() < 0.125:
        time.sleep(rng.uniform(0, 0.03))
    else:
        while not chunks and process.poll() is None:
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.8))
    process.send_signal(signal.SIGKILL)
    process.wait()
    reader.join()
    process.stdout.close()
    lines = b"".join(chunks).split(b"\n")[:-1]
    return [line.decode() for line in lines], process.returncode == -signal.SIGKILL


def remove_index(folder):
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.remove(os.path.join(folder, f"index.sqlite{suffix}"))


def take(held, lines):
    """Keeps the highest version of each identity under each target."""
    for line in lines:
        target, identity, version, digest = line.split(" ")
        key = (target, identity)
        if key not in held or int(version) >= held[key][0]:
            held[key] = (int(version), digest)


def verify(program, folder, held, *words):
    text = "".join(f"{t} {i} {version} {digest}\n" for (t, i), (version, digest) in held.items())
    done = subprocess.run([program, "verify", folder, *words], input=text, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    faults = [line for line in lines if line.startswith("!")]
    if done.returncode != 0 and not faults:
        faults = [f"! the archive did not open: exit status {done.returncode}: {done.stderr.strip()}"]
    return [line for line in lines if not line.startswith("!")], faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--program", default=os.path.join(ROOT, ".build", "debug", "ArchiveWriter"))
    parser.add_argument("--folder", help="kept afterwards; a temporary one otherwise")
    options = parser.parse_args()
    if not os.access(options.program, os.X_OK):
        sys.exit(f"{options.program} is not there: build it with `swift build --product ArchiveWriter`.")
    folder = options.folder or tempfile.mkdtemp(prefix="kill-archive-")
    os.makedirs(folder, exist_ok=True)
    rng = random.Random(options.seed)
    held, acknowledged, begun = {}, 0, time.monotonic()
    for round_number in range(1, options.rounds + 1):
        index = "whole"
        if rng.random() < 0.2:
            index = "rebuild"
            remove_index(folder)
        lines, was_killed = write_and_kill(options.program, folder, round_number, rng)
        if not was_killed:
            sys.exit(f"round {round_number}, seed {options.seed}: the program ended by itself, {folder} is kept")
        acknowledged += len(lines)
        take(held, lines)
        found, faults = verify(options.program, folder, held, index)
        if faults:
            print("\n".join(faults[:20]))
            sys.exit(f"round {round_number}, seed {options.seed}: {len(faults)} faults, {folder} is kept")
        # What was on the disk without having been acknowledged may not go back either from now on.
        take(held, found)
    print(
        f"{options.rounds} kills, {acknowledged} acknowledged values, {len(held)} held at the end, none lost or "
        f"altered, no version went back, index and archive agree; seed {options.seed}, "
        f"{time.monotonic() - begun:.0f} s"
    )
    if not options.folder:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
