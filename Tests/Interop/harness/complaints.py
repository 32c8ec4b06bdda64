"""What a reference peer had to say against a packet it was sent."""

import logging

EXCUSED = (
    # A late answer is nobody's fault: the reference forgets a request after its time-out.
    "unknown identifier",
    # Nor is this another's: it cannot answer an introduction request of the old style where it prefers IPv6.
    "Could not pack item: ('ipv4', UDPv6Address",
)


class Complaints(logging.Handler):
    """Collects the warnings and errors that one reference peer logs; an undecodable packet is among them."""

    def __init__(self, name):
        super().__init__(logging.WARNING)
        self.name_of_peer = name
        self.lines = []

    def emit(self, record):
        message = record.getMessage()
        if not any(excuse in message for excuse in EXCUSED):
            self.lines.append(f"{self.name_of_peer}: {message.strip()}")

    def logger(self):
        """A logger that reports here, for the peer to use in place of its own."""
        logger = logging.getLogger(f"reference.{self.name_of_peer}")
        logger.setLevel(logging.WARNING)
        logger.addHandler(self)
        return logger
