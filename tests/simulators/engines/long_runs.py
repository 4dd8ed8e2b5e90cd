"""Long runs of the compiled engine, with the Monte-Carlo interval of what they say.

A run is cut into `_PARTS` equal parts of time. A figure is a ratio of two sums over the parts, and its 99% interval
comes from their spread (ratio estimator with Student's t), less what is explained by how much more than expected
arrived in each part, and how much more work it brought (control variates; A. M. Law, "Simulation Modeling and
Analysis", section 11.4). The first part is warm-up. Little's law is checked at every
station of every run: the area under the number present is the sum of the stays, which are kept apart.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from data.workloads.contract import ClosedSchedule, OpenSchedule, Schedule
from simulators.engines import _sketch
from simulators.engines.contract import REQUEST_FIELDS, STATION_FIELDS, STATION_TOTALS, UNIT_FIELDS, Outcome, Task
from simulators.engines.kernel import Kernel
from simulators.plan import Plan

_PARTS = 41
Column = NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """An estimate and half the width of its 99% interval."""

    value: float
    half: float

    def assert_is(self, expected: float, *, within: float, scale: float | None = None) -> None:
        """The truth lies in the interval, and the interval is no wider than ± `within` of it (or of `scale`)."""
        assert self.half <= within * abs(expected if scale is None else scale), (self, expected, "interval too wide")
        assert abs(self.value - expected) <= self.half, (self, expected)


@dataclass(frozen=True)
class LongRun:
    """What happened, part by part."""

    plan: Plan
    outcome: Outcome
    duration_s: float
    rate_rps: float | None
    """Of Poisson arrivals."""

    @property
    def part_s(self) -> Column:
        return np.full(_PARTS - 1, self.duration_s / _PARTS)

    def requests(self, field: str) -> Column:
        return self.outcome.requests[1:_PARTS, REQUEST_FIELDS.index(field)]

    def station(self, name: str, field: str) -> Column:
        index = [station.name for station in self.plan.stations].index(name)
        return self.outcome.stations[index, 1:_PARTS, STATION_FIELDS.index(field)]

    def unit(self, field: str) -> Column:
        """Of the first unit."""
        return self.outcome.units[0, 1:_PARTS, UNIT_FIELDS.index(field)]

    @property
    def latency(self) -> Measured:
        return ratio(self.requests("latency_s"), self.requests("ok"), self._surplus)

    @property
    def loss(self) -> Measured:
        return ratio(self.requests("rejected"), self.requests("scheduled"), self._surplus)

    @property
    def throughput(self) -> Measured:
        return ratio(self.requests("ok"), self.part_s)

    def wait(self, station: str) -> Measured:
        """Mean time in line of all that got in."""
        got_in = self.station(station, "arrived") - self.station(station, "refused")
        return ratio(self.station(station, "waiting_s"), got_in, self._surplus)

    @property
    def _surplus(self) -> list[Column]:
        """How much more than expected arrived in each part, and how much more work each station did for what it did."""
        controls = []
        if self.rate_rps is not None:
            controls.append(self.requests("scheduled") - self.rate_rps * self.part_s)
        for unit in self.plan.units:
            for station in unit.stations:
                done = self.station(station.name, "busy_s") if unit.cores is None else self.unit("cpu_s")
                controls.append(done - station.service.mean_s * self.station(station.name, "completed"))
        return controls

    def latency_quantile(self, share: float) -> Measured:
        """The mean of the parts' quantiles; half a bucket of the sketch is added to its interval."""
        values = np.array([_sketch.quantile(counts, share) for counts in self.outcome.sketch[1:_PARTS]])
        found = ratio(values, np.ones(len(values)))
        return Measured(found.value, found.half + _sketch.RELATIVE_ERROR * found.value)


def ratio(above: Column, below: Column, controls: Sequence[Column] = ()) -> Measured:
    """Σ above / Σ below, with its 99% interval; controls are columns whose expectation is 0."""
    k, value = len(above), float(above.sum() / below.sum())
    off = (above - value * below) / below.mean()
    freedom = k - 1 - len(controls)
    if controls:
        known = np.column_stack(controls)
        centred = known - known.mean(0)
        slopes = np.linalg.lstsq(centred, off, rcond=None)[0]
        value -= float(known.mean(0) @ slopes)
        off = off - centred @ slopes
    return Measured(value, float(stats.t.ppf(0.995, freedom) * np.sqrt(np.sum(off**2) / freedom / k)))


def poisson(rate: float, n: float, seed: int) -> OpenSchedule:
    """About n arrivals of a Poisson process; its gaps are drawn directly, which is fast for millions."""
    rng = np.random.default_rng([seed, 1])
    at_s = np.cumsum(rng.exponential(1 / rate, int(n)))
    return OpenSchedule(at_s, np.broadcast_to(np.int64(0), len(at_s)), float(at_s[-1]) + 1 / rate)


def users(count: int, think_s: float, n: float, response_s: float, seed: int) -> ClosedSchedule:
    """So many users whose thoughts are exponential, for about n requests in all; none runs out of thoughts."""
    each = int(n / count)
    think = np.random.default_rng([seed, 2]).exponential(think_s, (count, int(each * 1.2) + 100))
    return ClosedSchedule(think, np.broadcast_to(np.int64(0), think.shape), each * (think_s + response_s))


def long_run(plan: Plan, schedule: Schedule, seed: int = 1, *, rate_rps: float | None = None) -> LongRun:
    outcome = Kernel().run(Task(plan, schedule, seed, keep_rows=False, bins=_PARTS))
    assert not outcome.used_up
    assert_littles_law(plan, outcome)
    return LongRun(plan, outcome, schedule.duration_s, rate_rps)


def poisson_run(plan: Plan, rate_rps: float, n: float, seed: int = 1) -> LongRun:
    """About n requests of a Poisson process."""
    return long_run(plan, poisson(rate_rps, n, seed), seed, rate_rps=rate_rps)


def assert_littles_law(plan: Plan, outcome: Outcome) -> None:
    """∫ number present dt is the sum of stays, at every station."""
    for index, station in enumerate(plan.stations):
        areas = outcome.stations[index].sum(0)
        present_s = areas[STATION_FIELDS.index("waiting_s")] + areas[STATION_FIELDS.index("served_s")]
        stays_s = outcome.totals[index, STATION_TOTALS.index("sojourn_s")]
        assert math.isclose(present_s, stays_s, rel_tol=1e-9, abs_tol=1e-9), (station.name, present_s, stays_s)
