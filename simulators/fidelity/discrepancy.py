"""What a fitted model still gets wrong at the loads that it was fitted to, carried over to the loads between them.

A plan of queues leaves things out, and what it leaves out changes evenly with the load (M. Kennedy and A. O'Hagan,
Bayesian calibration of computer models, 2001). So another load gets what its neighbours under the same kind of traffic
got, as far as that is certain: what differs from one repetition to the next is no model's fault.
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
_QUARTILES = 2 * stats.norm.ppf(0.75)
"""How far apart they are for a normal law of deviation 1."""
_MEDIAN = np.pi / 2
"""Variance of a median of many, as a multiple of their mean's."""


@dataclass(frozen=True, slots=True, eq=False)
class Discrepancy:
    """Of one deployment under one kind of traffic."""

    utilisations: NDArray[np.float64]
    """Ascending. (loads,)"""
    logs: NDArray[np.float64]
    """Logarithm of measured over simulated at each of LEVELS. (loads, levels)"""

    def at(self, utilisation: float) -> NDArray[np.float64]:
        """The same at this load; beyond the lowest and the highest it stays as there. (levels,)"""
        return np.array([np.interp(utilisation, self.utilisations, column) for column in self.logs.T])


def learned(seen: Mapping[float, Sequence[tuple[Run, Run]]]) -> Discrepancy | None:
    """By utilisation: each run that was measured, and the same as simulated. None where nobody was ever answered."""
    answered = {
        load: [pair for pair in pairs if all(len(run.latency_ms) for run in pair)] for load, pairs in seen.items()
    }
    loads = sorted(load for load, pairs in answered.items() if pairs)
    if not loads:
        return None
    off = [np.array([_logs(measured) - _logs(simulated) for measured, simulated in answered[load]]) for load in loads]
    middle = np.array([np.median(each, axis=0) for each in off])
    unsure = np.array([_MEDIAN * _spread(each) ** 2 / len(each) for each in off])
    # Stein's idea: how far middles lie from 0 beyond what chance explains is how much of each is believed.
    true = np.maximum(np.mean(middle**2 - unsure, axis=0), 0.0)
    believed = np.divide(true, true + unsure, out=np.zeros_like(unsure), where=true + unsure > 0)
    return Discrepancy(np.array(loads), middle * believed)


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


def _logs(run: Run) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.log(np.percentile(run.latency_ms, list(LEVELS)))
    return found
