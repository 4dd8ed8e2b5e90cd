"""Points of a Poisson process, the building block of most workloads."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from data.errors import InvalidValue
from data.workloads.contract import MAX_REQUESTS


def poisson_points(rate_rps: float, duration_s: float, rng: Generator) -> NDArray[np.float64]:
    """Ascending points on [0, duration_s): a Poisson number of them, each uniform (the order-statistics property)."""
    check_count(rate_rps * duration_s)
    return np.sort(rng.uniform(0.0, duration_s, rng.poisson(rate_rps * duration_s)))


def check_count(expected: float) -> None:
    """Refuse a schedule too long to hold."""
    if expected > MAX_REQUESTS:
        raise InvalidValue(
            "requests in the workload",
            f"{expected:,.0f}",
            f"must not exceed {MAX_REQUESTS:,}",
            "lower the rate or duration",
        )
