"""A process that does nothing on the side while it measures."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_TURN_S = 0.0001


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the garbage collector still, and other threads short.

    A collection over a full heap takes tens of milliseconds; what a run allocates is freed by reference counts, and
    cycles wait until the end. Another thread (one that samples memory, say) may hold the interpreter for 5 ms at a time
    unless told otherwise.
    """
    was_on, turn_s = gc.isenabled(), sys.getswitchinterval()
    sys.setswitchinterval(_TURN_S)
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        sys.setswitchinterval(turn_s)
        gc.unfreeze()
        if was_on:
            gc.enable()
