"""When two things happen at the same instant: the order that every engine keeps.

Moments are processed by (time, rank, who, where, key). The rank comes from the table below; `who` is the request's
number (or the unit's, for what concerns no request), `where` the number of the step in the plan's tree, parents first
(or the replica's), and `key` the draw key of the try, which only tells tries of the same request apart. Nothing depends
on the order in which an engine happened to plan its events.

Whatever follows from a moment at once belongs to it. What a request does next over a hop, after a pause, or when an
answer has come back, is a moment of its own, even if no time passes.
"""

from enum import IntEnum


class Rank(IntEnum):
    """What comes first at one instant."""

    DECIDE = 0
    """A release policy changes the shares of the versions, having seen all that ended before now."""
    COMPLETE = 1
    """A service ends and its worker takes the next."""
    RESUME = 2
    """An answer (or a refusal) is back at its caller."""
    CRASH = 3
    READY = 4
    """A replica has started."""
    EXPIRE = 5
    """An idle instance is removed."""
    WAITED = 6
    """A job has waited long enough for its batch."""
    TICK = 7
    """A scheduled batch begins."""
    SCALE = 8
    """An autoscaler looks."""
    START = 9
    """A request arrives from the workload."""
    RETRY = 10
    """A pause before a retry is over."""
    ARRIVE = 11
    """A request reaches a station: it finds there all that ended, started and became ready by now."""
    TIMEOUT = 12
    """A deadline passes: an answer at that very instant still counted."""


WHO_BITS = 44
WHERE_BITS = 14


def order(rank: int, who: int, where: int) -> int:
    """Rank, who and where as one word; smaller comes first."""
    return (rank << (WHO_BITS + WHERE_BITS)) | (who << WHERE_BITS) | where
