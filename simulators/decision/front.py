"""The Pareto front: the candidates that no other one beats."""

from collections.abc import Iterable, Mapping, Sequence

from data.estimate import Estimate
from simulators.decision.scorecard import AXES, Scorecard


def known_axes(cards: Sequence[Scorecard], risk_figure: str) -> tuple[str, ...]:
    """The axes on which every one of these candidates has a figure."""
    return tuple(axis for axis in AXES if all(card.axis(axis, risk_figure) is not None for card in cards))


def pareto_front(points: Mapping[str, Mapping[str, Estimate]]) -> tuple[str, ...]:
    """Names of those that no other dominates; `points` are their figures by axis, all smaller-is-better.

    One dominates another when it is no worse on any axis and the data show it to be better on at least one: its whole
    interval lies below the other's. What the data do not separate does not take anybody off the front.
    """
    return tuple(name for name in points if not any(dominates(points[other], points[name]) for other in points))


def dominates(one: Mapping[str, Estimate], other: Mapping[str, Estimate]) -> bool:
    """Whether the first beats the second."""
    no_worse = all(one[axis].value <= other[axis].value for axis in one)
    return no_worse and any(one[axis].high < other[axis].low for axis in one)


def points_of(cards: Iterable[Scorecard], risk_figure: str) -> dict[str, dict[str, Estimate]]:
    """Figures by candidate and axis, on the axes that all of them have; those without latency and cost are left out."""
    placed = [card for card in cards if card.axis("latency", risk_figure) and card.axis("cost", risk_figure)]
    axes = known_axes(placed, risk_figure)
    found: dict[str, dict[str, Estimate]] = {}
    for card in placed:
        figures = {axis: card.axis(axis, risk_figure) for axis in axes}
        found[card.name] = {axis: figure for axis, figure in figures.items() if figure is not None}
    return found
