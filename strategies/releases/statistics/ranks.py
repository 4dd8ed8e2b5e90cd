"""Mann-Whitney and Hodges-Lehmann: by how much one sample lies above another, without a law of distribution."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Shift:
    """How much larger the values of one sample are."""

    estimate: float
    """Hodges-Lehmann: the median of all pairwise differences."""
    low: float
    high: float


def shift(new: NDArray[np.float64], old: NDArray[np.float64], confidence: float = 0.98) -> Shift:
    """Hodges-Lehmann's estimate of new - old, and the interval that the Mann-Whitney test does not reject.

    The interval runs from the C-th smallest to the C-th largest of the mn differences, with
    C = mn/2 - z √(mn(m+n+1)/12) (M. Hollander, D. A. Wolfe, Nonparametric Statistical Methods, section 4.3); infinite
    where too few samples leave no such rank.
    """
    from scipy.special import ndtri

    differences = np.sort((new[:, None] - old[None, :]).ravel())
    m, n = len(new), len(old)
    spread = float(ndtri(0.5 + confidence / 2)) * np.sqrt(m * n * (m + n + 1) / 12)
    rank = int(np.floor(m * n / 2 - spread))
    estimate = float(np.median(differences))
    if rank < 1:
        return Shift(estimate, -np.inf, np.inf)
    return Shift(estimate, float(differences[rank - 1]), float(differences[-rank]))
