"""At which traffic the cheapest candidate changes, and what each costs over six decades of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simulators.cost.model import CostModel

DECADES = 6
POINTS_A_DECADE = 8
_STEPS = 40
Models = Mapping[str, CostModel]


@dataclass(frozen=True, slots=True)
class BreakEven:
    """The traffic at which the cheapest changes."""

    rate_rps: float
    low_rps: float
    """Where it lies if service times are at the ends of their 95% intervals that put it lowest …"""
    high_rps: float
    """… and highest."""
    below: str
    """The cheapest candidate at less traffic."""
    above: str
    """The cheapest at more."""


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Cost against traffic."""

    rate_rps: NDArray[np.float64]
    """(points,)"""
    usd_per_month: Mapping[str, NDArray[np.float64]]
    """Candidate to its cost at each rate. (points,)"""
    breaks: tuple[BreakEven, ...]
    """In order of traffic."""


def curves(models: Models, middle_rps: float) -> Curves:
    """Costs from a thousandth to a thousand times the traffic, and where the cheapest changes in between."""
    half = DECADES / 2
    rates = middle_rps * np.logspace(-half, half, DECADES * POINTS_A_DECADE + 1)
    costs = {name: np.array([_usd(model, rate) for rate in rates]) for name, model in models.items()}
    return Curves(rates, costs, _breaks(models, rates, costs))


def cheapest(models: Models, rate_rps: float) -> str:
    """Name of the candidate with the lowest bill at that traffic; the first of those that tie."""
    return min(models, key=lambda name: _usd(models[name], rate_rps))


def _breaks(
    models: Models, rates: NDArray[np.float64], costs: Mapping[str, NDArray[np.float64]]
) -> tuple[BreakEven, ...]:
    if not models:
        return ()
    names = list(models)
    leaders = [names[int(i)] for i in np.argmin(np.stack(list(costs.values())), axis=0)]
    return tuple(
        _break(models, leaders[i], leaders[i + 1], float(rates[i]), float(rates[i + 1]))
        for i in range(len(rates) - 1)
        if leaders[i] != leaders[i + 1]
    )


def _break(models: Models, below: str, above: str, from_rps: float, to_rps: float) -> BreakEven:
    """Between two rates at which different candidates lead: where the first stops leading."""
    value = _crossing(lambda rate: _usd(models[below], rate) <= _usd(models[above], rate), from_rps, to_rps)
    tried = [value]
    # One of the two dearer and the other cheaper than its mean service time says: that moves the crossing furthest.
    for service in ("service_low_s", "service_high_s"):
        for moved in (below, above):
            pair = {name: _with_service(models[name], service) if name == moved else models[name]
                    for name in (below, above)}  # fmt: skip
            found = _wide_crossing(pair, below, above, value)
            if found is not None:
                tried.append(found)
    return BreakEven(value, min(tried), max(tried), below, above)


def _wide_crossing(pair: Models, below: str, above: str, near_rps: float) -> float | None:
    """The crossing nearest to a rate, looked for within a decade either way."""

    def first_leads(rate: float) -> bool:
        return _usd(pair[below], rate) <= _usd(pair[above], rate)

    rates = near_rps * np.logspace(-1, 1, 2 * POINTS_A_DECADE + 1)
    leads = [first_leads(float(rate)) for rate in rates]
    places = [i for i in range(len(rates) - 1) if leads[i] and not leads[i + 1]]
    if not places:
        return None
    place = min(places, key=lambda i: abs(i - POINTS_A_DECADE))
    return _crossing(first_leads, float(rates[place]), float(rates[place + 1]))


def _crossing(holds: Callable[[float], bool], from_rps: float, to_rps: float) -> float:
    """Where a condition that holds at one end and not at the other stops holding, by halving (on a log scale)."""
    low, high = np.log(from_rps), np.log(to_rps)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(float(np.exp(middle))) else (low, middle)
    return float(np.exp((low + high) / 2))


def _with_service(model: CostModel, end: str) -> CostModel:
    factor = getattr(model.work, end) / model.work.service_s if model.work.service_s else 1.0
    return replace(model, work=model.work.scaled(factor))


def _usd(model: CostModel, rate_rps: float) -> float:
    return float(model.at(rate_rps).usd())


def table(found: Curves) -> Sequence[dict[str, float]]:
    """Rows of the curves, for tables and files."""
    return [
        {"requests per second": float(rate), **{name: float(costs[i]) for name, costs in found.usd_per_month.items()}}
        for i, rate in enumerate(found.rate_rps)
    ]
