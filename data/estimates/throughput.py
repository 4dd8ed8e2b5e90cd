"""Throughput: how many requests were answered per second."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from data.errors import NotEstimable
from data.estimate import Estimate
from data.estimates.means import mean_of_runs
from data.estimates.resampling import Resamples, interval

_WINDOWS = 30


def throughput(runs: Sequence[tuple[NDArray[np.float64], float, float]], *, name: str = "throughput") -> Estimate:
    """Answers per second of one or several runs, with an interval.

    Each run is cut into 30 windows, and the windows are resampled. Where most windows saw no answer (a batch gives them
    all at its end) they say nothing, and the interval is the one between repetitions.

    Parameters
    ----------
    runs
        For each: moments at which requests were answered (answers,), and when counting began and ended, in seconds.

    Raises
    ------
    NotEstimable
        Nothing was counted, or windows say nothing and there is only one repetition.
    """
    counted = [(ends, from_s, until_s) for ends, from_s, until_s in runs if until_s > from_s]
    if not counted:
        raise NotEstimable(name, 0, 1)
    rates = [len(ends) / (until_s - from_s) for ends, from_s, until_s in counted]
    windows = [np.histogram(ends, _WINDOWS, (from_s, until_s))[0] for ends, from_s, until_s in counted]
    if np.mean(np.concatenate(windows) == 0) > 0.5:
        return mean_of_runs(rates, "requests/s", name=name)
    answers = np.concatenate(windows).astype(np.float64)
    spans = [(until_s - from_s) / _WINDOWS for _, from_s, until_s in counted]
    resamples = Resamples([_WINDOWS] * len(counted), blocks=_WINDOWS)
    low, high = interval(resamples.ratios(answers, np.repeat(spans, _WINDOWS)))
    total_s = sum(spans) * _WINDOWS
    return Estimate(float(answers.sum()) / total_s, low, high, sum(len(ends) for ends, _, _ in counted), "requests/s")
