"""The process that runs one job: ``python -m strategies.jobs.worker``.

It reads one line of JSON from standard input, what to run, and then keeps it as a lifeline: the line ``cancel`` asks
it to stop, and end-of-file means that the queue's process is gone, whereupon it ends everything it started and itself.
On standard output it writes lines of JSON: how far it is, and at last the result or the error. Whatever the job itself
prints goes to standard error, the job's log.
"""

import faulthandler
import importlib
import json
import os
import shutil
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from typing import Any, BinaryIO, cast

from strategies.jobs.order import Order

_QUIET_S = 0.05
"""Progress within one stage is told no more often than this, so that telling does not cost the job its time."""


class Worker:
    def __init__(self, orders: BinaryIO, answers: BinaryIO) -> None:
        self._orders, self._answers = orders, answers
        self._cancelled = threading.Event()
        self._telling = threading.Lock()
        self._last: tuple[str, float] = ("", -1.0)

    def work(self) -> None:
        line = json.loads(self._orders.readline())
        order = Order(**{**line, "path": tuple(line["path"])})
        threading.Thread(target=self._hold, args=(order,), name="lifeline", daemon=True).start()
        sys.path[:] = [*order.path, *(entry for entry in sys.path if entry not in order.path)]
        try:
            self._tell(result=self._run(order))
        except BaseException as error:
            # Whatever it was, the one who waits must hear of it; the log has where it happened.
            traceback.print_exc()
            self._tell(error=described(error))

    def _run(self, order: Order) -> Mapping[str, Any]:
        from strategies.jobs.lock import machine_lock

        with machine_lock(order.lock, self._wait, self._cancelled.is_set):
            self._tell(begun=True)
            # Imported only now: imports are work too, which would disturb whoever measures.
            module, _, name = order.function.partition(":")
            function = getattr(importlib.import_module(module), name)
            result = function(order.payload, self._progress, self._cancelled.is_set)
            json.dumps(result)
            return cast(Mapping[str, Any], result)

    def _wait(self) -> None:
        self._tell(waiting=True)

    def _progress(self, stage: str, fraction: float, message: str = "", /) -> None:
        last_stage, last_s = self._last
        now_s = time.monotonic()
        if stage != last_stage or now_s - last_s >= _QUIET_S:
            self._last = stage, now_s
            self._tell(stage=stage, fraction=min(max(float(fraction), 0.0), 1.0), message=message)

    def _tell(self, **what: Any) -> None:
        with self._telling:
            self._answers.write(json.dumps(what).encode() + b"\n")
            self._answers.flush()

    def _hold(self, order: Order) -> None:
        for line in self._orders:
            if line.strip() == b"cancel":
                self._cancelled.set()
        _abandon(order)


def described(error: BaseException) -> dict[str, Any]:
    """An error as the queue shows it."""
    from data.errors import DrydockError

    text = str(error)
    own = isinstance(error, DrydockError)
    return {
        "kinds": [cls.__name__ for cls in type(error).__mro__[:-1]],
        "message": text if own else f"{type(error).__name__}: {text}" if text else type(error).__name__,
    }


def _abandon(order: Order) -> None:
    """The queue's process is gone: leave nothing behind."""
    from strategies.jobs.processes import end_processes, kill_group

    try:
        end_processes(order.id)
        shutil.rmtree(order.folder, ignore_errors=True)
    finally:
        if sys.platform != "win32" and os.getpgrp() == os.getpid():
            kill_group(os.getpid())
        os._exit(1)


def main() -> None:
    faulthandler.enable()
    # The lifeline and the answers move to descriptors that no child inherits; the job's own input is empty and its own
    # output is the log.
    orders, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    Worker(orders, answers).work()
    sys.stdout.flush()
    sys.stderr.flush()
    # Not through the interpreter's own end, which would wait for threads that the job left running.
    os._exit(0)


if __name__ == "__main__":
    main()
