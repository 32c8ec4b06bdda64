"""Lookups and stores on a machine that may be busy."""

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


async def stores(peer, key, data, signed=True, acknowledged_min=1):
    """Waits until a store by a py-ipv8 peer is acknowledged by so many; acknowledgements that come late do not count."""

    async def is_acknowledged():
        try:
            return len(await peer.store(key, data, signed=signed)) >= acknowledged_min
        except DHTError:
            # So the reference ends a store that nobody acknowledges.
            return False

    await wait_until(is_acknowledged, f"{acknowledged_min} acknowledge a store of {peer}", every=1.0)
