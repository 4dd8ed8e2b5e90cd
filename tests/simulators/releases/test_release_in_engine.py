"""The same policies inside a simulation engine, request by request."""

import numpy as np
import pytest

from data.trace import Status
from data.workloads.poisson import Poisson
from simulators.engines.contract import Variant
from simulators.plan import Exponential
from simulators.plan.errors import UnsupportedPlan
from simulators.plan.plan import Plan, one_station
from simulators.releases import Traffic, simulate_releases, summarise_releases
from simulators.releases.in_engine import PolicyRouter, release_in_engine, world_of_plan
from strategies.releases.choices import make_policy

STATION = "station"
CANARY = {
    "policy": "canary", "settings": {"interval_s": 5, "step": 0.1, "deadline_s": 300},
    "judge": "always_valid", "judge_settings": {"harm": 0.1},
}  # fmt: skip


@pytest.fixture(scope="module")
def plan() -> Plan:
    return one_station(Exponential(0.01), workers=4)


def schedule(seconds: float = 100.0, rate_rps: float = 60.0):  # type: ignore[no-untyped-def]
    return Poisson(duration_s=seconds, rate_rps=rate_rps).schedule(1, 3)


def test_a_good_version_takes_over_step_by_step(plan: Plan) -> None:
    done = release_in_engine(make_policy(CANARY), plan, schedule(), Variant())
    assert done.outcome.verdict == "promote"
    shares = [split.canary for _, split in done.log]
    assert shares == sorted(shares)
    assert done.log[0][0] == 0.0
    trace = done.trace
    assert done.outcome.verdict_s is not None
    after = trace.scheduled_s > done.outcome.verdict_s
    assert (trace.version[after] == 1).all()
    for (at_s, split), until in zip(done.log, [at for at, _ in done.log[1:]], strict=False):
        inside = (trace.scheduled_s >= at_s) & (trace.scheduled_s < until)
        n, new = int(inside.sum()), int((trace.version[inside] == 1).sum())
        assert abs(new - split.canary * n) < 5 * np.sqrt(n * split.canary * (1 - split.canary)) + 1


def test_a_failing_version_is_rolled_back_and_counted(plan: Plan) -> None:
    done = release_in_engine(make_policy(CANARY), plan, schedule(), Variant(error_share={STATION: 0.3}))
    assert done.outcome.verdict == "roll back"
    trace = done.trace
    assert done.outcome.failed == int(((trace.version == 1) & (trace.status != Status.OK)).sum()) > 0
    assert done.outcome.verdict_s is not None
    assert (trace.version[trace.scheduled_s > done.outcome.verdict_s] == 0).all()
    assert "errors" in done.log[-1][1].reason


def test_a_slow_version_is_rolled_back(plan: Plan) -> None:
    done = release_in_engine(make_policy(CANARY), plan, schedule(), Variant(service_factor={STATION: 6.0}))
    assert done.outcome.verdict == "roll back"
    assert "latency" in done.log[-1][1].reason


def test_the_quick_simulation_agrees_with_the_engine(plan: Plan) -> None:
    new = Variant(error_share={STATION: 0.15})
    world = world_of_plan(plan, schedule(), new)
    assert world.new.error_share == pytest.approx(0.15, abs=0.03)
    figures = summarise_releases(simulate_releases(make_policy(CANARY), world, Traffic(60.0), releases=1_000))
    found = [release_in_engine(make_policy(CANARY), plan, schedule(60.0), new, seed=seed) for seed in range(8)]
    failed = np.array([done.outcome.failed for done in found])
    assert {done.outcome.verdict for done in found} == {"roll back"}
    inside = ((failed >= figures.failed.low) & (failed <= figures.failed.high)).sum()
    assert inside >= 6
    assert abs(failed.mean() - figures.failed.mean) < 4 * failed.std(ddof=1) / np.sqrt(8) + 1


def test_what_an_engine_cannot_express_is_said(plan: Plan) -> None:
    for choice in ({"policy": "shadow"}, {"policy": "basic", "settings": {"mode": "recreate"}}):
        with pytest.raises(UnsupportedPlan, match="simulate_releases"):
            release_in_engine(make_policy(choice), plan, schedule(5.0), Variant())


def test_the_policy_that_is_given_stays_at_its_beginning(plan: Plan) -> None:
    policy = make_policy(CANARY)
    router = PolicyRouter(policy.fresh())
    assert router.interval_s == 5
    first, again = (release_in_engine(policy, plan, schedule(30.0), Variant()) for _ in range(2))
    assert first.trace.where(np.ones(len(first.trace), bool)).version.tolist() == again.trace.version.tolist()
