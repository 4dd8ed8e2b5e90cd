"""A process that does nothing on the side while it measures."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the garbage collector still: a collection over a full heap takes tens of milliseconds.

    What a run allocates is freed by reference counts; cycles wait until the end.
    """
    was_on = gc.isenabled()
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        if was_on:
            gc.enable()
