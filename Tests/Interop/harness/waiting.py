"""Waiting for something to become true, with a bound."""

import asyncio
import inspect
import time

# What takes a second on a machine with time to spare may take so many on one that does several things at once.
PATIENCE = 3


async def wait_until(condition, what, seconds=20.0, every=0.05):
    """
    Polls `condition` (plain or async) until it is truthy and returns its value; fails with `what` after `seconds`.

    They are those of a machine with time to spare.
    """
    seconds *= PATIENCE
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s in vain for this: {what}")
        await asyncio.sleep(every)
