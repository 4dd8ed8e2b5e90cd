"""Wald's sequential probability ratio test of one share against another (A. Wald, Sequential Analysis, 1947)."""

import math


def sprt_bounds(alpha: float, beta: float) -> tuple[float, float]:
    """Log likelihood ratios at which p₁ and p₀ are accepted: ln((1-β)/α) and ln(β/(1-α)).

    >>> tuple(round(bound, 4) for bound in sprt_bounds(0.05, 0.1))
    (2.8904, -2.2513)
    """
    return math.log((1 - beta) / alpha), math.log(beta / (1 - alpha))


def sprt_mean_sample(p0: float, p1: float, alpha: float, beta: float) -> tuple[float, float]:
    """Mean number of samples if p₀ is true, and if p₁ is, overshoot neglected.

    >>> tuple(round(n, 1) for n in sprt_mean_sample(0.01, 0.02, 0.05, 0.1))
    (639.3, 607.2)
    """
    upper, lower = sprt_bounds(alpha, beta)
    bad, good = math.log(p1 / p0), math.log((1 - p1) / (1 - p0))
    under_0 = (alpha * upper + (1 - alpha) * lower) / (p0 * bad + (1 - p0) * good)
    under_1 = ((1 - beta) * upper + beta * lower) / (p1 * bad + (1 - p1) * good)
    return under_0, under_1
