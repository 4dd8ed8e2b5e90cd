"""From which probability to say yes, given what each kind of mistake costs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidValue
from strategies.training.intervals import Floats

_CURVE_POINTS = 101


@dataclass(frozen=True, slots=True)
class Costs:
    """What a mistake costs, both in one unit of the user's choice."""

    false_positive: float = 1.0
    """Saying yes to a no."""
    false_negative: float = 1.0
    """Missing a yes."""

    def __post_init__(self) -> None:
        if min(self.false_positive, self.false_negative) < 0 or self.false_positive + self.false_negative == 0:
            pair = (self.false_positive, self.false_negative)
            raise InvalidValue("costs", pair, "must be at least 0 and not both 0", "say what each mistake costs")

    @property
    def break_even(self) -> float:
        """Probability at which yes and no cost the same, if the probabilities can be taken at their word."""
        return self.false_positive / (self.false_positive + self.false_negative)


@dataclass(frozen=True, slots=True)
class ThresholdChoice:
    """The threshold that was cheapest on the validation rows, and its cost on the test rows.

    All costs are means per row, in the user's unit.
    """

    threshold: float
    """Probability from which the model says yes."""
    costs: Costs
    validation_cost: float
    test_cost: float
    test_cost_at_half: float
    """What a threshold of 0.5 would have cost."""
    test_cost_never: float
    """What always saying no would have cost."""
    test_cost_always: float
    curve: tuple[tuple[float, float], ...]
    """Threshold and validation cost, for a chart."""


def choose_threshold(
    validation: tuple[NDArray[np.bool_], Floats], test: tuple[NDArray[np.bool_], Floats], costs: Costs
) -> ThresholdChoice:
    """Choose on validation rows, report on test rows; each is (positive (rows,), probability of it (rows,))."""
    threshold, cost = _cheapest(*validation, costs)
    at = np.linspace(0, 1, _CURVE_POINTS)
    curve = tuple((float(t), mean_cost(*validation, float(t), costs)) for t in at)
    tested = {t: mean_cost(*test, t, costs) for t in (threshold, 0.5, np.inf, 0.0)}
    return ThresholdChoice(threshold, costs, cost, tested[threshold], tested[0.5], tested[np.inf], tested[0.0], curve)


def mean_cost(positive: NDArray[np.bool_], probability: Floats, threshold: float, costs: Costs) -> float:
    """Mean cost per row of saying yes from `threshold` on."""
    said = probability >= threshold
    wrong = np.count_nonzero(said & ~positive) * costs.false_positive
    missed = np.count_nonzero(~said & positive) * costs.false_negative
    return float((wrong + missed) / len(positive))


def _cheapest(positive: NDArray[np.bool_], probability: Floats, costs: Costs) -> tuple[float, float]:
    """The threshold with the lowest mean cost, and that cost.

    The cost changes only at the rows' own probabilities, so it is computed once for each gap between neighbours. Of
    equally cheap gaps the one nearest to break-even is taken, as that is the best guess for other rows.
    """
    order = np.argsort(-probability, kind="stable")
    ordered, hit = probability[order], positive[order]
    ends = np.flatnonzero(np.append(np.diff(ordered) != 0, True)) + 1
    yes = np.concatenate([[0], ends])  # how many of the likeliest rows are called positive, equal ones together
    found = np.concatenate([[0], np.cumsum(hit)])[yes]  # how many of those are
    cost = (yes - found) * costs.false_positive + (hit.sum() - found) * costs.false_negative
    inside = _within(ordered, yes, costs.break_even)
    cheapest = np.flatnonzero(cost == cost.min())
    best = cheapest[np.argmin(np.abs(inside[cheapest] - costs.break_even))]
    return float(inside[best]), float(cost[best] / len(positive))


def _within(ordered: Floats, yes: NDArray[np.intp], break_even: float) -> Floats:
    """A threshold in each gap, above its lower end and at most its upper: break-even if it fits, else the middle."""
    upper = np.concatenate([[max(1.0, np.nextafter(ordered[0], 2.0))], ordered[yes[1:] - 1]])
    lower = np.concatenate([ordered[yes[:-1]], [0.0]])
    middle = (lower + upper) / 2
    middle = np.where(middle > lower, middle, upper)  # neighbours may be too close for a number in between
    inside: Floats = np.where((lower < break_even) & (break_even <= upper), break_even, middle)
    return inside
