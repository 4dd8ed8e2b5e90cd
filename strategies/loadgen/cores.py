"""Who runs on which processor core while it is measured.

A scheduler moves a server and its load generator between cores, puts them on one core while both are calm and parts
them once they are not, so that the same run repeated gives another latency. With a core of its own for the generator
there is nothing left to decide.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_own: ContextVar[int | None] = ContextVar("core of the load generator", default=None)


@contextmanager
def apart() -> Iterator[bool]:
    """Keep one core for the load generator: whatever this thread starts meanwhile runs on the others.

    Gives whether that was possible: it takes Linux and two cores. A container's processes are started by its engine,
    not by this thread, and stay where they are.
    """
    if sys.platform != "linux" or len(usable := os.sched_getaffinity(0)) < 2:
        yield False
        return
    own = min(usable)
    os.sched_setaffinity(0, usable - {own})
    token = _own.set(own)
    try:
        yield True
    finally:
        _own.reset(token)
        os.sched_setaffinity(0, usable)


@contextmanager
def on_own_core() -> Iterator[None]:
    """Run on the core that `apart` keeps for the load generator; anywhere without it."""
    own = _own.get()
    if own is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {own})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def parted() -> bool:
    """Whether the load generator has a core of its own now."""
    return _own.get() is not None


def usable_cores() -> int:
    """Cores that this thread, and what it starts, may run on."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
