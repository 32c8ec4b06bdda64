"""Lookups on a machine that may be busy."""

from ipv8.dht import DHTError

from .waiting import wait_until


async def finds(seeker, key, values, seconds=45.0):
    """
    Waits until a lookup by `seeker`, a py-ipv8 peer or a node of ours, brings these values and no others.

    Whom a lookup asks has 2 s to answer, which a busy machine does not always keep; it then goes on without them.
    """
    found = None

    async def brings_them():
        nonlocal found
        try:
            found = await seeker.find(key)
        except DHTError as error:
            # So the reference ends a lookup that has nobody to ask.
            found = error
        return found == values

    try:
        await wait_until(brings_them, f"{seeker} finds what is under {key.hex()}", seconds, every=0.5)
    except AssertionError as error:
        raise AssertionError(f"{error}: {values}; found {found}") from None
