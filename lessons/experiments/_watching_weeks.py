"""A monitor that looks at one week after the other: what it sees, when it knows it, and which alarms were right."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lessons.experiments._late_flights import Flights

REFERENCE = 13
"""Weeks that the model was trained on, and that the monitor compares with."""
Watch = Literal["inputs", "answers", "labels", "sample"]
LABELS_AFTER_D, SAMPLE_AFTER_D, SAMPLED = 60, 7, 600
OFF = 0.05
"""In hindsight, a model is off in a week in which the share of late flights was this far from what it promised."""


@dataclass(frozen=True, slots=True, eq=False)
class Weeks:
    """One entry a week."""

    seen: NDArray[np.float64]
    """The difference that the monitor sees: a Kolmogorov-Smirnov distance, or a difference of shares."""
    known_day: NDArray[np.int64]
    """Days after the first of January at which it knows."""
    gap: NDArray[np.float64]
    """In hindsight: late flights less promised ones, as a share."""

    @property
    def off(self) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = np.abs(self.gap) > OFF
        return found

    def alarms(self, limit: float) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = self.seen > limit
        return found

    def first(self, limit: float, deadline_day: int) -> int | None:
        """The first week after the reference whose alarm rang in time, and rightly."""
        right = self.alarms(limit) & self.off & (self.known_day <= deadline_day)
        right[:REFERENCE] = False
        return int(np.argmax(right)) if right.any() else None

    def false(self, limit: float, deadline_day: int) -> int:
        """Alarms until the deadline in weeks in which the model was not off, the reference's own weeks included."""
        return int((self.alarms(limit) & ~self.off & (self.known_day <= deadline_day)).sum())


def watch(flights: Flights, answers: NDArray[np.float64], signal: Watch, weeks: int, seed: int) -> Weeks:
    """Look at each of the first weeks; a week of the reference is compared with the other ones."""
    look = _SIGNALS[signal](flights, answers, np.random.default_rng([seed, 13]))
    of_week = [np.flatnonzero(flights.week == week) for week in range(weeks)]
    seen = np.array([look(week, rows) for week, rows in enumerate(of_week)])
    after = {"labels": LABELS_AFTER_D, "sample": SAMPLE_AFTER_D}.get(signal, 0)
    known = 7 * (np.arange(weeks) + 1) + after
    gap = np.array([float(np.mean(flights.late[rows] - answers[rows])) for rows in of_week])
    return Weeks(seen, known, gap)


Look = Callable[[int, NDArray[np.int64]], float]


def _distance(values: NDArray[np.float64], flights: Flights) -> Look:
    from scipy.stats import ks_2samp

    def look(week: int, rows: NDArray[np.int64]) -> float:
        others = np.flatnonzero((flights.week < REFERENCE) & (flights.week != week))
        one, other = values[rows], values[others]
        return float(ks_2samp(one[~np.isnan(one)], other[~np.isnan(other)], method="asymp").statistic)

    return look


def _inputs(flights: Flights, _answers: NDArray[np.float64], _rng: np.random.Generator) -> Look:
    return _distance(flights.temperature, flights)


def _scores(flights: Flights, answers: NDArray[np.float64], _rng: np.random.Generator) -> Look:
    return _distance(answers, flights)


def _labels(flights: Flights, answers: NDArray[np.float64], _rng: np.random.Generator) -> Look:
    return lambda _week, rows: abs(float(np.mean(flights.late[rows] - answers[rows])))


def _sample(flights: Flights, answers: NDArray[np.float64], rng: np.random.Generator) -> Look:
    def look(_week: int, rows: NDArray[np.int64]) -> float:
        drawn = rng.choice(rows, min(SAMPLED, len(rows)), replace=False)
        return abs(float(np.mean(flights.late[drawn]) - np.mean(answers[rows])))

    return look


_SIGNALS: dict[Watch, Callable[[Flights, NDArray[np.float64], np.random.Generator], Look]] = {
    "inputs": _inputs, "answers": _scores, "labels": _labels, "sample": _sample,
}  # fmt: skip
