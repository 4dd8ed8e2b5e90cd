"""A clock process: it does the same work whenever nobody else wants its core, and notes how long that took.

Run by path with the core, a file for its records and its parent's process number; it needs nothing but Python.
"""

import os
import struct
import sys
import time

STEP_NS = 20_000_000
"""Of wall clock that one record is about."""
RECORD = struct.Struct("=qqq")
"""Number of the step on the `time.perf_counter` clock, nanoseconds of processor time, and how many units they took."""
_LONGEST = 4
"""A unit that took this many times as long as usual at the beginning was interrupted, and not slow."""
_FIRST = 501
"""Units whose median is what is usual; the shortest one ever may be a slip of the system's clock."""


def main(core: int, path: str, parent: int) -> None:
    os.sched_setaffinity(0, {core})
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    with open(path, "wb", buffering=0) as file:
        usual = sorted(_unit() for _ in range(_FIRST))[_FIRST // 2]
        step, spent, units = 0, 0, 0
        while True:
            took = _unit()
            now = time.perf_counter_ns() // STEP_NS
            if now != step:
                if units:
                    file.write(RECORD.pack(step, spent, units))
                if os.getppid() != parent:
                    return
                step, spent, units = now, 0, 0
            if took < _LONGEST * usual:
                spent, units = spent + took, units + 1


def _unit(table: dict[int, int] = {}) -> int:  # noqa: B006 - the same memory every time
    begun = time.thread_time_ns()
    for i in range(600):
        table[i & 63] = i * 3
    return time.thread_time_ns() - begun


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
