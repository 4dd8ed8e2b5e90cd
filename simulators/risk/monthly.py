"""From occurrences to months: what faults bring on average, and in a bad month.

Faults of one kind come independently of each other, at a constant rate, and so do the kinds: a month's harm is a
compound Poisson sum. Its mean is Σ rate · mean effect, whatever the effects' law.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data.errors import NotEstimable
from data.estimate import Estimate, Figure, TooFew
from data.estimates import mean_of_runs, percentile
from simulators.risk.effects import Effect

_MONTHS = 2_000
_MOST_DRAWS = 5_000_000
Reading = Callable[[Effect], float]


@dataclass(frozen=True, slots=True)
class Happening:
    """One kind of fault: how often, and what single occurrences did."""

    name: str
    per_month: float
    effects: tuple[Effect, ...]


def mean_effect(effects: Sequence[Effect], reading: Reading, unit: str, name: str) -> Figure:
    """Mean over occurrences, with Student's interval."""
    found = _or_too_few(lambda: mean_of_runs([reading(effect) for effect in effects], unit, name=name))
    return within_one(found) if unit == "share" and isinstance(found, Estimate) else found


def within_one(share: Estimate) -> Estimate:
    """A share's interval ends at 1, where Student's goes on beyond it."""
    return replace(share, high=min(share.high, 1.0))


def expected_month(
    happenings: Sequence[Happening], usual: Sequence[float], reading: Reading, unit: str, name: str
) -> Figure:
    """Mean of a month: what happens anyhow, and each fault's rate times its mean effect.

    Parameters
    ----------
    usual
        A month's sum without any fault, as each run has it. Run i of everything met the same traffic, so that the
        months that the runs make are independent of each other and Student's interval holds.
    """
    months = [
        without + sum(each.per_month * reading(each.effects[i]) for each in happenings)
        for i, without in enumerate(usual)
    ]
    return _or_too_few(lambda: mean_of_runs(months, unit, name=name))


def bad_month(
    happenings: Sequence[Happening], usual: Sequence[float], reading: Reading, unit: str, seed: int
) -> Figure:
    """What only one month in twenty exceeds, over many drawn months."""
    months = drawn_months(happenings, usual, reading, seed)

    return _or_too_few(lambda: percentile(months, 95.0, unit=unit))


def drawn_months(
    happenings: Sequence[Happening], usual: Sequence[float], reading: Reading, seed: int, months: int = _MONTHS
) -> NDArray[np.float64]:
    """Months drawn at random: Poisson counts of each fault, and an effect for each occurrence. (months,)"""
    rng = np.random.default_rng(seed)
    often = sum(each.per_month for each in happenings)
    months = max(100, min(months, int(_MOST_DRAWS / max(often, 1.0))))
    total = rng.choice(np.asarray(usual, np.float64), months)
    for each in happenings:
        counts = rng.poisson(each.per_month, months)
        effects = rng.choice([reading(effect) for effect in each.effects], int(counts.sum()))
        ends = np.cumsum(counts)
        sums = np.concatenate([[0.0], np.cumsum(effects)])
        total += sums[ends] - sums[ends - counts]
    return total


def _or_too_few(figure: Callable[[], Estimate]) -> Figure:
    try:
        return figure()
    except NotEstimable as error:
        return TooFew(error.figure, error.n, error.needs)
