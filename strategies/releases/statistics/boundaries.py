"""Group sequential boundaries: how large z must be at each of K planned looks.

The standardised sum after look k is S_k = X_1 + … + X_k with independent X_i ~ N(θ, 1) and z_k = S_k / √k. Its density
within the region that goes on follows by repeated integration (P. Armitage, C. K. McPherson, B. C. Rowe, "Repeated
significance tests on accumulating data", JRSS A 132, 1969), here by Gauss-Legendre quadrature.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidValue

_NODES = 160


def crossing_probabilities(z: Sequence[float], drift: float = 0.0) -> NDArray[np.float64]:
    """Probability that |z_k| first exceeds its boundary at look k, for each k. (K,)

    Parameters
    ----------
    z
        Boundary of |z_k| at each look, equally spaced in information.
    drift
        θ: the mean of z₁, so that the mean of z_k is θ√k.
    """
    from scipy.special import ndtr

    nodes, weights = _quadrature()
    found = np.empty(len(z))
    points, mass = np.zeros(1), np.ones(1)  # S_0 = 0
    for k, boundary in enumerate(z):
        edge = boundary * np.sqrt(k + 1)
        found[k] = np.sum(mass * (ndtr(points + drift - edge) + ndtr(-edge - points - drift)))
        inside = nodes * edge
        density = np.exp(-0.5 * (inside[:, None] - points - drift) ** 2) / np.sqrt(2 * np.pi) @ mass
        points, mass = inside, density * weights * edge
    return found


@cache
def pocock(looks: int, alpha: float = 0.05) -> tuple[float, ...]:
    """The same boundary at every look, two-sided error `alpha` (S. J. Pocock, Biometrika 64, 1977).

    >>> [round(pocock(k)[0], 3) for k in (2, 5, 10)]
    [2.178, 2.413, 2.555]
    """
    return _solve(np.ones(_checked(looks)), alpha)


@cache
def obrien_fleming(looks: int, alpha: float = 0.05) -> tuple[float, ...]:
    """C √(K/k) at look k, two-sided error `alpha` (P. C. O'Brien, T. R. Fleming, Biometrics 35, 1979).

    >>> [round(z, 3) for z in obrien_fleming(5)]
    [4.562, 3.226, 2.634, 2.281, 2.04]
    """
    return _solve(np.sqrt(looks / np.arange(1, _checked(looks) + 1)), alpha)


def expected_looks(z: Sequence[float], drift: float = 0.0) -> float:
    """Mean number of looks until a boundary is crossed or all are done."""
    crossing = crossing_probabilities(z, drift)
    at = np.arange(1, len(z) + 1)
    return float(np.sum(crossing * at) + (1 - crossing.sum()) * len(z))


def inflation(shape: tuple[float, ...], alpha: float, power: float) -> float:
    """How many times the fixed sample size the last look needs, so that the whole keeps its power."""
    from scipy.optimize import brentq
    from scipy.special import ndtri

    drift = brentq(lambda theta: float(crossing_probabilities(shape, theta).sum()) - power, 0.0, 10.0)
    fixed: float = ndtri(1 - alpha / 2) + ndtri(power)
    return float(drift**2 * len(shape) / fixed**2)


def _solve(shape: NDArray[np.float64], alpha: float) -> tuple[float, ...]:
    from scipy.optimize import brentq

    constant = brentq(lambda c: float(crossing_probabilities(c * shape).sum()) - alpha, 0.5, 20.0, xtol=1e-10)
    return tuple(float(z) for z in constant * shape)


def _checked(looks: int) -> int:
    if not 1 <= looks <= 1_000:
        raise InvalidValue("looks", looks, "must be from 1 to 1,000", "plan fewer looks")
    return looks


@cache
def _quadrature() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return nodes, weights
