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
    sent = late_s[~np.isnan(late_s)]
    if not len(sent):
        return ()
    p99_s = float(np.quantile(sent, 0.99))
    ok = columns["status"] == Status.OK
    median_s = float(np.median((columns["end_s"] - columns["scheduled_s"])[ok])) if ok.any() else 0.0
    limit_s = max(LIMIT_S, SHARE_OF_LATENCY * median_s)
    if p99_s <= limit_s:
        return ()
    return (
        f"{_LATE}: the 99th percentile of its scheduling error was "
        f"{p99_s * 1e3:.2f} ms (limit {limit_s * 1e3:.2f} ms, n={len(sent):,}). Lower the rate, or free the processor.",
    )


def only_late(problems: Sequence[str]) -> bool:
    """Whether a run has problems, and all are the generator's own: such a run says nothing, good or bad, about what it
    measured.
    """
    return bool(problems) and all(problem.startswith(_LATE) for problem in problems)
