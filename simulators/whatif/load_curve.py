"""Latency against load: several runs at each of several rates, and where the curve crosses the SLO."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from data.estimate import Estimate
from data.estimates.means import mean_of_runs
from data.workloads.poisson import Poisson
from simulators.plan import Autoscaled, Fixed, PerRequest, Plan, Unit, offered_load
from simulators.runs.replications import seeds
from simulators.runs.result import SimulationResult
from simulators.simulate import simulate
from simulators.whatif.planning import Asked

SHARES = (0.1, 0.25, 0.4, 0.5, 0.6, 0.7, 0.8, 0.87, 0.93, 0.97)
"""Of what the bottleneck can do."""
MULTIPLES = (0.05, 0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.0)
"""Of the rate asked about, where nothing can run out of workers."""
RUNS = 5
REQUESTS = 8_000
"""In each run, after which the warm-up is cut off."""
_BINS = 20


@dataclass(frozen=True, slots=True)
class LoadCurve:
    """Percentiles at steady Poisson traffic of each rate, undisturbed."""

    rates_rps: tuple[float, ...]
    percentiles_ms: dict[float, tuple[Estimate, ...]]
    """Percent to its mean over the runs at each rate, with Student's 95% interval."""
    capacity_rps: float
    """Where the bottleneck is offered all that it can do; inf where nothing can run out."""
    requests: int
    """Of all runs together."""
    seed: int

    def crossing_rps(self, limit_ms: float, percent: float = 99.0) -> tuple[float, float, float] | None:
        """The rate at which the percentile passes the limit, from the curve and from its band's two edges.

        None where it does not within these rates; an edge that does not pass it stands at the last rate.
        """
        points = self.percentiles_ms[percent]
        middle = _crossing(self.rates_rps, [p.value for p in points], limit_ms)
        if middle is None:
            return None
        early = _crossing(self.rates_rps, [p.high for p in points], limit_ms)
        late = _crossing(self.rates_rps, [p.low for p in points], limit_ms)
        return middle, min(early or middle, middle), max(late or self.rates_rps[-1], middle)


def load_curve(
    asked: Asked,
    *,
    percents: Sequence[float] = (50.0, 99.0),
    requests: int = REQUESTS,
    runs: int = RUNS,
    progress: Callable[[float], None] | None = None,
) -> LoadCurve:
    """Simulate each rate `runs` times, with seeds that all rates have in common."""
    rates = rates_for(asked)
    found: dict[float, list[Estimate]] = {percent: [] for percent in percents}
    for place, rate_rps in enumerate(rates):
        results = _runs(asked.calm, rate_rps, requests, seeds(asked.question.seed, runs))
        for percent in percents:
            values = [run.latency.quantile(percent) * 1e3 for run in results]
            found[percent].append(mean_of_runs(values, "ms", name=f"p{percent:g}"))
        if progress is not None:
            progress((place + 1) / len(rates))
    percentiles = {percent: tuple(points) for percent, points in found.items()}
    return LoadCurve(rates, percentiles, asked.capacity_rps, len(rates) * requests * runs, asked.question.seed)


def rates_for(asked: Asked) -> tuple[float, ...]:
    """Rates to look at: shares of what the bottleneck can do, or multiples of the rate asked about."""
    endless = all(isinstance(unit.scaling, PerRequest) for unit in asked.calm.units)
    if endless or not np.isfinite(asked.capacity_rps):
        return tuple(asked.question.rate_rps * multiple for multiple in MULTIPLES)
    return tuple(asked.capacity_rps * share for share in SHARES)


def settled(plan: Plan, rate_rps: float) -> Plan:
    """The plan with as many replicas as its autoscalers settle on at a steady rate.

    A run that is long enough for a percentile is over before an autoscaler has looked twice. Of requests in flight the
    part in service is counted.
    """
    busy = {load.station: load.rate_rps * load.work_s for load in offered_load(plan, rate_rps)}

    def fixed(unit: Unit) -> Unit:
        if not isinstance(unit.scaling, Autoscaled):
            return unit
        share = unit.scaling.metric == "utilisation"
        of_one = [(s.workers or unit.cores or 1.0) if share else 1.0 for s in unit.stations]
        wanted = max(busy[s.name] / (unit.scaling.target * own) for s, own in zip(unit.stations, of_one, strict=True))
        count = min(max(math.ceil(wanted), unit.scaling.minimum), unit.scaling.maximum)
        return replace(unit, scaling=Fixed(count))

    return replace(plan, units=tuple(fixed(unit) for unit in plan.units))


def _runs(plan: Plan, rate_rps: float, requests: int, own_seeds: Sequence[int]) -> list[SimulationResult]:
    traffic = Poisson(rate_rps=rate_rps, duration_s=min(requests / rate_rps, 366 * 86_400.0))
    plan = settled(plan, rate_rps)
    return [simulate(plan, traffic, seed=seed, keep_rows=False, watch=(), bins=_BINS) for seed in own_seeds]


def _crossing(rates: Sequence[float], values: Sequence[float], limit: float) -> float | None:
    """Where a curve of straight pieces first passes the limit from below; the first rate where it begins above it."""
    for i, (rate, value) in enumerate(zip(rates, values, strict=True)):
        if value > limit:
            if i == 0:
                return rate
            before, low = rates[i - 1], values[i - 1]
            return before + (rate - before) * (limit - low) / (value - low)
    return None
