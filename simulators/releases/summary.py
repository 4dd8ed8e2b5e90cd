"""Figures over many simulated releases, each with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.estimate import Estimate
from data.estimates.shares import share
from simulators.releases.simulate import column
from strategies.releases.outcome import ReleaseOutcome


@dataclass(frozen=True, slots=True)
class Spread:
    """How a figure varies from release to release."""

    mean: float
    low: float
    """2.5% of the releases lie below it."""
    median: float
    high: float
    """2.5% of the releases lie above it."""
    n: int


@dataclass(frozen=True, slots=True)
class ReleaseFigures:
    """What a policy does in a world."""

    promoted: Estimate
    rolled_back: Estimate
    inconclusive: Estimate
    bad: Spread
    failed: Spread
    wrong: Spread
    late: Spread
    dropped: Spread
    served_new: Spread
    users_touched: Spread
    extra_instance_h: Spread
    detected_s: Spread | None
    """Time until the rollback, in the releases that were rolled back; None where none was."""
    promoted_s: Spread | None
    releases: int


def summarise_releases(outcomes: list[ReleaseOutcome]) -> ReleaseFigures:
    """Shares of verdicts, and spreads of counts and times."""
    n = len(outcomes)
    verdicts = [outcome.verdict for outcome in outcomes]
    names = ("bad", "failed", "wrong", "late", "dropped", "served_new", "users_touched", "extra_instance_h")
    counts = {name: spread_of(column(outcomes, name)) for name in names}
    return ReleaseFigures(
        promoted=share(verdicts.count("promote"), n),
        rolled_back=share(verdicts.count("roll back"), n),
        inconclusive=share(verdicts.count("inconclusive"), n),
        detected_s=_times(outcomes, "roll back"),
        promoted_s=_times(outcomes, "promote"),
        releases=n,
        **counts,
    )


def spread_of(values: NDArray[np.float64] | Sequence[float]) -> Spread:
    """Mean and central 95% of a figure."""
    low, median, high = np.quantile(values, (0.025, 0.5, 0.975))
    return Spread(float(np.mean(values)), float(low), float(median), float(high), len(values))


def _times(outcomes: list[ReleaseOutcome], verdict: str) -> Spread | None:
    times = [o.verdict_s for o in outcomes if o.verdict == verdict and o.verdict_s is not None]
    return spread_of(times) if times else None
