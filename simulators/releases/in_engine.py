"""A policy in a simulation engine: every request goes through the plan's queues, and the policy sees what became of it.

Slower than `simulate_releases` by far, and exact where queues matter: a slower version fills up the workers that both
share, and the old one suffers with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.discovery import kind
from data.errors import InvalidValue
from data.provenance import Provenance
from data.trace import Status, Trace
from data.usage import Usage
from data.workloads.contract import OpenSchedule, Schedule
from simulators.engines.contract import Engine, Seen, Task, Variant
from simulators.plan import Plan
from simulators.plan.errors import UnsupportedPlan
from simulators.releases.world import Behaviour, World, measured_latency
from strategies.releases.contract import ReleasePolicy, Split
from strategies.releases.evidence import ANSWER_BINS, Arms, Evidence, Tally, digest
from strategies.releases.evidence.ledger import Ledger, compares
from strategies.releases.outcome import ReleaseOutcome

OLD, NEW, BASELINE = 0, 1, 2
"""Versions in the engine: the baseline is the old version under a number of its own, so that it can be told apart."""
_NO_ANSWERS = np.zeros(ANSWER_BINS, np.int64)


@dataclass(slots=True)
class PolicyRouter:
    """Lets an engine's requests be divided by a policy: an engine's `Router`."""

    policy: ReleasePolicy
    interval_s: float = field(init=False)
    log: list[tuple[float, Split]] = field(default_factory=list)
    _ledger: Ledger = field(default_factory=Ledger)
    _split: Split = field(default_factory=lambda: Split(1.0, 0.0))
    _before_s: float = 0.0

    def __post_init__(self) -> None:
        self.interval_s = self.policy.interval_s

    def shares(self, now_s: float, seen: Seen) -> Sequence[float]:
        """What the policy decides, as shares of `OLD`, `NEW` and `BASELINE`."""
        if not self._split.ended:
            evidence = self._evidence(seen) if self.log else Evidence(Arms(), Arms())
            self._split = self.policy.decide(now_s, evidence)
            self.log.append((now_s, self._split))
        self._before_s = now_s
        split = self._split
        _check_expressible(split)
        counted = 0.0 if split.ended else split.counted
        return split.primary - counted, split.canary, counted

    def _evidence(self, seen: Seen) -> Evidence:
        latest = seen.end_s >= self._before_s
        tallies = [_tally(seen, latest & (seen.version == version)) for version in (OLD, NEW, BASELINE)]
        apart, together = Arms(tallies[OLD], tallies[NEW]), Arms(tallies[BASELINE], tallies[NEW])
        return self._ledger.add(apart, together, compared=compares(self._split))


def _check_expressible(split: Split) -> None:
    if split.mirrored or not split.primary + split.canary:
        what = "copies of requests" if split.mirrored else "an outage"
        raise UnsupportedPlan("of a release", what, "simulate it with simulate_releases")


@dataclass(frozen=True, slots=True)
class EngineRelease:
    """One release, request by request."""

    outcome: ReleaseOutcome
    trace: Trace
    log: tuple[tuple[float, Split], ...]


def release_in_engine(
    policy: ReleasePolicy,
    plan: Plan,
    schedule: Schedule,
    new: Variant,
    *,
    old: Variant = Variant(),  # noqa: B008 - frozen
    engine: str = "simpy",
    seed: int = 1,
    slo_s: float = 0.5,
    instances: int = 1,
) -> EngineRelease:
    """Run one release through a plan.

    Parameters
    ----------
    new
        What the new version changes at the plan's stations; `old` likewise.

    Raises `UnsupportedPlan` for a policy that mirrors or stops everything, which engines do not know.
    """
    _check_expressible(policy.fresh().decide(0.0, Evidence(Arms(), Arms())))  # before the engine has begun
    router = PolicyRouter(policy.fresh())
    task = Task(plan, schedule, seed, router=router, variants=(old, new, old))
    rows = _run(task, engine)
    version = np.where(rows["version"] == BASELINE, OLD, rows["version"]).astype(np.int16)
    happened = ~np.isnan(rows["scheduled_s"])
    columns = {
        n: rows[n][happened] for n in ("scheduled_s", "start_s", "end_s", "status", "cold", "replica", "attempts")
    }
    provenance = Provenance("simulated", f"{type(policy).__name__} in {plan.name}", "", seed)
    columns["version"] = version[happened]
    trace = Trace.build(columns, versions=("old", "new"), usage=Usage(), provenance=provenance)
    return EngineRelease(_outcome(trace, router.log, slo_s, instances), trace, tuple(router.log))


def world_of_plan(
    plan: Plan,
    schedule: Schedule,
    new: Variant,
    *,
    share: float = 0.25,
    engine: str = "simpy",
    seed: int = 1,
    **more: Any,
) -> World:
    """Both versions' laws, as they behave side by side in a plan with `share` of the requests given to the new one.

    Raises `InvalidValue` where a version got too few requests to have a law.
    """
    task = Task(plan, schedule, seed, router=_Fixed(share, schedule.duration_s), variants=(Variant(), new))
    rows = _run(task, engine)
    behaviours = []
    for version in (OLD, NEW):
        mine = rows["version"] == version
        if mine.sum() < 100:
            raise InvalidValue("schedule", int(mine.sum()), "gives a version fewer than 100 requests", "make it longer")
        ok = mine & (rows["status"] == Status.OK)
        took_s = rows["end_s"][ok] - rows["scheduled_s"][ok]
        errors = float(1 - ok.sum() / mine.sum())
        behaviours.append(Behaviour(errors, measured_latency(took_s)))
    return replace(World(old=behaviours[OLD], new=behaviours[NEW]), **more)


@dataclass(slots=True)
class _Fixed:
    share: float
    interval_s: float

    def shares(self, now_s: float, seen: Seen) -> Sequence[float]:
        del now_s, seen
        return 1 - self.share, self.share


def _run(task: Task, engine: str) -> dict[str, NDArray[Any]]:
    if not isinstance(task.schedule, OpenSchedule):
        raise InvalidValue("schedule", type(task.schedule).__name__, "must be open", "a release's users do not wait")
    found = kind("simulators.engines", Engine, engine)().run(task).rows  # type: ignore[type-abstract]
    assert found is not None
    return dict(found)


def _tally(seen: Seen, mine: NDArray[np.bool_]) -> Tally:
    ok = mine & (seen.status == Status.OK)
    n, good = int(mine.sum()), int(ok.sum())
    return Tally(n, n - good, digest(seen.end_s[ok] - seen.scheduled_s[ok]), _NO_ANSWERS)


def _outcome(trace: Trace, log: list[tuple[float, Split]], slo_s: float, instances: int) -> ReleaseOutcome:
    verdict_s, last = next(((at_s, split) for at_s, split in log if split.ended), (None, log[-1][1]))
    new = trace.version == NEW
    ok = trace.ok
    moments = [at_s for at_s, _ in log] + [log[-1][0]]
    extra_s = sum(
        max(split.old_fleet + split.new_fleet - 1, 0) * (until - at_s)
        for (at_s, split), until in zip(log, moments[1:], strict=True)
    )
    return ReleaseOutcome(
        verdict=str(last.verdict),
        verdict_s=verdict_s,
        requests=len(trace),
        served_new=int(new.sum()),
        failed=int((new & ~ok).sum()),
        wrong=0,
        late=int((new & ok & (trace.latency_s > slo_s)).sum()),
        dropped=int((~new & ~ok).sum()),
        users_touched=int(new.sum()),
        extra_instance_h=extra_s * instances / 3600,
    )
