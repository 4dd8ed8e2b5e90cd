"""Search for the knobs with which the simulated users see what the real ones saw, at every load that was measured."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from data.profile import AtLoad, Discipline, ServiceProfile
from simulators.calibration.knobs import KNOBS, OWN, Knobs, rounded, turned, with_factors
from simulators.calibration.seeing import LEVELS, Load, PlanOf, SeenRun, kernel
from strategies.profiling.profiling import by_workers

TRIES = 300
_FULL, _CROWDED = 0.9, 0.4
"""Beyond this share of the capacity a queue only grows, and a steady load counts so much."""
_CPU = 0.1
"""How far off the processor time counts as one."""
_TOLERANCES = np.append(np.sqrt(2) * np.tile(list(LEVELS.values()), 2), _CPU)
"""Of what `Load.off` gives: levels are told twice, and count as much together as if they were told once."""
_WIDTH = len(_TOLERANCES)
_LOOSE = np.array((0.3, 0.3, 0.3, 1.5, 2.0, 2.0, 0.7, 2.0, 1.0, 1.5, 1.5, 0.7, 0.7, 0.2, 0.8, 0.7))
"""How far each knob may go before that counts as much as a percentile off by its target: runs said it too."""
_STEPS = np.array((0.04, 0.04, 0.04, 0.25, 0.3, 0.2, 0.15, 0.5, 0.1, 0.3, 0.4, 0.15, 0.15, 0.05, 0.08, 0.15))
"""By which derivatives are told: large enough to be seen beyond the draws."""
_OWN_LOOSE, _OWN_STEP = (0.3, 0.3, 0.1), 0.15
"""The same of each load's own factors; longer stalls would be another capacity, which is the same at all loads."""
_STARTS = tuple(
    (stalls, stall, whoever)
    for stalls, stall in ((0.0, 0.0), (1.5, -1.0), (0.0, 1.5), (-2.0, 2.5))
    for whoever in (0.0, -3.0)
)
"""Stalls, their length, and whom they strike: how a long tail comes about is where the search may get stuck."""
SHARED_CORE = (0.0, 0.2, 0.35, 0.6)
"""Shares of the capacity up to which server and generator may share a core, between calibrated loads; 0 is never."""
_NUDGE, _ROUNDS, _HELPS = 3.0, 3, 0.999
"""First steps of single knobs, as multiples of those that derivatives are told by; how often they are halved, and by
how much the loss is to fall."""
_SCOUTS = 6
"""Steps of the search by which it is told which of these, and which order of service, is worth going on with."""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A fitted profile and how far its percentiles are off at the loads that it was fitted to."""

    profile: ServiceProfile
    knobs: Knobs
    values: NDArray[np.float64]
    """Where the search ended: knobs and factors."""
    loss: float
    median_error: float
    """Median over loads and percentiles, as a share."""


def calibrated(
    profile: ServiceProfile, plan_of: PlanOf, tries: int = TRIES, runs: Sequence[Sequence[SeenRun]] = ()
) -> ServiceProfile:
    """The profile with durations fitted to its `at_load`; unchanged where it was not driven under load.

    `plan_of` makes the plan of the deployment as it was profiled. `runs`, where they are known, are those behind each
    of `at_load`: then runs are compared one by one, each on a machine as slow as it was meanwhile. Where the order of
    service is in doubt (an event loop with short services), both orders are fitted, and the better one is kept. Notes
    say how far the fit is off.
    """
    if not profile.at_load:
        return profile
    searches = [Search(candidate, plan_of, runs) for candidate in _candidates(profile)]
    begin = searches[0].first()
    scouted = [(search, search.run(search.again(begin), _SCOUTS)) for search in searches]
    search, found = min(scouted, key=lambda pair: pair[1].loss)
    best = search.run(found.values, tries // (len(search.names) + 3))
    if runs:
        best = search.nudged(best, _ROUNDS)
    loads = len(profile.at_load)
    said = f"Fitted to {loads} loads: percentiles are {best.median_error:.1%} off at the median."
    return replace(best.profile, notes=(*profile.notes, said))


class Search:
    """What the search turns: knobs that all loads share, then the factors of each load's own, as one array."""

    def __init__(self, profile: ServiceProfile, plan_of: PlanOf, runs: Sequence[Sequence[SeenRun]] = ()) -> None:
        self._profile, self._plan_of, self._engine = profile, plan_of, kernel()
        behind = runs or [()] * len(profile.at_load)
        both = list(zip(profile.at_load, behind, strict=True))
        self._loads = [Load.of(measured, place, known) for place, (measured, known) in enumerate(both)]
        self._weights = np.array(
            [[load.weight * self._settles(seen)] for load, (seen, _) in zip(self._loads, both, strict=True)]
        )
        # Without turns there are no further requests in one; who never shares a core is not slowed by it.
        without = {
            "further": not profile.next_s, "curve": not profile.next_s, "shared": not profile.shared_core_rps,
            "client": not profile.client_s, "slow_power": not any(len(load.slow) for load in self._loads),
        }  # fmt: skip
        self.names = [name for name in KNOBS if not without.get(name)]
        shared = [KNOBS.index(name) for name in self.names]
        self._steps = _STEPS[shared]
        self._scale = np.append(_LOOSE[shared], np.tile(_OWN_LOOSE, len(self._loads)))

    def _settles(self, seen: AtLoad) -> float:
        """How much a load counts: how fast a queue grows says less than how long it is where it settles."""
        grows = seen.rate_rps > _FULL * self._profile.capacity_rps and not seen.from_idle
        return _CROWDED if grows else 1.0

    def first(self) -> Knobs:
        """The best of a few places to begin."""
        starts = [Knobs(stalls=stalls, stall=stall, whoever=whoever, shared=0.5) for stalls, stall, whoever in _STARTS]
        return min(starts, key=lambda knobs: _loss(self.residuals(self.again(knobs))))

    def again(self, knobs: Knobs) -> NDArray[np.float64]:
        """These knobs as values, without factors."""
        return np.array([getattr(knobs, name) for name in self.names] + [0.0] * OWN * len(self._loads))

    def run(self, values: NDArray[np.float64], steps: int) -> Fit:
        """So many steps of least squares from there, or fewer where nothing improves."""
        found = optimize.least_squares(
            self.residuals, values, self.slopes, x_scale=self._scale, loss="soft_l1", xtol=2e-3, ftol=2e-3,
            max_nfev=max(steps, 2),
        )  # fmt: skip
        return self._fit(found.x, _loss(found.fun))

    def nudged(self, fit: Fit, rounds: int) -> Fit:
        """One knob after the other a little further, as long as it helps: runs are too rough for slopes in the end."""
        values, loss = fit.values.copy(), fit.loss
        for turn in range(rounds):
            for place, step in enumerate(_NUDGE / 2**turn * self._steps):
                for way in (step, -step):
                    while (less := _loss(self.residuals(_moved(values, place, way)))) < _HELPS * loss:
                        values, loss = _moved(values, place, way), less
        return self._fit(values, loss)

    def _fit(self, values: NDArray[np.float64], loss: float) -> Fit:
        error = float(np.median(np.abs(np.expm1(self.errors(values)[:, :-1]))))
        return Fit(rounded(self.profile_of(values)), self.knobs_of(values), values, loss, error)

    def knobs_of(self, values: NDArray[np.float64]) -> Knobs:
        return Knobs(**dict(zip(self.names, values.tolist(), strict=False)))

    def profile_of(self, values: NDArray[np.float64]) -> ServiceProfile:
        return with_factors(turned(self._profile, self.knobs_of(values)), values[len(self.names) :].reshape(-1, OWN))

    def errors(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Logarithm of simulated over seen, (loads, `_WIDTH`)."""
        profile = self.profile_of(values)
        return np.array([load.off(self._engine, profile, self._plan_of) for load in self._loads])

    def residuals(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of each load, then how far each knob and factor has gone: 1 is as far as may be."""
        off = self.errors(values) / _TOLERANCES * self._weights
        return np.concatenate([off.ravel(), values / self._scale])

    def slopes(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of residuals by values. A load's own factors change nothing at other loads: one try serves all loads."""
        here, shared, loads = self.residuals(values), len(self.names), len(self._loads)
        each = _WIDTH * np.arange(loads + 1)
        found = np.zeros((len(here), len(values)))
        for place, step in enumerate(self._steps):
            found[:, place] = (self.residuals(_moved(values, place, step)) - here) / step
        for kind in range(OWN):
            own = shared + kind + OWN * np.arange(loads)
            change = (self.residuals(_moved(values, own, _OWN_STEP)) - here) / _OWN_STEP
            for load, column in enumerate(own):
                found[each[load] : each[load + 1], column] = change[each[load] : each[load + 1]]
            found[each[-1] + own, own] = change[each[-1] + own]
        return found


def _moved(values: NDArray[np.float64], place: int | NDArray[np.int64], step: float) -> NDArray[np.float64]:
    moved = values.copy()
    moved[place] += step
    return moved


def _loss(residuals: NDArray[np.float64]) -> float:
    """Beyond a few targets the measurement itself is in doubt: growth turns from square to linear."""
    return float(np.sum(2 * (np.sqrt(1 + residuals**2) - 1)))


def _candidates(profile: ServiceProfile) -> list[ServiceProfile]:
    may_share = by_workers(profile) and not profile.generator_apart
    shares = SHARED_CORE if may_share else SHARED_CORE[:1]
    return [
        replace(order, shared_core_rps=share * profile.capacity_rps) for order in _orders(profile) for share in shares
    ]


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
