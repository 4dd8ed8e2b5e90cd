"""What every preset must satisfy, on plans of several architectures; a new one is found and tested by itself."""

import numpy as np
import pytest

from data.discovery import kinds
from data.workloads.contract import OpenSchedule
from simulators.architectures.contract import Architecture
from simulators.plan import Guard, Kill, Plan, Slow
from simulators.presets.contract import Preset
from simulators.presets.reference import reference_profile
from simulators.simulate import simulate

PRESETS = kinds("simulators.presets", Preset)  # type: ignore[type-abstract]
ARCHITECTURES = kinds("simulators.architectures", Architecture)  # type: ignore[type-abstract]
PAIRS = [(name, strategy) for name, kind in ARCHITECTURES.items() for strategy in kind.strategies]
LASTS_S = 100.0


def plan_of(name: str, strategy: str = "", **settings: float) -> Plan:
    return ARCHITECTURES[name]().plan(reference_profile(), strategy=strategy, settings=settings)


@pytest.mark.parametrize("name", PRESETS)
def test_it_introduces_itself(name: str) -> None:
    preset = PRESETS[name]
    assert 3 <= len(preset.title) <= 30
    assert 40 <= len(preset.summary) <= 300
    assert 20 <= len(preset.watch) <= 150
    assert preset.summary.endswith(".")
    assert preset.watch.endswith(".")
    assert 0 < preset.load < 1
    assert preset.architecture in ("", *ARCHITECTURES)


def test_each_has_a_place_of_its_own() -> None:
    assert len({preset.order for preset in PRESETS.values()}) == len(PRESETS)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("rate_rps", [3.0, 250.0])
def test_its_traffic_has_the_mean_that_was_asked_for(name: str, rate_rps: float) -> None:
    workload = PRESETS[name]().traffic(rate_rps, LASTS_S)
    assert workload.mean_rate_rps == pytest.approx(rate_rps, rel=1e-9)
    assert workload.duration_s == LASTS_S
    schedule = workload.schedule(1, 3)
    assert isinstance(schedule, OpenSchedule)
    expected = rate_rps * LASTS_S
    assert abs(len(schedule) - expected) < 6 * np.sqrt(expected) * 3, "three times a Poisson process's own spread"


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize(("architecture", "strategy"), PAIRS)
def test_it_happens_to_every_plan_or_says_why_not(name: str, architecture: str, strategy: str) -> None:
    preset, plan = PRESETS[name](), plan_of(architecture, strategy)
    disturbed = preset.disturbed(plan, LASTS_S)
    assert disturbed.units == plan.units
    for fault in disturbed.faults:
        moments = (fault.at_s, fault.at_s + fault.down_s) if isinstance(fault, Kill) else (fault.from_s, fault.until_s)
        assert 0 < moments[0] < moments[1] < LASTS_S
    if reason := preset.why_not(plan):
        assert disturbed == plan
        assert reason.endswith(".")
    if preset.steady:
        assert disturbed == plan


@pytest.mark.parametrize("name", PRESETS)
def test_it_runs(name: str) -> None:
    preset = PRESETS[name]()
    plan = preset.disturbed(plan_of("microservices", replicas=2, model_replicas=2), 10.0)
    result = simulate(plan, preset.traffic(300.0, 10.0), seed=1, bins=20, warm_up_s=0.0)
    assert result.counts["scheduled"] > 1_000
    assert all(abs(station.little_residual) < 1e-9 for station in result.stations)


def test_a_flash_sale_brings_five_times_as_many() -> None:
    schedule = PRESETS["flash_sale"]().traffic(1_000.0, LASTS_S).schedule(1, 1)
    assert isinstance(schedule, OpenSchedule)
    rates = np.histogram(schedule.at_s, [0, 40, 55, 100])[0] / [40, 15, 45]
    assert rates[1] / rates[0] == pytest.approx(5, rel=0.05)
    assert rates[1] / rates[2] == pytest.approx(5, rel=0.05)


def test_a_real_trace_keeps_its_shape() -> None:
    from data.workloads._traces import load_trace

    trace = load_trace("flights")
    schedule = PRESETS["real_traces"]().traffic(2_000.0, LASTS_S).schedule(1, 1)
    assert isinstance(schedule, OpenSchedule)
    start_s = (trace.length_s - 86_400) // 2 // 86_400 * 86_400
    hours = np.histogram(trace.start_s, start_s + np.arange(25) * 3_600, weights=trace.count)[0]
    ours = np.histogram(schedule.at_s, np.linspace(0, LASTS_S, 25))[0]
    np.testing.assert_allclose(ours / ours.sum(), hours / hours.sum(), atol=0.01)


def test_a_slow_dependency_slows_its_own_station_or_its_share_of_a_whole() -> None:
    (apart,) = PRESETS["slow_dependency"]().disturbed(plan_of("microservices"), LASTS_S).faults
    assert isinstance(apart, Slow)
    assert (apart.station, apart.factor) == ("features", 6.0)
    (whole,) = PRESETS["slow_dependency"]().disturbed(plan_of("monolith"), LASTS_S).faults
    assert isinstance(whole, Slow)
    profile = reference_profile()
    share = profile.component("features").mean_s / profile.occupancy_s
    assert whole.factor == pytest.approx(1 + 5 * share, rel=1e-6)


def test_a_killed_replica_takes_requests_with_it_and_comes_back() -> None:
    preset = PRESETS["replica_killed"]()
    plan = preset.disturbed(plan_of("monolith", replicas=2), 20.0)
    result = simulate(plan, preset.traffic(2_000.0, 20.0), seed=1, bins=20, warm_up_s=0.0)
    ready = result.timeline.ready["application"]
    assert result.unit("application").crashed == 1
    assert ready[7] == 2
    assert ready[8] == pytest.approx(1, abs=0.01)
    assert ready[-1] == 2


def test_a_cold_morning_is_cold() -> None:
    preset = PRESETS["cold_morning"]()
    result = simulate(plan_of("serverless"), preset.traffic(50.0, 40.0), seed=1, bins=40, warm_up_s=0.0)
    starts = result.timeline.cold_starts["application"]
    assert starts[:10].sum() < 5
    assert starts[10:14].sum() > 20


def test_a_retry_storm_outlasts_its_cause() -> None:
    preset = PRESETS["retry_storm"]()
    plan = preset.disturbed(plan_of("monolith", queue_limit=1_000_000), 20.0)
    assert isinstance(plan.request, Guard)
    result = simulate(plan, preset.traffic(3_000.0, 20.0), seed=1, bins=40, warm_up_s=0.0)
    calm = simulate(plan_of("monolith"), preset.traffic(3_000.0, 20.0), seed=1, bins=40, warm_up_s=0.0)
    assert result.trace is not None
    assert result.trace.attempts.max() == 4
    later = result.timeline.begin_s > 12
    assert np.nanmean(result.timeline.bad_share[later]) > 0.1, "the cause ended at 9 s"
    assert np.nanmean(calm.timeline.bad_share[later]) == 0
