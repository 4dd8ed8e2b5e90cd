"""A ranking for weights that somebody set, in which what the data do not separate shares a place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from data.estimate import Estimate
from data.scenario import Weights


@dataclass(frozen=True, slots=True)
class Place:
    """One place of the ranking: one candidate, or several that are not separated."""

    number: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Scores and places; a lower score is better."""

    scores: Mapping[str, Estimate]
    """Σ weight · (value - best) / (worst - best) over the axes, with what its intervals span."""
    places: tuple[Place, ...]
    weights: Mapping[str, float]

    @property
    def best(self) -> tuple[str, ...]:
        return self.places[0].names if self.places else ()


def weights_of(weights: Weights) -> dict[str, float]:
    """The weights that are set, by axis; empty when none is."""
    given = {"latency": weights.latency, "cost": weights.cost, "risk": weights.risk}
    return {axis: value for axis, value in given.items() if value > 0}


def score(points: Mapping[str, Mapping[str, Estimate]], weights: Mapping[str, float]) -> dict[str, Estimate]:
    """Each candidate's score.

    On every axis the best candidate's value counts 0 and the worst's 1, so that weights compare what is at stake
    between these candidates. The interval takes all of a candidate's figures at their low ends, and all at their high
    ends.
    """
    axes = [axis for axis in weights if all(axis in point for point in points.values())]
    ends = {axis: [point[axis].value for point in points.values()] for axis in axes}
    scale = {axis: (min(values), (max(values) - min(values)) or 1.0) for axis, values in ends.items()}

    def sum_of(point: Mapping[str, Estimate], end: str) -> float:
        parts = (weights[axis] * (getattr(point[axis], end) - scale[axis][0]) / scale[axis][1] for axis in axes)
        return float(sum(parts))

    return {
        name: Estimate(
            sum_of(point, "value"), sum_of(point, "low"), sum_of(point, "high"),
            min((point[axis].n for axis in axes), default=0), "score",
        )
        for name, point in points.items()
    }  # fmt: skip


def rank(points: Mapping[str, Mapping[str, Estimate]], weights: Mapping[str, float]) -> Ranking:
    """Places by score. A candidate whose interval overlaps that of the one before it shares its place."""
    scores = score(points, weights)
    return Ranking(scores, _places(scores), dict(weights))


def _places(scores: Mapping[str, Estimate]) -> tuple[Place, ...]:
    ordered = sorted(scores, key=lambda name: scores[name].value)
    groups: list[list[str]] = []
    for name in ordered:
        if groups and any(scores[name].overlaps(scores[other]) for other in groups[-1]):
            groups[-1].append(name)
        else:
            groups.append([name])
    return tuple(_numbered(groups))


def _numbered(groups: Sequence[Sequence[str]]) -> Sequence[Place]:
    places, before = [], 0
    for group in groups:
        places.append(Place(before + 1, tuple(group)))
        before += len(group)
    return places
