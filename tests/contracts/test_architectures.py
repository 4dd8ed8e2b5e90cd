"""What every architecture must satisfy, under every strategy; a new one is found and tested by itself."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from data.discovery import kinds
from data.errors import InvalidValue
from data.profile import ColdStart, Component, Idle, ServiceProfile
from data.trace import Status
from data.workloads.poisson import Poisson
from simulators.architectures.contract import STRATEGIES, Architecture
from simulators.engines.contract import Task
from simulators.engines.kernel import Kernel
from simulators.engines.simpy import SimPy
from simulators.plan import Plan, offered_load

ARCHITECTURES = kinds("simulators.architectures", Architecture)  # type: ignore[type-abstract]
PAIRS = [(name, strategy) for name, kind in ARCHITECTURES.items() for strategy in kind.strategies]
_rng = np.random.default_rng(7)


def durations(mean_ms: float, n: int = 40) -> tuple[float, ...]:
    return tuple((_rng.gamma(4.0, mean_ms / 4e3, n)).tolist())


def component(name: str, mean_ms: float) -> Component:
    return Component(name, ((1, durations(mean_ms)), (32, durations(4 * mean_ms))), 50_000_000)


APPLICATION = ServiceProfile(
    "dealership", "embedded", "process", 1,
    tuple(component(n, ms) for n, ms in
          (("gateway", 0.2), ("customers", 0.3), ("features", 0.5), ("model", 1.5), ("ranking", 0.2))),
    overhead_s=durations(0.3), delay_s=durations(0.4), idle=(Idle(0.01, durations(0.1)),), client_s=durations(0.05),
    capacity_rps=300.0, cpu_s=0.003, call_s=durations(0.2), serve_s=durations(0.2), hop_s=durations(0.1),
    broker_s=durations(1.0), lookup_s=durations(0.05), memory_bytes=200_000_000,
    cold_starts=tuple(ColdStart((("import", 0.3 + 0.01 * i), ("load", 0.1))) for i in range(5)),
)  # fmt: skip
MODEL = replace(APPLICATION, name="model", components=(APPLICATION.component("model"),), call_s=())
PROFILES = {"application": APPLICATION, "model": MODEL}


def plan_of(name: str, strategy: str, profile: ServiceProfile, **settings: float) -> Plan:
    return ARCHITECTURES[name]().plan(profile, strategy=strategy, settings=settings)


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_it_introduces_itself(name: str) -> None:
    kind = ARCHITECTURES[name]
    assert 3 <= len(kind.title) <= 40
    assert 40 <= len(kind.summary) <= 300
    assert kind.summary.endswith(".")
    assert kind.strategies
    for setting in kind.settings.values():
        assert setting.low <= setting.default <= setting.high
        assert len(setting.meaning) >= 10


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_a_strategy_makes_sense_or_it_says_why_not(name: str, strategy: str) -> None:
    kind = ARCHITECTURES[name]
    reason = kind.why_not(strategy)
    assert (reason == "") == (strategy in kind.strategies)
    assert set(kind.strategies) | set(kind.not_for) == set(STRATEGIES)
    if reason:
        assert len(reason) >= 40
        assert reason.endswith(".")
        with pytest.raises(InvalidValue, match="makes no sense here"):
            kind().plan(APPLICATION, strategy=strategy)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(("name", "strategy"), PAIRS)
def test_both_engines_run_its_plan_alike(name: str, strategy: str, profile: str) -> None:
    plan = plan_of(name, strategy, PROFILES[profile])
    task = Task(plan, Poisson(rate_rps=10, duration_s=20).schedule(100, 3), 5)
    compiled, reference = Kernel().run(task).rows, SimPy().run(task).rows
    assert compiled is not None
    assert reference is not None
    np.testing.assert_allclose(compiled["end_s"], reference["end_s"], rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(compiled["status"], reference["status"])
    assert np.all(compiled["status"] == Status.OK), "so little traffic is no reason to refuse any"


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(("name", "strategy"), PAIRS)
def test_every_component_works_exactly_once_for_a_request(name: str, strategy: str, profile: str) -> None:
    """The plan's stations are asked for what the profile's components take: nothing is lost or counted twice."""
    measured = PROFILES[profile]
    plan = plan_of(name, strategy, measured)
    others, leaves = len(measured.components) - 1, strategy in ("api", "streaming")
    if not others:  # where the model leaves, its server is all there is
        calls, served, overheads = 0, int(leaves), int(not leaves)
    elif name == "microservices":
        calls = served = others - (strategy == "embedded")
        overheads = 1
    else:
        calls, served, overheads = int(leaves), int(leaves), 1
    mean = {n: float(np.mean(getattr(measured, n))) if getattr(measured, n) else 0.0
            for n in ("overhead_s", "call_s", "serve_s", "lookup_s")}  # fmt: skip
    parts_s = sum(c.mean_s for c in measured.components)
    if strategy == "batch":
        parts_s += mean["lookup_s"] - measured.component("model").mean_s
    expected = parts_s + calls * mean["call_s"] + served * mean["serve_s"] + overheads * mean["overhead_s"]
    inner = mean["serve_s"] + measured.component("model").mean_s + 2 * float(np.mean(measured.hop_s))
    if name == "serverless" and len(plan.units) == 2:
        expected += inner  # the application's instance is occupied while the model's works
    total = sum(load.rate_rps * load.work_s for load in offered_load(plan, 1.0))
    assert total == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("name", "strategy"), PAIRS)
def test_nothing_is_quicker_than_no_architecture(name: str, strategy: str) -> None:
    if strategy == "batch":
        pytest.skip("a look-up takes the model's place")
    schedule = Poisson(rate_rps=60, duration_s=30).schedule(100, 3)
    means = []
    for plan in (plan_of(name, strategy, APPLICATION), plan_of("null", "embedded", APPLICATION)):
        rows = Kernel().run(Task(plan, schedule, 5)).rows
        assert rows is not None
        means.append(float(np.mean(rows["end_s"] - rows["scheduled_s"])))
    assert means[0] >= means[1] * (1 - 1e-12)


@pytest.mark.parametrize("discipline", ["ps", "turns"])
@pytest.mark.parametrize(("name", "strategy"), PAIRS)
def test_every_order_of_service_makes_a_plan_that_runs(
    name: str, strategy: str, discipline: Literal["ps", "turns"]
) -> None:
    plan = plan_of(name, strategy, replace(APPLICATION, discipline=discipline))
    rows = Kernel().run(Task(plan, Poisson(rate_rps=10, duration_s=10).schedule(100, 3), 5)).rows
    assert rows is not None
    assert np.all(rows["status"] == Status.OK)


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_every_setting_is_taken_and_kept_within_its_bounds(name: str) -> None:
    kind = ARCHITECTURES[name]
    for strategy in kind.strategies:
        for key, setting in kind.settings.items():
            for value in (setting.default, setting.low, setting.high):
                others = {"maximum": 1_000} if key == "minimum" else {}
                others |= {"crashes_per_day": 1.0} if key in ("repair_s", "detect_s") else {}
                kind().plan(APPLICATION, strategy=strategy, settings={**others, key: value})
            for wrong in (setting.high * 2 + 1, "many", True):
                with pytest.raises(InvalidValue, match=key):
                    kind().plan(APPLICATION, strategy=strategy, settings={key: wrong})  # type: ignore[dict-item]
    with pytest.raises(InvalidValue, match="no_such_setting"):
        kind().plan(APPLICATION, settings={"no_such_setting": 1})


@pytest.mark.parametrize(("name", "strategy"), PAIRS)
def test_what_was_not_measured_is_named_and_never_made_up(name: str, strategy: str) -> None:
    bare = replace(APPLICATION, broker_s=(), lookup_s=(), cold_starts=())
    needed = {"streaming": "broker_s", "batch": "lookup_s"}.get(strategy, "")
    if any(unit.scales for unit in plan_of(name, strategy, APPLICATION).units):
        needed = needed + "|cold_starts" if needed else "cold_starts"
    if needed:
        with pytest.raises(InvalidValue, match=needed):
            plan_of(name, strategy, bare)
    else:
        plan_of(name, strategy, bare)


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_a_profile_without_a_model_is_refused(name: str) -> None:
    with pytest.raises(InvalidValue, match="model"):
        ARCHITECTURES[name]().plan(replace(APPLICATION, components=(component("other", 1.0),)))


@pytest.mark.parametrize(("name", "strategy"), PAIRS)
def test_the_same_profile_makes_the_same_plan(name: str, strategy: str) -> None:
    again = ServiceProfile.from_json(APPLICATION.to_json())
    assert plan_of(name, strategy, again) == plan_of(name, strategy, APPLICATION)
