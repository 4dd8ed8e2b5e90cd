"""Shares: how many of n requests failed, timed out or met the SLO."""

from data.errors import InvalidValue, NotEstimable
from data.estimate import Estimate


def share(count: int, n: int, *, confidence: float = 0.95, name: str = "share") -> Estimate:
    """`count` of `n` as a share, with the exact interval of C. J. Clopper and E. S. Pearson (1934, Biometrika 26).

    It covers the true share with at least the stated confidence, whatever n, and is wide enough to say something where
    nothing failed: 0 of 100 gives 0 to 3.6%.

    Raises `NotEstimable` for n = 0.
    """
    if not 0 <= count <= n:
        raise InvalidValue("count", count, f"must lie between 0 and n = {n}", "count a subset")
    if n == 0:
        raise NotEstimable(name, 0, 1)
    from scipy.special import betaincinv

    tail = (1 - confidence) / 2
    low = float(betaincinv(count, n - count + 1, tail)) if count > 0 else 0.0
    high = float(betaincinv(count + 1, n - count, 1 - tail)) if count < n else 1.0
    return Estimate(count / n, low, high, n, "share", confidence)
