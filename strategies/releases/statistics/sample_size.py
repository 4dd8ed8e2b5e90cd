"""How many requests a comparison takes."""

import math

from data.errors import InvalidValue
from strategies.releases.statistics.sequential import log_odds_evidence

_MOST = 1 << 40


def per_arm_pooled(p0: float, p1: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """Requests in each arm to tell share p1 from p0 by a two-sided z test with pooled variance.

    n = (z_{α/2} √(2 p̄ q̄) + z_β √(p₀q₀ + p₁q₁))² / (p₁ - p₀)² (J. L. Fleiss, Statistical Methods for Rates and
    Proportions).

    >>> round(per_arm_pooled(0.01, 0.02), 1)
    2318.2
    """
    from scipy.special import ndtri

    if p0 == p1:
        raise InvalidValue("p1", p1, "equals p0", "give the share that should be told apart from it")
    mean = (p0 + p1) / 2
    spread = ndtri(1 - alpha / 2) * math.sqrt(2 * mean * (1 - mean))
    spread += ndtri(power) * math.sqrt(p0 * (1 - p0) + p1 * (1 - p1))
    return float((spread / (p1 - p0)) ** 2)


def per_arm_arcsine(p0: float, p1: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """The same after the arcsine transform, with Cohen's h = 2 asin √p₁ - 2 asin √p₀.

    >>> round(per_arm_arcsine(0.01, 0.02), 1)
    2253.7
    """
    from scipy.special import ndtri

    h = 2 * math.asin(math.sqrt(p1)) - 2 * math.asin(math.sqrt(p0))
    return float(2 * ((ndtri(1 - alpha / 2) + ndtri(power)) / h) ** 2)


def exposures_to_see_one(share: float, confidence: float = 0.95) -> float:
    """Requests until a fault that strikes `share` of them has shown itself with this probability: 1 - (1 - p)^n."""
    if share >= 1:
        return 1.0
    return math.log(1 - confidence) / math.log(1 - share) if share > 0 else math.inf


def odds_per_arm(p0: float, p1: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """Requests in each of two equal arms until `sequential.log_odds_evidence` reaches 1/α with this probability.

    It counts failures: M of them in all, of which the new arm has Binomial(M, p₁/(p₀ + p₁)), take M/(p₀ + p₁) requests.
    """
    if p1 <= p0:
        return math.inf
    return trials_needed(0.5, p1 / (p0 + p1), alpha, power) / (p0 + p1)


def one_share_needs(p0: float, p1: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """Requests until evidence that a share p₁ exceeds p₀ reaches 1/α with this probability."""
    if p1 <= p0:
        return math.inf
    return trials_needed(p0, p1, alpha, power) if p0 > 0 else exposures_to_see_one(p1, power)


def trials_needed(null: float, share: float, alpha: float, power: float) -> float:
    """The smallest n, to within one part in a hundred, with P(evidence ≥ 1/α) ≥ power at n trials of this share."""
    from scipy.special import bdtrc

    def enough(n: int) -> bool:
        least = _count_that_tells(n, null, alpha)
        return least <= n and float(bdtrc(least - 1, n, share)) >= power

    high = 1
    while not enough(high):
        high *= 2
        if high > _MOST:
            return math.inf
    low = high // 2
    while high - low > max(1, low // 100):
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return float(high)


def _count_that_tells(n: int, null: float, alpha: float) -> int:
    """The smallest count of n whose evidence reaches 1/α; n + 1 where none does."""
    low, high = int(n * null), n + 1  # at the null itself the evidence is never that large
    while high - low > 1:
        middle = (low + high) // 2
        if log_odds_evidence(middle, n, null) >= -math.log(alpha):
            high = middle
        else:
            low = middle
    return high
