"""The machine that a benchmark runs on, and how quiet it was."""

import multiprocessing
import os
import platform
import resource
import statistics
import time

SYNCS = 50
PAGE = bytes(4096)
# Of /proc/stat's columns.
IDLE_COLUMNS, STEAL_COLUMN, COLUMNS = (3, 4), 7, 8
# For how many seconds all cores count, in windows of what length, and below which share of the usual a window is slow.
SLOW_SECONDS, SLOW_WINDOW, SLOW_BELOW = {"full": 10.0, "quick": 0.5}, 0.02, 0.6


def describe(folder):
    """What it is, and what a sync of a page costs in a folder of it."""
    return {
        "processor": field("/proc/cpuinfo", "model name"), "cores": os.cpu_count(),
        "memory_bytes": int(field("/proc/meminfo", "MemTotal").split()[0]) * 1024, "kernel": platform.release(),
        "file_system": file_system(folder), "sync_microseconds": sync_microseconds(folder)}


def field(path, name):
    """The first value of a name in a file of lines `name: value`."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            key, _, value = line.partition(":")
            if key.strip() == name:
                return value.strip()
    return "unknown"


def file_system(folder):
    """The kind of file system that a folder is on."""
    folder, best, kind = str(folder.resolve()), "", "unknown"
    with open("/proc/self/mounts", encoding="utf-8") as file:
        for line in file:
            _, place, name = line.split()[:3]
            if (folder + "/").startswith(place.rstrip("/") + "/") and len(place) >= len(best):
                best, kind = place, name
    return kind


def sync_microseconds(folder):
    """What appending a page and syncing it takes, the median."""
    path = folder / "sync-probe"
    times = []
    with open(path, "wb", buffering=0) as file:
        for _ in range(SYNCS):
            start = time.perf_counter()
            file.write(PAGE)
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - start)
    path.unlink()
    return statistics.median(times) * 1e6


def slow_share(seconds):
    """
    The share of time in which the cores did less than `SLOW_BELOW` of what they usually do.

    A host can slow a virtual machine's cores down without saying so: neither steal nor load shows it, but latencies do.
    """
    with multiprocessing.Pool(os.cpu_count()) as pool:
        slow = pool.starmap(slow_windows, [(core, seconds) for core in sorted(os.sched_getaffinity(0))], chunksize=1)
    return statistics.mean(slow)


def slow_windows(core, seconds):
    """The same for one core, which does nothing else meanwhile."""
    os.sched_setaffinity(0, {core})
    counts = [0] * round(seconds / SLOW_WINDOW)
    begun = time.monotonic()
    while (window := int((time.monotonic() - begun) / SLOW_WINDOW)) < len(counts):
        sum(range(1000))
        counts[window] += 1
    usual = statistics.median(counts)
    return sum(count < SLOW_BELOW * usual for count in counts) / len(counts)


class Watch:
    """How much of the machine others took while something was measured."""

    def __init__(self):
        self._start = time.monotonic()
        self._load = os.getloadavg()[0]
        self._ticks = self._read()
        self._own = self._own_seconds()

    def result(self):
        """Shares of all processor time since the beginning. The processes measured have to have ended."""
        ticks = [after - before for after, before in zip(self._read(), self._ticks)]
        total = sum(ticks) / os.sysconf("SC_CLK_TCK")
        steal = ticks[STEAL_COLUMN] / os.sysconf("SC_CLK_TCK")
        idle = sum(ticks[column] for column in IDLE_COLUMNS) / os.sysconf("SC_CLK_TCK")
        own = self._own_seconds() - self._own
        return {
            "seconds": time.monotonic() - self._start, "load_before": self._load, "load_after": os.getloadavg()[0],
            "steal_share": steal / total, "own_share": own / total,
            "other_share": max(0.0, total - idle - steal - own) / total}

    @staticmethod
    def _read():
        with open("/proc/stat", encoding="ascii") as file:
            return [int(number) for number in file.readline().split()[1:1 + COLUMNS]]

    @staticmethod
    def _own_seconds():
        usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(usage.ru_utime + usage.ru_stime for usage in usages)
