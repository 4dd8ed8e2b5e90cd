"""Many simulated releases at once: requests are drawn for all of them together, and each asks its own policy.

One step is one interval of the policy. Counts are drawn as the live router counts them: equal random arms, copies in
pairs, labels when their delay is over. `decide` is the same code that the router runs, on the same evidence.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import Cancelled
from simulators.releases.drawing import Drawing
from simulators.releases.traffic import Traffic
from simulators.releases.world import World
from strategies.releases.contract import ReleasePolicy, Split, Verdict
from strategies.releases.evidence import Arms, Evidence
from strategies.releases.evidence.ledger import Ledger, compares
from strategies.releases.outcome import ReleaseOutcome
from strategies.releases.outcome.entries import entry_of

_AFTER = Split(0.0, 0.0)


@dataclass(slots=True)
class Course:
    """One simulated release on its way."""

    policy: ReleasePolicy
    ledger: Ledger = field(default_factory=Ledger)
    split: Split = _AFTER
    log: list[tuple[float, Split]] = field(default_factory=list)
    """Every decision with its moment, where it was asked for."""
    served: list[dict[str, int]] = field(default_factory=list)
    """What users had had of the new version by each of them."""


def simulate_releases(
    policy: ReleasePolicy,
    world: World,
    traffic: Traffic,
    *,
    releases: int = 1_000,
    seed: int = 1,
    horizon_s: float = 86_400.0,
    to_the_end: bool = False,
    cancelled: Any = None,
) -> list[ReleaseOutcome]:
    """Run a policy many times in a world; one outcome a release.

    Parameters
    ----------
    policy
        Settings; each release gets a fresh one.
    horizon_s
        A release without a verdict by then is left at hold.
    to_the_end
        Whether users go on until `horizon_s` after a verdict, answered by whom it says; else counts end with it.
    """
    run = _Run(policy, world, traffic, releases, seed, False)
    return run.outcomes(horizon_s, cancelled, to_the_end)


def trajectory(
    policy: ReleasePolicy, world: World, traffic: Traffic, *, seed: int = 1, horizon_s: float = 86_400.0
) -> tuple[tuple[tuple[float, Split], ...], ReleaseOutcome]:
    """One release with every decision that was taken."""
    run = _Run(policy, world, traffic, 1, seed, True)
    outcome = run.outcomes(horizon_s)[0]
    return tuple(run.courses[0].log), outcome


def course(
    policy: ReleasePolicy, world: World, traffic: Traffic, *, seed: int = 1, horizon_s: float = 86_400.0
) -> tuple[list[dict[str, Any]], ReleaseOutcome]:
    """The same as plain entries, such as the live router logs, and the outcome once all traffic is over."""
    run = _Run(policy, world, traffic, 1, seed, True)
    outcome = run.outcomes(horizon_s, to_the_end=True)[0]
    own = run.courses[0]
    return [entry_of(now_s, split, served=n) for (now_s, split), n in zip(own.log, own.served, strict=True)], outcome


class _Run:
    def __init__(
        self, policy: ReleasePolicy, world: World, traffic: Traffic, releases: int, seed: int, keep_log: bool
    ) -> None:
        self.interval_s, self.world, self.traffic, self.keep_log = policy.interval_s, world, traffic, keep_log
        self.courses = [Course(policy.fresh()) for _ in range(releases)]
        self.active = np.arange(releases)
        self.drawing = Drawing(world, releases, seed)
        self.verdict_s = np.full(releases, np.nan)
        self.extra_s = np.zeros(releases)

    def outcomes(self, horizon_s: float, cancelled: Any = None, to_the_end: bool = False) -> list[ReleaseOutcome]:
        nothing = Evidence(Arms(), Arms(), ready=self.world.ready_s <= 0)
        self._decide(0.0, [nothing] * len(self.active))
        tick = 0
        while len(self.active) and tick * self.interval_s < horizon_s:
            if cancelled is not None and cancelled():
                raise Cancelled("The simulation was cancelled.")
            windows = self._window(tick)
            tick += 1
            self._decide(tick * self.interval_s, windows)
        if to_the_end:
            self._go_on(horizon_s)
        return [self._outcome(i) for i in range(len(self.courses))]

    def _window(self, tick: int) -> list[Evidence]:
        """What happened in one interval, in every release that still runs."""
        active = self.active
        counts = self.traffic.draw(self.drawing.rng, len(self.courses), tick, self.interval_s)[active]
        splits = [self.courses[i].split for i in active]
        arms = self.drawing.draw(active, counts, splits, self.traffic.scatter, tick * self.interval_s, self.interval_s)
        ready = (tick + 1) * self.interval_s >= self.world.ready_s
        seen = []
        for i, split, (apart, together) in zip(active, splits, arms, strict=True):
            seen.append(self.courses[i].ledger.add(apart, together, compared=compares(split), ready=ready))
            self.extra_s[i] += max(split.old_fleet + split.new_fleet - 1, 0.0) * self.interval_s
        return seen

    def _go_on(self, horizon_s: float) -> None:
        """What users got after the verdict, until the traffic ends."""
        over = np.flatnonzero(~np.isnan(self.verdict_s))
        left_s = np.maximum(min(horizon_s, self.traffic.stops_s) - self.verdict_s[over], 0.0)
        splits = [self.courses[i].split for i in over]
        counts = self.traffic.over(self.drawing.rng, left_s)
        self.drawing.draw(over, counts, splits, self.traffic.scatter, horizon_s, 0.0)

    def _decide(self, now_s: float, seen: list[Evidence]) -> None:
        ended = []
        for place, (i, evidence) in enumerate(zip(self.active, seen, strict=True)):
            course = self.courses[i]
            course.split = split = course.policy.decide(now_s, evidence)
            if self.keep_log:
                course.log.append((now_s, split))
                course.served.append(self.drawing.so_far(int(i)))
            if split.ended:
                self.verdict_s[i] = now_s
                ended.append(place)
        if ended:
            self.active = np.delete(self.active, ended)

    def _outcome(self, i: int) -> ReleaseOutcome:
        split, drawn = self.courses[i].split, self.drawing
        over = split.verdict is not Verdict.HOLD
        served = int(drawn.served[i])
        # Keys are drawn uniformly: the expected number of different ones among those who may be given the new version.
        reached = self.world.users * drawn.widest[i]
        touched = reached * -np.expm1(served * np.log1p(-1 / reached)) if reached > 1 else float(min(served, 1))
        return ReleaseOutcome(
            verdict=str(split.verdict),
            verdict_s=float(self.verdict_s[i]) if over else None,
            requests=int(drawn.requests[i]),
            served_new=served,
            failed=int(drawn.failed[i]),
            wrong=int(drawn.wrong[i]),
            late=int(drawn.late[i]),
            dropped=int(drawn.dropped[i]),
            users_touched=round(touched),
            extra_instance_h=float(self.extra_s[i]) * self.world.instances / 3600,
        )


def column(outcomes: list[ReleaseOutcome], name: str) -> NDArray[np.float64]:
    """One figure of every release; NaN where it has none. (releases,)"""
    values = [getattr(outcome, name) for outcome in outcomes]
    return np.array([np.nan if value is None else value for value in values], np.float64)
