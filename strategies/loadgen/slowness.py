"""How fast a processor core really was, moment by moment, told by a process that only gets what others leave of it.

A core that is shared with strangers (other guests of the same host, a sibling thread, a hot laptop) does the same work
in half as long again, for seconds at a time. What is measured then is right, and yet no other run's. The clock process
runs in the scheduler's idle class (Linux, SCHED_IDLE): anybody else who wants the core has it at once.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from strategies.loadgen._ticking import RECORD, STEP_NS

STEP_S = STEP_NS / 1e9
"""How finely slowness is told."""
_FEWEST = 10
"""Units by which a step is told; with fewer its neighbours tell."""
_FLOOR = 5.0
"""Percentile of all steps that counts as the core's full speed."""
_SMOOTHED = 25
"""Steps over which the median is taken: right after a burst of work caches are cold, and the clock is slow itself."""
_TICKING = Path(__file__).with_name("_ticking.py")


class Slowness:
    """What the clocks have said so far."""

    def __init__(self, records: tuple[Path, ...]) -> None:
        self._records = records

    def of(self, begin_s: float, end_s: float) -> NDArray[np.float64]:
        """How many times as long as at full speed work took in every `STEP_S` from `begin_s` on. (steps,)

        Moments are of `time.perf_counter`; several cores count equally. Empty where no clock said anything.
        """
        first, count = int(begin_s / STEP_S), int(np.ceil((end_s - begin_s) / STEP_S)) + 1
        told = [self._of_one(path, first, count) for path in self._records]
        known = [each for each in told if each is not None]
        return np.mean(known, axis=0) if known else np.empty(0)

    @staticmethod
    def _of_one(path: Path, first: int, count: int) -> NDArray[np.float64] | None:
        raw = path.read_bytes()
        numbers = np.frombuffer(raw[: len(raw) // RECORD.size * RECORD.size], np.int64).reshape(-1, 3)
        numbers = numbers[numbers[:, 2] >= _FEWEST]
        here = (numbers[:, 0] >= first) & (numbers[:, 0] < first + count)
        if not here.any():
            return None
        took = numbers[:, 1] / numbers[:, 2]
        slow = np.maximum(took[here] / np.percentile(took, _FLOOR), 1.0)
        smooth = ndimage.median_filter(slow, min(_SMOOTHED, len(slow)), mode="nearest")
        known: NDArray[np.float64] = np.interp(np.arange(first, first + count), numbers[here, 0], smooth)
        return known


@contextmanager
def clocked(cores: set[int]) -> Iterator[Slowness]:
    """A clock on each of these cores; Linux only, elsewhere nothing is ever known."""
    with ExitStack() as undo:
        if sys.platform != "linux":
            yield Slowness(())
            return
        folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="drydock-")))
        records = tuple(folder / str(core) for core in sorted(cores))
        for core, path in zip(sorted(cores), records, strict=True):
            path.touch()
            # Neither -S nor -E changes what it does; they spare it everything else that Python reads as it starts.
            command = [sys.executable, "-S", "-E", str(_TICKING), str(core), str(path), str(os.getpid())]
            clock = subprocess.Popen(command)
            undo.callback(clock.wait)
            undo.callback(clock.kill)
        yield Slowness(records)
