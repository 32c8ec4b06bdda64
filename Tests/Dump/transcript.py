"""Runs commands as a shell would, and tells what came of them in a form that is the same tomorrow."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios

# Escape sequences may stand right before a day, and the margin of a terminal may cut what follows it, or the day itself.
DAY = re.compile(r"(?<!\d)\d{4}-\d\d-\d\d(?= (in )?\d+ \w+| ?(in )?\d*…)")
CUT_DAY = re.compile(r"(?<![\d-])20\d\d-[\d-]*(?=…)")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
# What differs from archive to archive, from machine to machine or from run to run, and what stands for it.
CHANGING = [
    # A line that tells how far something is, which a fast machine does not come to: the next one is written over it.
    (re.compile(r"\r\x1b\[K[^\r\n]*(?=\r\x1b\[K)"), ""),
    (re.compile(r"\r\x1b\[K"), ""),
    (re.compile(r"([Aa]rchive )[0-9a-f]{32}|(Archive )[0-9a-f]{8}…[0-9a-f]{4}"), r"\1\2<id>"),
    (re.compile(r'("archive(?:_id)?":")[0-9a-f]{32}'), r"\1<id>"),
    # The header of a dump, which names its archive, its last change and the checksum of that.
    (re.compile(r'("item":"0003[0-9a-f]{20})[0-9a-f]{64}'), r"\1<origin>"),
    (re.compile(r'("checksum":")[0-9a-f]{16}'), r"\1<checksum>"),
    (re.compile(r"(free on the disk +)[\d.]+ \w+"), r"\1<space>"),
    (re.compile(r'("disk_free_bytes":)\d+'), r"\1<bytes>"),
    (re.compile(r"(\d+ h) \d+ min"), r"\1 <n> min"),
    # Only told by what takes longer than a second.
    (re.compile(r"(signatures +\d+), \d+ a second; libsodium alone .*"), r"\1"),
    (re.compile(r'("bare_signature_rate":)[\d.e+-]+'), r"\1null"),
    (re.compile(r"\bin [\d.]+ m?s \(\d+ a second\)"), "in <seconds> (<rate> a second)"),
    (re.compile(r"\bin [\d.]+ m?s\b"), "in <seconds>"),
    (re.compile(r'("seconds":)[\d.e-]+(?=[,}])'), r"\1<seconds>"),
    (re.compile(r"(Compacted \S+ from )[\d.]+ \w+ to [\d.]+ \w+: .*"), r"\1<space> to <space>"),
    (re.compile(r'("bytes_(?:before|after|won)":)-?\d+'), r"\1<bytes>"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "<root>"),
]


def environment(**more):
    """A shell's environment without settings of ours, and without what changes how output looks."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith("BRISTLECONE") and name not in ("NO_COLOR", "TERM", "COLUMNS")}
    return {**kept, "LC_ALL": "C.UTF-8", **more}


def run(tool, arguments, folder, seconds=90, **options):
    """Runs the tool in a folder; returns its status, output and errors."""
    done = subprocess.run(
        [tool, *arguments], cwd=folder, env=environment(), stdin=subprocess.DEVNULL, capture_output=True,
        timeout=seconds, check=False, **options)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def run_on_terminal(tool, arguments, folder, columns, seconds=90, **more):
    """Runs the tool on a terminal of so many columns; returns its status and what the terminal was sent."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen(
        [tool, *arguments], cwd=folder, env=environment(**{"TERM": "xterm", **more}), stdin=slave, stdout=slave,
        stderr=slave, close_fds=True)
    os.close(slave)
    sent = b""
    try:
        while True:
            readable, _, _ = select.select([master], [], [], seconds)
            assert readable, f"nothing came for {seconds} s: {sent!r}"
            try:
                part = os.read(master, 65536)
            except OSError:
                break
            if not part:
                break
            sent += part
        status = process.wait(seconds)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(master)
    return status, sent.decode().replace("\r\n", "\n")


def steady(text):
    """Text without what differs from run to run: a time keeps its length, so that columns stay columns."""
    text = DAY.sub("yyyy-mm-dd", TIME.sub("yyyy-mm-ddThh:mm:ssZ", text))
    text = CUT_DAY.sub(lambda day: "yyyy-mm-dd"[:len(day[0])], text)
    for pattern, replacement in CHANGING:
        text = pattern.sub(replacement, text)
    return text


def told(arguments, status, *parts):
    """What a user would see: the command, what it printed, and its exit status where that is not 0."""
    words = " ".join(f"'{word}'" if not word or re.search(r"[^\w./:=-]", word) else word for word in arguments)
    text = "".join(steady(part).replace("\x1b", "␛") for part in parts)
    ending = "" if text.endswith("\n") or not text else "\n"
    return f"$ bristlecone-dump {words}\n{text}{ending}" + (f"[exit status {status}]\n" if status else "") + "\n"
