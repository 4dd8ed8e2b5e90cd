"""What was measured beside what is predicted: medians over runs, and what the machine alone makes of them."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from data.errors import NotEstimable
from data.estimates import percentile
from simulators.fidelity.figures import PERCENTS, Run
from simulators.fidelity.report import FIGURES, Cell, Traffic

_RESAMPLES = 400
Group = tuple[int, int]
"""A deployment and the arrivals that it met: between runs of one group it is the machine that makes the difference."""
Told = Mapping[Group, Sequence[Run]]
"""Runs of one load."""
Place = tuple[str, str, str, float, float, Traffic]
"""The first six fields of a cell."""


def cell_of(
    about: Place,
    figure: str,
    measured: Told,
    predicted: Told,
    naive: float | None = None,
    blind: float | None = None,
    bare: float | None = None,
) -> Cell:
    """One figure of these runs."""
    theirs = _values(figure, measured)
    middle = _middle(theirs) or 0.0
    noise, floor = _noise(theirs), _floor(theirs)
    if figure != "cold_share":
        noise, floor = (noise / middle, floor / middle) if middle else (0.0, 0.0)
    every = _every(measured)
    return Cell(
        *about,
        figure,
        *_told(figure, measured),
        *_told(figure, predicted),
        noise=noise,
        runs=len(every),
        n=sum(len(run.latency_ms) for run in every),
        naive=naive,
        floor=floor,
        blind=blind,
        bare=bare,
    )


def middles(told: Told) -> dict[str, float]:
    """Each figure that any of the runs has."""
    found = {figure: _middle(_values(figure, told)) for figure in FIGURES}
    return {figure: middle for figure, middle in found.items() if middle is not None}


def _values(figure: str, told: Told) -> list[NDArray[np.float64]]:
    """Of each group: the runs' figures, where they have one."""
    found = [np.array([run.figures[figure] for run in runs if figure in run.figures]) for runs in told.values()]
    return [values for values in found if len(values)]


def _middle(values: Sequence[NDArray[np.float64]]) -> float | None:
    return float(np.median(np.concatenate(values))) if values else None


def _noise(values: Sequence[NDArray[np.float64]]) -> float:
    """Between two runs of one group, at the median of all pairs: it does not grow with their number."""
    pairs = [abs(a - b) for each in values for a, b in combinations(each, 2)]
    return float(np.median(pairs or [0.0]))


def _floor(values: Sequence[NDArray[np.float64]]) -> float:
    """How far off whoever knew each group's own median would be, at the median: the machine's doing (bootstrap).

    How the runs of a group scatter is told from those that were repeated, as a share of their median, about which few
    of them scatter less than about the true one.
    """
    repeated = [(each, np.median(each) or 1.0) for each in values if len(each) > 1]
    if not repeated:
        return 0.0
    scatter = np.concatenate(
        [np.sqrt(len(each) / (len(each) - 1)) * (each - np.median(each)) / middle for each, middle in repeated]
    )
    random = np.random.default_rng(0)
    again = [
        np.median(each) + (np.median(each) or 1.0) * random.choice(scatter, (_RESAMPLES, len(each))) for each in values
    ]
    at_best = np.median(np.concatenate([np.full(len(each), np.median(each)) for each in values]))
    return float(np.median(np.abs(np.median(np.concatenate(again, axis=1), axis=1) - at_best)))


def _every(told: Told) -> list[Run]:
    return [run for runs in told.values() for run in runs]


def _told(figure: str, told: Told) -> tuple[float | None, float | None, float | None]:
    """The figure, and an interval: a percentile's over all samples, widened to the runs' own range."""
    values, runs = _values(figure, told), _every(told)
    if not values:
        return None, None, None
    low, high = float(np.min(np.concatenate(values))), float(np.max(np.concatenate(values)))
    if figure in PERCENTS:
        try:
            pooled = percentile(np.concatenate([run.latency_ms for run in runs]), PERCENTS[figure])
        except NotEstimable:
            return None, None, None
        low, high = min(low, pooled.low), max(high, pooled.high)
    return _middle(values), low, high
