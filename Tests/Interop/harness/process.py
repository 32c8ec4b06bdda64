"""What a process takes of the machine."""

import time


def cpu_seconds(pid):
    """Its processor time so far, of all its threads, whether it is our own child or not."""
    # The clock of another process, as clock_getcpuclockid makes it.
    return time.clock_gettime((~pid << 3) | 2)
