"""What a fitted model still gets wrong at the loads that it was fitted to, carried over to the loads between them.

A plan of queues leaves things out, and what it leaves out changes evenly with the load: a Gaussian process (M. Kennedy
and A. O'Hagan, Bayesian calibration of computer models, 2001; C. Rasmussen and C. Williams, Gaussian Processes for
Machine Learning, 2006, chapter 2). So another load gets what its neighbours under the same kind of traffic got, as far
as that is certain: what differs from one repetition to the next is no model's fault.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from simulators.calibration.seeing import LEVELS
from simulators.fidelity.figures import PERCENTS, Run

_AT = stats.norm.ppf(np.array(list(LEVELS)) / 100)
"""Where the percentiles are told; between two of them, and beyond, it goes on as for a normal law's."""
SIZES, REACHES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8), (0.15, 0.3, 0.6)
"""How far off a model may be, by logarithms, and over which utilisations alike: the likeliest of these are taken."""
_LEAST = 0.01
"""No median is more certain than that, however alike a few runs were."""
_QUARTILES = 2 * stats.norm.ppf(0.75)
"""How far apart they are for a normal law of deviation 1."""
_MEDIAN = np.pi / 2
"""Variance of a median of many, as a multiple of their mean's."""


@dataclass(frozen=True, slots=True, eq=False)
class Discrepancy:
    """Of one deployment under one kind of traffic."""

    utilisations: NDArray[np.float64]
    """Ascending. (loads,)"""
    middle: NDArray[np.float64]
    """Logarithm of measured over simulated at each of LEVELS, at the median of the repetitions. (loads, levels)"""
    unsure: NDArray[np.float64]
    """Variance of that median, as repetitions tell it. (loads, levels)"""

    def at(self, utilisation: float) -> NDArray[np.float64]:
        """The same to be expected at this load, near 0 where nothing is certain. (levels,)"""
        return np.array([self._at(utilisation, *column) for column in zip(self.middle.T, self.unsure.T, strict=True)])

    def _at(self, utilisation: float, middle: NDArray[np.float64], unsure: NDArray[np.float64]) -> float:
        apart = self.utilisations[:, None] - self.utilisations
        options = [(size, reach, _alike(apart, size, reach) + np.diag(unsure)) for size in SIZES for reach in REACHES]
        size, reach, spread = max(options, key=lambda option: _likely(middle, option[2]))
        near = _alike(self.utilisations - utilisation, size, reach)
        return float(near @ np.linalg.solve(spread, middle))


def _alike(apart: NDArray[np.float64], size: float, reach: float) -> NDArray[np.float64]:
    """Covariance of what is off at loads so far apart."""
    found: NDArray[np.float64] = size**2 * np.exp(-0.5 * (apart / reach) ** 2)
    return found


def _likely(middle: NDArray[np.float64], spread: NDArray[np.float64]) -> float:
    """Logarithm of how likely these values are, but for a constant."""
    return float(-0.5 * (middle @ np.linalg.solve(spread, middle) + np.linalg.slogdet(spread)[1]))


def learned(seen: Mapping[float, Sequence[tuple[Run, Sequence[Run]]]]) -> Discrepancy | None:
    """By utilisation: each run that was measured, and the same as simulated, once or several times.

    None where nobody was ever answered.
    """
    answered = {
        load: [pair for pair in pairs if all(len(run.latency_ms) for run in (pair[0], *pair[1]))]
        for load, pairs in seen.items()
    }
    loads = sorted(load for load, pairs in answered.items() if pairs)
    if not loads:
        return None
    off = [np.array([_off(measured, simulated) for measured, simulated in answered[load]]) for load in loads]
    middle = np.array([np.median(each, axis=0) for each in off])
    unsure = np.array([_MEDIAN * _spread(each) ** 2 / len(each) for each in off])
    return Discrepancy(np.array(loads), middle, unsure + _LEAST**2)


def corrected(run: Run, logs: NDArray[np.float64]) -> Run:
    """A simulated run with every latency changed by what is off at its rank; who is slower stays slower."""
    order = np.argsort(run.latency_ms, kind="stable")
    ranks = stats.norm.ppf((np.arange(len(order)) + 0.5) / max(len(order), 1))
    longer = run.latency_ms[order] * np.exp(np.interp(ranks, _AT, logs))
    latency_ms = np.empty_like(longer)
    latency_ms[order] = np.maximum.accumulate(longer)
    told = {name: float(np.percentile(latency_ms, p)) for name, p in PERCENTS.items() if name in run.figures}
    return replace(run, latency_ms=latency_ms, figures={**run.figures, **told})


def _spread(off: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviation over runs, told from their middle half: now and then a run goes quite wrong. (levels,)"""
    found: NDArray[np.float64] = stats.iqr(off, axis=0) / _QUARTILES
    return found


def _off(measured: Run, simulated: Sequence[Run]) -> NDArray[np.float64]:
    """The simulation's own chance is no discrepancy: the more often it was tried, the less there is of it. (levels,)"""
    found: NDArray[np.float64] = _logs(measured) - np.mean([_logs(run) for run in simulated], axis=0)
    return found


def _logs(run: Run) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.log(np.percentile(run.latency_ms, list(LEVELS)))
    return found
