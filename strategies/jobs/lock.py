"""One measurement at a time on the whole machine, whatever number of Drydock processes there are."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from data.errors import Cancelled

_LOOK_EVERY_S = 0.1


@contextmanager
def machine_lock(path: str, waits: Callable[[], None], cancelled: Callable[[], bool]) -> Iterator[None]:
    """Hold the lock on that file; without a path there is nothing to hold.

    Parameters
    ----------
    path
        The file. The system lets go of it when the process that holds it ends, however it ends.
    waits
        Called once if another process holds it.
    cancelled
        Whether to give up waiting, with `Cancelled`.
    """
    if not path:
        yield
        return
    lock = FileLock(path)
    told = False
    while True:
        try:
            lock.acquire(timeout=0)
            break
        except Timeout:
            if not told:
                waits()
                told = True
        if cancelled():
            raise Cancelled("Cancelled while another Drydock on this machine measured.")
        time.sleep(_LOOK_EVERY_S)
    try:
        yield
    finally:
        lock.release()
