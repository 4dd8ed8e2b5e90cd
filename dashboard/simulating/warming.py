"""Compiling the simulator in the background, so that nobody who moves a slider waits for it.

The compiled engine is kept on disk. Where it is not there yet, a process of the job queue compiles it, once; then it is
loaded into this process by a thread, which takes a second or two.
"""

import logging
import threading
from enum import Enum

from data.errors import DrydockError
from strategies.jobs import shared_queue

COMPILE = "dashboard.simulating.compiling:compile_engine"
_logger = logging.getLogger(__name__)


class Warmth(Enum):
    """How far it is."""

    COLD = "cold"
    COMPILING = "compiling"
    READY = "ready"


_lock = threading.Lock()
_now = Warmth.COLD


def warmth() -> Warmth:
    """How far it is; the first call begins."""
    global _now
    with _lock:
        if _now is Warmth.COLD:
            _now = Warmth.COMPILING
            threading.Thread(target=_warm, name="compile the simulator", daemon=True).start()
        return _now


def _warm() -> None:
    global _now
    from dashboard.simulating.compiling import compile_engine, is_compiled

    try:
        if not is_compiled():
            queue = shared_queue()
            job = queue.submit(COMPILE, {}, lane="simulate", title="Compiling the simulator")
            queue.wait(job.id)
        compile_engine({}, lambda *_: None, lambda: False)
    except DrydockError:  # the page is being closed
        _logger.debug("The simulator was not compiled", exc_info=True)
    with _lock:
        _now = Warmth.READY
