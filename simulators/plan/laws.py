"""Laws of random durations: how long a service, a hop or a start takes.

Every law states its mean and its squared coefficient of variation cs² = variance / mean², which is all that
Pollaczek-Khinchine and the offered load need. How a law turns uniform draws into durations is in
`simulators.engines._draws`, once for both engines.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from simulators.plan._rules import filled, named, positive
from simulators.plan.errors import InvalidPlan

LONGEST_S = 1e9
"""Thirty years: the longest mean of a law."""
MOST_CV = 1_000.0


def check_mean(mean_s: float) -> None:
    positive("mean_s", mean_s)
    if mean_s > LONGEST_S:
        raise InvalidPlan("mean_s", mean_s, f"must be at most {LONGEST_S:g} s", "give the mean duration in seconds")


def check_cv(cv: float) -> None:
    positive("cv", cv, "give Deterministic for a duration that does not vary")
    if cv > MOST_CV:
        rule = f"must be at most {MOST_CV:g}"
        raise InvalidPlan("cv", cv, rule, "give standard deviation over mean; it is rarely above 3")


@dataclass(frozen=True)
class Deterministic:
    """Always the same duration."""

    mean_s: float

    def __post_init__(self) -> None:
        check_mean(self.mean_s)

    @property
    def cs2(self) -> float:
        return 0.0


@dataclass(frozen=True)
class Exponential:
    """Memoryless, cs² = 1."""

    mean_s: float

    def __post_init__(self) -> None:
        check_mean(self.mean_s)

    @property
    def cs2(self) -> float:
        return 1.0


@dataclass(frozen=True)
class LogNormal:
    """The logarithm is normal; typical of latencies. `cv` is standard deviation over mean."""

    mean_s: float
    cv: float

    def __post_init__(self) -> None:
        check_mean(self.mean_s)
        check_cv(self.cv)

    @property
    def cs2(self) -> float:
        return self.cv**2


@dataclass(frozen=True)
class Gamma:
    """Shape 1/cv²: an Erlang law where that is whole. `cv` is standard deviation over mean."""

    mean_s: float
    cv: float

    def __post_init__(self) -> None:
        check_mean(self.mean_s)
        check_cv(self.cv)

    @property
    def cs2(self) -> float:
        return self.cv**2


@dataclass(frozen=True)
class Empirical:
    """Durations that were measured, each as likely as the others."""

    samples_s: tuple[float, ...]

    def __post_init__(self) -> None:
        filled("samples_s", self.samples_s, "give at least one measured duration")
        values = np.asarray(self.samples_s, np.float64)
        good = (values > 0) & (values <= LONGEST_S)
        if not good.all():
            rule = f"must be above 0 and at most {LONGEST_S:g} s"
            raise InvalidPlan("samples_s", float(values[~good][0]), rule, "remove samples that are not durations")
        # Sorted, so that a larger uniform draw is a longer duration: comparisons on common draws stay sharp.
        object.__setattr__(self, "samples_s", tuple(np.sort(values).tolist()))

    @cached_property
    def mean_s(self) -> float:
        return float(np.mean(self.samples_s))

    @cached_property
    def cs2(self) -> float:
        return float(np.var(self.samples_s)) / self.mean_s**2


@dataclass(frozen=True)
class Parts:
    """A sum of independent durations, one after the other on the same worker, each with a name for the waterfall.

    A part draws from the stream of its own name: the part ``model`` of a monolith takes exactly as long as the station
    ``model`` of the microservices does for the same request.
    """

    parts: tuple[tuple[str, SimpleLaw], ...]

    def __post_init__(self) -> None:
        filled("parts", self.parts, "give at least one (name, law)")
        names = [name for name, _ in self.parts]
        for name, law in self.parts:
            named("part", name)
            if isinstance(law, Parts):
                raise InvalidPlan("part", name, "must be a simple law", "list the inner parts directly")
        if len(set(names)) < len(names):
            raise InvalidPlan("parts", names, "must have different names", "rename the repeated part")

    @property
    def mean_s(self) -> float:
        return sum(law.mean_s for _, law in self.parts)

    @property
    def cs2(self) -> float:
        return sum(law.cs2 * law.mean_s**2 for _, law in self.parts) / self.mean_s**2


SimpleLaw = Deterministic | Exponential | LogNormal | Gamma | Empirical
Law = SimpleLaw | Parts


def scaled(law: Law, factor: float) -> Law:
    """The same law with every duration multiplied by `factor`, such as a slower processor's."""
    positive("factor", factor)
    match law:
        case Deterministic(mean):
            return Deterministic(mean * factor)
        case Exponential(mean):
            return Exponential(mean * factor)
        case LogNormal(mean, cv):
            return LogNormal(mean * factor, cv)
        case Gamma(mean, cv):
            return Gamma(mean * factor, cv)
        case Empirical(samples):
            return Empirical(tuple(s * factor for s in samples))
        case Parts(parts):
            return Parts(tuple((name, _simple(scaled(part, factor))) for name, part in parts))


def _simple(law: Law) -> SimpleLaw:
    assert not isinstance(law, Parts)
    return law


def check_law(what: str, law: object) -> None:
    """Refuse what is not a law."""
    if not isinstance(law, Deterministic | Exponential | LogNormal | Gamma | Empirical | Parts):
        raise InvalidPlan(
            what,
            law,
            "must be a law of durations",
            "give Deterministic, Exponential, LogNormal, Gamma, Empirical or Parts",
        )
