"""How many requests come in each interval of a release."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from data.errors import InvalidValue
from data.workloads.contract import OpenSchedule, Workload

_SCHEDULES = 64


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests per interval, of all users together."""

    rate_rps: float = 100.0
    scatter: bool = True
    """Whether counts are random: Poisson in all, binomial in each arm. Without, they are the means, rounded."""
    stops_s: float = float("inf")
    """From then on nobody asks."""
    counts: NDArray[np.int64] | None = None
    """Counts of many possible courses, (courses, intervals); a release meets one of them, over and over if it lasts
    longer. None takes the rate."""

    def __post_init__(self) -> None:
        if not 0 <= self.rate_rps < float("inf"):
            raise InvalidValue("rate_rps", self.rate_rps, "must not be negative", "give requests per second")

    @classmethod
    def of(cls, workload: Workload, interval_s: float, seed: int = 1) -> "Traffic":
        """Traffic as a workload makes it, bursts and all: the counts of its schedules."""
        intervals = max(1, int(workload.duration_s / interval_s))
        edges = np.arange(intervals + 1) * interval_s
        courses = []
        for number in range(_SCHEDULES):
            schedule = workload.schedule(1, seed * 1_000_003 + number)
            if not isinstance(schedule, OpenSchedule):
                raise InvalidValue("workload", type(workload).__name__, "must be open", "a release's users do not wait")
            courses.append(np.histogram(schedule.at_s, edges)[0])
        return cls(workload.mean_rate_rps, counts=np.array(courses, np.int64))

    def over(self, rng: Generator, spans_s: NDArray[np.float64]) -> NDArray[np.int64]:
        """Requests within spans of time, at the mean rate. (releases,)"""
        means = self.rate_rps * spans_s
        return rng.poisson(means) if self.scatter else np.rint(means).astype(np.int64)

    def draw(self, rng: Generator, releases: int, tick: int, interval_s: float) -> NDArray[np.int64]:
        """Requests between decision `tick` and the next, in each of many releases. (releases,)"""
        if tick * interval_s >= self.stops_s:
            return np.zeros(releases, np.int64)
        if self.counts is not None:
            courses, intervals = self.counts.shape
            # Release r meets course r; a release longer than the workload starts it again.
            found: NDArray[np.int64] = self.counts[np.arange(releases) % courses, tick % intervals]
            return found
        mean = self.rate_rps * interval_s
        if self.scatter:
            return rng.poisson(mean, releases)
        return np.full(releases, round(mean), np.int64)
