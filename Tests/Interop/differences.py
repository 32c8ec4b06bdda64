"""
Where our decoder and the reference's do not agree on a packet or a value, and why: the whole list.

A difference that is in no rule here fails `test_differential.py`, and so does a rule that no packet shows any more.
"""

import dataclasses
import typing


@dataclasses.dataclass(frozen=True)
class Difference:
    """A kind of input on which the two do not agree."""

    name: str
    reason: str
    applies: typing.Callable


def refused(answer):
    """Why it was refused; None where it was not."""
    return answer.get("refused")


PACKETS = []
VALUES = []
