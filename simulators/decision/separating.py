"""What would tell two candidates apart whose intervals overlap: which measurement, and how long it takes."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from data.estimate import Estimate
from data.estimates.text import digits
from data.scenario import Scenario
from simulators.cost.model import CostModel

By = Literal["measure", "simulate", "forecast", "nothing"]
MOST_REPETITIONS = 100
"""As a scenario may ask for; beyond, each is to be longer."""
_MOST = 1_000
"""A measurement this many times as long is no advice."""


@dataclass(frozen=True, slots=True)
class Separation:
    """Two candidates that an axis does not tell apart, and what would."""

    first: str
    second: str
    axis: str
    by: By
    """measure: more requests. simulate: more simulated occurrences. forecast: a better forecast. nothing: they tie."""
    requests: int
    """That each must be asked, in all; 0 where it is no matter of requests."""
    repetitions: int
    """In all."""
    seconds: float
    """That the whole measurement takes, both candidates together."""
    says: str
    longer: int = 1
    """How many times as long as the scenario's the traffic of each repetition is to be."""


def separation(scenario: Scenario, first: str, second: str, axis: str, a: Estimate, b: Estimate) -> Separation:
    """What would separate two overlapping estimates, if their values stay where they are.

    An interval narrows with the root of n: both together must become as narrow as the values are apart.
    """
    apart = abs(a.value - b.value)
    half = (abs(a.high - a.low) + abs(b.high - b.low)) / 2
    factor = (half / apart) ** 2 * 1.1 if apart else float("inf")
    if factor > _MOST:
        says = (
            f"{first} and {second} tie on {axis}: they differ by {digits(apart)} {a.unit} where their intervals are "
            f"{digits(2 * half)} wide, and no measurement of a sensible length would tell them apart."
        )
        return Separation(first, second, axis, "nothing", 0, 0, 0.0, says)
    measurement = scenario.measurement
    needed = max(measurement.repetitions * max(factor, 1.0), 2.0)
    longer = math.ceil(needed / MOST_REPETITIONS - 1e-9)
    repetitions = math.ceil(needed / longer - 1e-9)
    seconds_each = longer * scenario.workload.duration_s + measurement.warm_up_s
    requests = int(max(a.n, b.n) * max(factor, 1.0))
    seconds = 2 * repetitions * seconds_each
    if axis == "risk":
        more = f"about {digits(factor)} times as many simulated faults would tell them apart"
        says = f"{first} and {second} are not separated on risk: {more}."
        return Separation(first, second, axis, "simulate", requests, 0, 0.0, says)
    each = f"{repetitions} repetitions of each" + (f", {longer} times as long," if longer > 1 else "")
    says = (
        f"{first} and {second} are not separated on {axis}: {each} "
        f"(about {requests:,} requests, {_minutes(seconds)} in all) would tell them apart, if they stay where they are."
    )
    return Separation(first, second, axis, "measure", requests, repetitions, seconds, says, longer)


def costs_separated(a: CostModel, b: CostModel) -> bool:
    """Whether one is cheaper than the other all over the forecast's range, whatever the service times are.

    Traffic is common to both: it moves them together, so that intervals of their own would say too little.
    """
    signs = {_sign(one, other) for one, other in _pairs(a, b)}
    return len(signs) == 1 and 0 not in signs


def cost_separation(scenario: Scenario, first: str, second: str, a: CostModel, b: CostModel) -> Separation:
    """What would tell which of two is cheaper: a better forecast, or better known service times."""
    rates = _rates(a)
    at_mean = {_sign(a.at(rate), b.at(rate)) for rate in rates}
    costs = f"{digits(float(a.usd()))} and {digits(float(b.usd()))} USD a month"
    if len(at_mean) > 1 and a.month.uncertainty_share:
        crossing = _crossing(a, b)
        share = abs(crossing / a.month.rate_rps - 1)
        says = (
            f"{first} and {second} are not separated on cost ({costs}): which is cheaper changes at "
            f"{digits(crossing)} requests/s. A forecast that is right to ±{share:.0%} instead of "
            f"±{a.month.uncertainty_share:.0%} would tell them apart."
        )
        return Separation(first, second, "cost", "forecast", 0, 0, 0.0, says)
    low, high = _estimate(a), _estimate(b)
    return separation(scenario, first, second, "cost", low, high)


def _estimate(model: CostModel) -> Estimate:
    """Its cost with the interval of its service time alone."""
    return replace(model, month=replace(model.month, uncertainty_share=0.0)).monthly()


def _pairs(a: CostModel, b: CostModel) -> Iterator[tuple[CostModel, CostModel]]:
    for rate in _rates(a):
        for one in _services(a.at(rate)):
            for other in _services(b.at(rate)):
                yield one, other


def _rates(model: CostModel) -> tuple[float, ...]:
    off, rate = model.month.uncertainty_share, model.month.rate_rps
    return (rate * (1 - off), rate, rate * (1 + off)) if off else (rate,)


def _services(model: CostModel) -> Iterator[CostModel]:
    work = model.work
    for seconds in dict.fromkeys((work.service_low_s, work.service_s, work.service_high_s)):
        yield replace(model, work=work.scaled(seconds / work.service_s)) if work.service_s else model


def _sign(a: CostModel, b: CostModel) -> int:
    apart = a.usd() - b.usd()
    return (apart > 0) - (apart < 0)


def _crossing(a: CostModel, b: CostModel) -> float:
    """The rate within the forecast's range, nearest to its mean, at which the cheaper one changes."""
    middle = a.month.rate_rps
    here = _sign(a, b)
    for end in sorted(_rates(a), key=lambda rate: abs(rate - middle)):
        if _sign(a.at(end), b.at(end)) == here:
            continue
        inside, outside = middle, end
        for _ in range(40):
            half = (inside + outside) / 2
            inside, outside = (half, outside) if _sign(a.at(half), b.at(half)) == here else (inside, half)
        return outside
    return middle


def _minutes(seconds: float) -> str:
    return f"{digits(seconds)} s" if seconds < 120 else f"{digits(seconds / 60)} min"
