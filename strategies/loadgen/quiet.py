"""A process that does nothing on the side while it measures, and wakes when it wants to."""

import ctypes
import gc
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

WAKE_ERROR_S = 0.0001 if sys.platform == "linux" else 0.002
"""How long after its time a wait with microseconds may end, in a process that is `quiet`."""
_TURN_S = 0.0001
_WAKE_LATENCY = Path("/dev/cpu_dma_latency")
_SET_TIMER_SLACK, _GET_TIMER_SLACK = 29, 30  # of prctl(2)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the garbage collector still, other threads short and timers sharp.

    A collection over a full heap takes tens of milliseconds; what a run allocates is freed by reference counts, and
    cycles wait until the end. Another thread (one that samples memory, say) may hold the interpreter for 5 ms at a time
    unless told otherwise. Linux lets a timer be 50 µs late to save power; without that slack a wait ends some 20 µs
    late instead of 70, and the difference need not be spent looking at the clock. And who may (root) keeps the
    processors from falling asleep: how long they take to wake differs by more than what is to be measured.
    """
    was_on, turn_s, slack_ns = gc.isenabled(), sys.getswitchinterval(), _timer_slack_ns()
    sys.setswitchinterval(_TURN_S)
    _set_timer_slack(1)
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        with _awake():
            yield
    finally:
        gc.unfreeze()
        if was_on:
            gc.enable()
        _set_timer_slack(slack_ns)
        sys.setswitchinterval(turn_s)


@contextmanager
def _awake() -> Iterator[None]:
    """Ask Linux for waits that end at once, as cyclictest does (kernel documentation, power/pm_qos_interface).

    The wish holds as long as the file is open.
    """
    try:
        wish = _WAKE_LATENCY.open("wb", buffering=0)
    except OSError:
        yield
        return
    with wish:
        with suppress(OSError):
            wish.write(struct.pack("=i", 0))
        yield


def _timer_slack_ns() -> int:
    return int(ctypes.CDLL(None).prctl(_GET_TIMER_SLACK, 0, 0, 0, 0)) if sys.platform == "linux" else 0


def _set_timer_slack(nanoseconds: int) -> None:
    """Of the calling thread; the kernel may refuse, which costs accuracy and nothing else."""
    if sys.platform == "linux" and nanoseconds > 0:
        ctypes.CDLL(None).prctl(_SET_TIMER_SLACK, nanoseconds, 0, 0, 0)
