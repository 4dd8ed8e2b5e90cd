"""The books: what is integrated over time and what is counted, as the contract's fields name it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.trace import Status
from simulators.engines import _sketch
from simulators.engines._simpy.calls import Request
from simulators.engines._timeline import bin_of, spread
from simulators.engines.contract import (
    REQUEST_FIELDS,
    ROW_FIELDS,
    STATION_FIELDS,
    STATION_TOTALS,
    UNIT_FIELDS,
    Task,
)


class Account:
    """Levels and counts of one station or unit, in bins of time."""

    def __init__(self, fields: tuple[str, ...], levels: int, bins: int, width_s: float) -> None:
        self.areas = np.zeros((bins + 1, len(fields)))
        self._levels = [0.0] * levels
        self._since = [0.0] * levels
        self._width_s, self._bins = width_s, bins

    def change(self, field: int, by: float, now_s: float) -> None:
        """The level of a field goes up or down at this moment."""
        if self._levels[field]:
            spread(self.areas, field, self._levels[field], self._since[field], now_s, self._width_s)
        self._since[field] = now_s
        self._levels[field] += by

    def count(self, field: int, now_s: float) -> None:
        self.areas[bin_of(now_s, self._width_s, self._bins), field] += 1

    def close(self, now_s: float) -> None:
        for field in range(len(self._levels)):
            self.change(field, 0.0, now_s)


class Books:
    """All accounts of a run, and the rows."""

    def __init__(self, task: Task) -> None:
        self._bins, self._width_s = task.bins, task.schedule.duration_s / task.bins
        self._task = task
        self.stations = [Account(STATION_FIELDS, 3, self._bins, self._width_s) for _ in task.plan.stations]
        self.units = [Account(UNIT_FIELDS, 3, self._bins, self._width_s) for _ in task.plan.units]
        self.totals = np.zeros((len(task.plan.stations), len(STATION_TOTALS)))
        self.requests = np.zeros((self._bins + 1, len(REQUEST_FIELDS)))
        self.sketch = np.zeros((self._bins + 1, _sketch.BUCKETS), np.int32)
        batches = -(-task.requests // task.batch_size)
        self.batch_sum_s, self.batch_count = np.zeros(batches), np.zeros(batches, np.int64)
        self.rows = _empty_rows(task.requests)
        self.spans: list[tuple[object, ...]] = []

    def ended(self, request: Request) -> None:
        """A request is over: its row, its counts, its latency."""
        before = request.start_s < request.end_s
        cold = request.cold_s < request.end_s
        row = (
            request.scheduled_s, request.start_s if before else np.nan, request.end_s,
            max((age_s for at_s, age_s in request.ages if at_s < request.end_s), default=np.nan),
            request.status, cold, request.replica if before else -1, request.attempts, request.version,
        )  # fmt: skip
        for name, value in zip(ROW_FIELDS, row, strict=True):
            self.rows[name][request.number] = value
        counts = self.requests[bin_of(request.scheduled_s, self._width_s, self._bins)]
        counts[0] += 1
        counts[1 + request.status] += 1
        counts[5] += cold
        if request.status == Status.OK:
            self._latency(counts, request)

    def _latency(self, counts: NDArray[np.float64], request: Request) -> None:
        latency_s = request.end_s - request.scheduled_s
        counts[6] += latency_s
        counts[7] += latency_s * latency_s
        self.sketch[bin_of(request.scheduled_s, self._width_s, self._bins), _sketch.bucket(latency_s)] += 1
        self.batch_sum_s[request.batch] += latency_s
        self.batch_count[request.batch] += 1

    def close(self, now_s: float) -> None:
        for account in (*self.stations, *self.units):
            account.close(now_s)


def _empty_rows(n: int) -> dict[str, NDArray[Any]]:
    rows = {name: np.zeros(n, dtype) for name, dtype in ROW_FIELDS.items()}
    for name in ("scheduled_s", "start_s", "end_s", "staleness_s"):
        rows[name][:] = np.nan
    return rows
