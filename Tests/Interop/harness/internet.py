"""A small Internet of network namespaces: public addresses, and homes behind NATs."""

import itertools

ROUTER_RULES = """
table ip home {
    chain outgoing {
        type nat hook postrouting priority 100;
        oifname "%(outside)s" masquerade;
    }
    chain unasked {
        type filter hook input priority 0;
        iifname "%(outside)s" drop;
    }
}
"""


class Internet:
    """
    The machines with public addresses share a namespace; each home has one, and its router another.

    The routers are as most are: they keep a peer's port towards everybody, and let in only what answers something that
    the peer has sent. What comes unasked they drop without a trace.
    """

    def __init__(self, namespaces):
        self._namespaces = namespaces
        self._numbers = itertools.count(1)
        self.public = namespaces.make()
        self.public.forward()

    def take_address(self):
        """The next public address; each is of a network of its own."""
        address = f"198.18.{next(self._numbers)}.1"
        self.public.add_address(address)
        return address

    def home(self):
        """A `Home` behind a NAT of its own."""
        return Home(self._namespaces, self.public, next(self._numbers))


class Home:
    """A private network behind a router, with one public address for all that is in it."""

    def __init__(self, namespaces, public, number):
        self._prefix = f"192.168.{number}."
        self._numbers = itertools.count(3)
        self.address, self.outside = f"{self._prefix}2", f"198.19.{number}.1"
        self.namespace, router = namespaces.make(), namespaces.make()
        _, outside = namespaces.join(public, f"198.19.{number}.254/24", router, f"{self.outside}/24")
        self._device, _ = namespaces.join(self.namespace, f"{self.address}/24", router, f"{self._prefix}1/24")
        router.route("default", "via", f"198.19.{number}.254")
        self.namespace.route("default", "via", f"{self._prefix}1")
        router.forward()
        router.run("nft", ROUTER_RULES % {"outside": outside})

    def take_address(self):
        """One more private address, for one more machine in this home."""
        address = f"{self._prefix}{next(self._numbers)}"
        self.namespace.add_address(f"{address}/24", self._device)
        return address
