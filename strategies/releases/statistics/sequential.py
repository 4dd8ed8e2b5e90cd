"""Evidence that may be looked at any time: it exceeds 1/α with probability α at most, however often one looks.

Each function here is a test martingale at its null (or never larger than one), so that Ville's inequality
P(ever ≥ 1/α) ≤ α holds: A. Ramdas, P. Grünwald, V. Vovk, G. Shafer, "Game-theoretic statistics and safe anytime-valid
inference", Statistical Science 38 (2023).
"""

import math
from functools import lru_cache


def log_normal_mixture(n: float, d: float, variance: float, mixing: float) -> float:
    """Logarithm of the mixture sequential probability ratio that a mean differs from 0 (mSPRT).

    Λ = √(σ²/(σ²+nτ²)) · exp(n²τ²d²/(2σ²(σ²+nτ²))): n observations of variance σ², mean d, and effects a priori N(0, τ²)
    (H. Robbins, Annals of Mathematical Statistics 41, 1970; R. Johari et al., Operations Research 70, 2022).
    """
    wide = variance + n * mixing
    return 0.5 * math.log(variance / wide) + n * n * mixing * d * d / (2 * variance * wide)


def mean_radius(n: float, variance: float, mixing: float, alpha: float) -> float:
    """Half the width of the confidence sequence of a mean: where `log_normal_mixture` reaches ln(1/α)."""
    if n <= 0:
        return math.inf
    wide = variance + n * mixing
    return math.sqrt(variance * wide * (math.log(wide / variance) + 2 * math.log(1 / alpha)) / mixing) / n


@lru_cache(maxsize=200_000)
def log_odds_evidence(new: int, total: int, null: float = 0.5) -> float:
    """Logarithm of the evidence that more than `null` of the failures fall to the new version.

    With requests assigned at random to two arms, each of `total` failures falls to the new arm with probability ½ (its
    share of the requests) if the version makes no difference, whatever the failure rate is and however it changes over
    time. The alternative is q uniform over (q₀, 1): E = ∫ (q/q₀)^k ((1-q)/(1-q₀))^(m-k) dq / (1-q₀). It needs neither
    a normal approximation nor a known rate. (The conditional test is A. Wald's double dichotomy, 1947, ch. 6.)
    """
    if not total:
        return 0.0
    from scipy.special import betaincc, betaln

    kept = float(betaincc(new + 1, total - new + 1, null))  # posterior mass above the null
    if kept <= 0.0:
        return -math.inf
    log_null = new * math.log(null) + (total - new) * math.log1p(-null)
    return float(betaln(new + 1, total - new + 1)) + math.log(kept) - math.log1p(-null) - log_null


def share_bounds(count: int, n: int, alpha: float) -> tuple[float, float]:
    """Confidence sequence of a share: all p at which a uniform mixture stays below 1/α (Robbins 1970).

    B(k+1, n-k+1) / (p^k (1-p)^(n-k)) < 1/α. It covers the true share at every n at once, with probability 1 - α.
    """
    if n == 0:
        return 0.0, 1.0
    level = (math.lgamma(count + 1) + math.lgamma(n - count + 1) - math.lgamma(n + 2)) + math.log(alpha)
    middle = count / n
    low = 0.0 if count == 0 else _edge(count, n, level, 0.0, middle)
    high = 1.0 if count == n else _edge(count, n, level, 1.0, middle)
    return low, high


def _edge(count: int, n: int, level: float, outside: float, inside: float) -> float:
    """Where the likelihood falls to `level`, between a share outside the sequence and one inside it."""
    for _ in range(40):
        middle = (outside + inside) / 2
        likelihood = count * math.log(middle) + (n - count) * math.log1p(-middle) if 0 < middle < 1 else -math.inf
        if likelihood > level:
            inside = middle
        else:
            outside = middle
    return outside


def band_radius(n: int, look: int, alpha: float) -> float:
    """Half the height of a band around a distribution function, valid at all looks together.

    The Dvoretzky-Kiefer-Wolfowitz inequality with P. Massart's constant (Annals of Probability 18, 1990) at look j with
    α_j = α / (j (j + 1)), which add up to α over any number of looks.
    """
    if n <= 0:
        return 1.0
    return min(1.0, math.sqrt(math.log(2 * look * (look + 1) / alpha) / (2 * n)))
