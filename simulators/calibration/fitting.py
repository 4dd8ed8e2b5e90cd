"""Search for the knobs with which the simulated users see what the real ones saw, at every load that was measured."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from data.discovery import kind
from data.profile import Discipline, ServiceProfile
from data.trace import Status
from data.workloads.contract import OpenSchedule
from data.workloads.poisson import Poisson
from simulators.calibration.knobs import Knobs, turned
from simulators.engines.contract import Engine, Task
from simulators.plan import Plan

LEVELS: Mapping[float, float] = {25.0: 1.0, 50.0: 3.0, 75.0: 1.5, 90.0: 1.0, 95.0: 1.0, 99.0: 0.7}
"""Percentiles that are to agree, and how much each weighs."""
REQUESTS = 30_000
"""Simulated at each load, with the same arrivals and draws at every try, so that tries differ by their knobs alone."""
TRIES = 600
_SEED = 90_210
_LOOSE = (0.3, 2.0, 4.0, 1.0, 1.5, 2.0, 2.0)
"""How far each knob may go before that counts as much as a tenth off at a percentile: pauses and bursts said it too."""
_STEPS = (0.1, 0.7, 2.0, 0.5, 0.5, 0.8, -0.7)
_STARTS = 3
PlanOf = Callable[[ServiceProfile], Plan]


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted profile and how far its percentiles are off at the loads that it was fitted to."""

    profile: ServiceProfile
    loss: float
    median_error: float
    """Median over loads and percentiles, as a share."""


def calibrated(profile: ServiceProfile, plan_of: PlanOf, tries: int = TRIES) -> ServiceProfile:
    """The profile with durations fitted to its `at_load`; unchanged where it was not driven under load.

    `plan_of` makes the plan of the deployment as it was profiled. Where the order of service is in doubt (an event loop
    with short services), both orders are fitted, and the better one is kept. Notes say how far the fit is off.
    """
    if not profile.at_load:
        return profile
    fits = [fit(candidate, plan_of, tries) for candidate in _orders(profile)]
    best = min(fits, key=lambda found: found.loss)
    loads = len(profile.at_load)
    said = f"Fitted to {loads} loads: percentiles are {best.median_error:.1%} off at the median."
    return replace(best.profile, notes=(*profile.notes, said))


def fit(profile: ServiceProfile, plan_of: PlanOf, tries: int = TRIES) -> Fit:
    """The best knobs that so many tries find, by the Nelder-Mead simplex."""
    seen = {each.rate_rps: np.percentile(each.latency_s, list(LEVELS)) for each in profile.at_load}
    # Other draws at each load: what is rare in one of them is not rare in all.
    seeds = {each.rate_rps: _SEED + place for place, each in enumerate(profile.at_load)}
    schedules = {rate: _schedule(rate, seed) for rate, seed in seeds.items()}
    engine: Engine = kind("simulators.engines", Engine, "kernel")()  # type: ignore[type-abstract]

    def errors(knobs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Logarithm of simulated over seen, (loads, levels)."""
        plan = plan_of(turned(profile, Knobs.of(knobs)))
        tasks = {rate: Task(plan, schedules[rate], seeds[rate], bins=1) for rate in seen}
        return np.array([_simulated(engine, task) - np.log(seen[rate]) for rate, task in tasks.items()])

    def loss(knobs: NDArray[np.float64]) -> float:
        off = errors(knobs) / 0.1
        # Beyond a few tenths the measurement itself is in doubt: growth turns from square to linear.
        each = 2 * (np.sqrt(1 + off**2) - 1) * np.array(list(LEVELS.values()))
        return float(each.sum() + np.sum((knobs / _LOOSE) ** 2))

    best, reached = np.zeros(len(_LOOSE)), 0.0
    for _ in range(_STARTS):  # from where the last one ended, with a fresh simplex: one alone gets stuck
        found = optimize.minimize(
            loss, best, method="Nelder-Mead",
            options={
                "initial_simplex": np.vstack([best, best + np.diag(_STEPS)]), "maxfev": tries // _STARTS,
                "adaptive": True, "xatol": 1e-3, "fatol": 1e-2,
            },
        )  # fmt: skip
        best, reached = found.x, float(found.fun)
    return Fit(turned(profile, Knobs.of(best)), reached, float(np.median(np.abs(np.expm1(errors(best))))))


def _orders(profile: ServiceProfile) -> list[ServiceProfile]:
    if profile.discipline != "turns":
        return [profile]
    once: Discipline = "fcfs"
    mean_s = profile.next_s or profile.occupancy_s
    factor = mean_s / profile.occupancy_s
    shorter = tuple(value * factor for value in profile.overhead_s)
    parts = tuple(
        replace(part, service_s=tuple((n, tuple(v * factor for v in values)) for n, values in part.service_s))
        for part in profile.components
    )
    return [profile, replace(profile, discipline=once, next_s=0.0, overhead_s=shorter, components=parts)]


def _schedule(rate_rps: float, seed: int) -> OpenSchedule:
    made = Poisson(rate_rps=rate_rps, duration_s=REQUESTS / rate_rps).schedule(1, seed)
    assert isinstance(made, OpenSchedule)
    return made


def _simulated(engine: Engine, task: Task) -> NDArray[np.float64]:
    """Logarithms of the simulated percentiles."""
    outcome = engine.run(task)
    assert outcome.rows is not None
    ok = outcome.rows["status"] == Status.OK
    latency_s = (outcome.rows["end_s"] - outcome.rows["scheduled_s"])[ok]
    if not len(latency_s):
        return np.full(len(LEVELS), 10.0)
    logs: NDArray[np.float64] = np.log(np.percentile(latency_s, list(LEVELS)))
    return logs
