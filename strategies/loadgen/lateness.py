"""Whether the generator itself kept its schedule; where it did not, its figures are not the deployment's."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.trace import Status

LIMIT_S = 0.001
"""Largest 99th percentile of the scheduling error that a valid run may have."""
SHARE_OF_LATENCY = 0.05
"""A larger error is tolerated up to this share of the median latency, where it cannot change what the figures say."""
_LATE = "The load generator could not keep its schedule"


def lateness_problems(columns: Mapping[str, NDArray[Any]], late_s: NDArray[np.float64]) -> tuple[str, ...]:
    """What to say of a run whose requests were sent too late; empty when they were not.

    Parameters
    ----------
    columns
        The run's columns, of which `scheduled_s`, `end_s` and `status` are read.
    late_s
        Seconds from the moment a request could have been sent (scheduled, and the deployment not holding the
        generator's own thread) to the moment it was; NaN for one that never was. (n,)
    """
    sent, latency_s = late_s[~np.isnan(late_s)], _latency_s(columns)
    if not len(sent):
        return ()
    p99_s = float(np.quantile(sent, 0.99))
    limit_s = max(LIMIT_S, SHARE_OF_LATENCY * float(np.median(latency_s)) if len(latency_s) else 0.0)
    if p99_s <= limit_s:
        return ()
    return (
        f"{_LATE}: the 99th percentile of its scheduling error was "
        f"{p99_s * 1e3:.2f} ms (limit {limit_s * 1e3:.2f} ms, n={len(sent):,}). Lower the rate, or free the processor.",
    )


def lateness_note(columns: Mapping[str, NDArray[Any]], late_s: NDArray[np.float64]) -> str:
    """What to say where a valid run's tail is partly the generator's own; empty where it is not.

    Very fast answers (an embedded model takes microseconds) leave it no room to be unnoticed.
    """
    sent, latency_s = late_s[~np.isnan(late_s)], _latency_s(columns)
    if not len(sent) or not len(latency_s):
        return ""
    error_s, tail_s = float(np.quantile(sent, 0.99)), float(np.quantile(latency_s, 0.99))
    if error_s <= SHARE_OF_LATENCY * tail_s:
        return ""
    return (
        f"Of the 99th percentile of latency, {tail_s * 1e3:.3g} ms, up to {error_s * 1e3:.3g} ms may be the load "
        "generator's own scheduling error."
    )


def only_late(problems: Sequence[str]) -> bool:
    """Whether a run has problems, and all are the generator's own: such a run says nothing, good or bad, about what it
    measured.
    """
    return bool(problems) and all(problem.startswith(_LATE) for problem in problems)


def _latency_s(columns: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    latency_s: NDArray[np.float64] = (columns["end_s"] - columns["scheduled_s"])[columns["status"] == Status.OK]
    return latency_s
