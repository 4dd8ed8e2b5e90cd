"""Whether a probability means what it says: of the rows given 30%, are 30% positive?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strategies.training.intervals import Floats, wilson


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Rows with similar predicted probabilities."""

    predicted: float
    """Their mean predicted probability."""
    observed: float
    """The share of them for which the prediction came true."""
    low: float
    high: float
    """95% interval of that share."""
    n: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """The calibration curve, and one number for how far it strays from the diagonal."""

    bins: tuple[CalibrationBin, ...]
    expected_error: float
    """Expected calibration error: mean distance of observed from predicted, weighted by rows (Naeini et al. 2015)."""


def calibration(came_true: NDArray[np.bool_], probability: Floats, bins: int = 10) -> Calibration:
    """Calibration of probabilities (rows,) against what came true (rows,), in bins of equally many rows.

    Rows with one and the same probability stay in one bin, so that there may be fewer bins than asked for.
    """
    edges = np.unique(np.quantile(probability, np.linspace(0, 1, bins + 1)[1:-1]))
    bin_of = np.searchsorted(edges, probability, side="left")
    found = [_bin(came_true[bin_of == i], probability[bin_of == i]) for i in np.unique(bin_of)]
    error = sum(b.n * abs(b.observed - b.predicted) for b in found) / len(probability)
    return Calibration(tuple(found), float(error))


def _bin(came_true: NDArray[np.bool_], probability: Floats) -> CalibrationBin:
    n, hits = len(came_true), int(came_true.sum())
    return CalibrationBin(float(probability.mean()), hits / n, *wilson(hits, n), n)
