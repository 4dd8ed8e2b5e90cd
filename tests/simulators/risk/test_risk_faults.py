"""Faults on plans simple enough that what they do can be said beforehand, and the figures that come of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.discovery import kinds
from data.errors import Cancelled, InvalidScenario, InvalidValue, UnknownKind
from data.estimate import Estimate, Figure
from data.provenance import Provenance
from data.scenario import Scenario, Slo
from data.scenario.lines import key_lines
from data.trace import Trace
from data.usage import Usage
from data.workloads.bursty import Bursty
from data.workloads.constant import Constant
from data.workloads.diurnal import Diurnal
from data.workloads.poisson import Poisson
from simulators.comparison.checking import check_measurable
from simulators.plan import Autoscaled, Deterministic, Fixed, PerRequest, Plan, Station, Unit, Visit
from simulators.risk import RANKED, RUBRIC, Stakes, Subject, assess, known_faults
from simulators.risk.effects import Effect, missed_s, recovery_s
from simulators.risk.faults.contract import Extent, Fault
from simulators.risk.traffic import busier, stretch

SLO = Slo(latency_ms=50.0, percentile=99.0, max_error_share=0.01)
STEADY = Constant(rate_rps=50.0, duration_s=60.0)
SMALL = Extent(runs=3, requests=6_000)
BASE = {"per_month": 1.0}


def server(replicas: int = 1, service_s: float = 0.004, **more: object) -> Plan:
    unit = Unit("api", (Station("api", Deterministic(service_s)),), Fixed(replicas), **more)  # type: ignore[arg-type]
    return Plan("api", (unit,), Visit("api"))


def subject(plan: Plan, **more: object) -> Subject:
    return Subject(plan, STEADY, SLO, **more)  # type: ignore[arg-type]


def struck(name: str, plan: Plan, **values: float) -> tuple[Effect, ...]:
    fault = known_faults()[name]
    return fault().occurrences(subject(plan), fault.values(values), SMALL)


def value(figure: Figure) -> float:
    assert isinstance(figure, Estimate), figure
    assert figure.low <= figure.value <= figure.high
    return figure.value


def test_the_only_server_fails_all_requests_while_it_is_down() -> None:
    for effect in struck("crash", server(1), lasts_s=20.0):
        assert effect.failed == pytest.approx(50 * 20, abs=2)
        assert effect.recovery_s == pytest.approx(20, abs=0.1)
        assert effect.missed_s == pytest.approx(20, abs=2.1)
        assert effect.affected_share == pytest.approx(1, abs=0.01)


def test_one_of_two_fails_what_it_is_sent_until_it_is_noticed() -> None:
    # Least connections send all to the dead one: it never has any. Round robin sends it every other request.
    for effect in struck("crash", server(2, balancing="least_connections"), lasts_s=20.0, detect_s=3.0):
        assert effect.failed == pytest.approx(50 * 3, abs=3)
    for effect in struck("crash", server(2, balancing="round_robin"), lasts_s=20.0, detect_s=3.0):
        assert effect.failed == pytest.approx(50 * 3 / 2, abs=3)
        assert effect.recovery_s == pytest.approx(3, abs=0.1)
        assert effect.affected_share == pytest.approx(3 * 25 / (20 * 50), abs=0.01)


def test_a_dead_zone_takes_every_third_replica_and_an_orchestrator_moves_them() -> None:
    for effect in struck("zone_loss", server(3, balancing="round_robin"), lasts_s=30.0, detect_s=6.0):
        assert effect.failed == pytest.approx(6 * 50 / 3, abs=3)
    unit = Unit("api", (Station("api", Deterministic(0.004)),), Autoscaled(0.9, minimum=1, maximum=2))
    moved = struck("zone_loss", Plan("api", (unit,), Visit("api")), lasts_s=7_200.0, detect_s=1.0, reschedule_s=10.0)
    for effect in moved:  # its only replica is back after ten seconds, not when the zone is
        assert effect.failed == pytest.approx(10 * 50, abs=60)


def test_what_outlasts_a_run_is_taken_to_go_on() -> None:
    # A run lasts 120 s, so that 66 s of the outage are simulated and the rest of two hours is not.
    for effect in struck("zone_loss", server(1), lasts_s=7_200.0):
        assert effect.failed == pytest.approx(7_200 * 50, rel=0.01)
        assert effect.recovery_s == pytest.approx(7_200, rel=0.01)
        assert effect.missed_s == pytest.approx(7_200, rel=0.02)


def test_a_slow_dependency_overloads_a_server_and_leaves_a_line_behind() -> None:
    # 50 requests/s of 4 ms are 20% load; twelve times slower they are 240%, and 7 of 12 wait beyond any SLO.
    for effect in struck("slow_dependency", server(1), lasts_s=30.0, factor=12.0):
        assert effect.failed + effect.late > 0.9 * 50 * 30
        assert effect.recovery_s > 30
    for effect in struck("slow_dependency", server(1), lasts_s=30.0, factor=2.0):
        assert effect == Effect()


def test_twice_the_traffic_hurts_only_who_has_no_room_for_it() -> None:
    assert all(effect == Effect() for effect in struck("double_traffic", server(1, 0.004), lasts_s=40.0))
    for effect in struck("double_traffic", server(1, 0.015), lasts_s=40.0):  # 75% load becomes 150%
        assert effect.failed + effect.late > 0.8 * 40 * 50


def test_a_broker_that_is_away_loses_nothing() -> None:
    consumers = Unit("model", (Station("model", Deterministic(0.004)),), Fixed(2), balancing="shared_queue")
    plan = Plan("stream", (consumers,), Visit("model"))
    for effect in struck("broker_loss", plan, lasts_s=4.0):
        assert (effect.failed, effect.lost) == (0, 0)
        assert effect.late == pytest.approx(50 * 4, abs=25)
        assert effect.recovery_s == pytest.approx(4, abs=1)
    # Users wait five seconds, not twenty, and what they gave up is served all the same: who comes t seconds into the
    # outage is served after 20 + 50 t / 500 with two consumers of 4 ms, which is too late for all up to t = 15 / 0.9.
    for effect in struck("broker_loss", plan, lasts_s=20.0):
        assert effect.failed == pytest.approx(50 * 15 / 0.9, abs=2)
        assert effect.lost == 0
    assert "no broker" in known_faults()["broker_loss"]().why_not(subject(server()))


def test_functions_start_anew_one_for_each_request_that_finds_none() -> None:
    start = Deterministic(1.0)
    unit = Unit("function", (Station("function", Deterministic(0.004), queue_limit=0),), PerRequest(), start_up=start)
    plan = Plan("function", (unit,), Visit("function"))
    for effect in struck("cold_start_storm", plan):
        assert effect.late == pytest.approx(50, abs=1)  # all that come in the second that a start takes
        assert effect.recovery_s == pytest.approx(1.0, abs=0.05)
    found = assess(plan, STEADY, SLO, architecture="serverless", runs=3, requests=4_000)
    assert value(found["single_points"].estimate) == 0
    assert value(found["late_month"].estimate) == pytest.approx(0.5 * 50, rel=0.05)
    assert set(found.left_out) == {"broker_loss", "zone_loss"}
    assert found.counted["provider_services"] == ("AWS Lambda", "Amazon API Gateway")


def test_the_month_is_the_sum_of_rates_times_effects() -> None:
    only = {name: _never(fault) for name, fault in known_faults().items()}
    only["crash"] = {"per_month": 3.0, "lasts_s": 10.0}
    stakes = Stakes(usd_per_missing=0.25)
    found = assess(server(1), STEADY, SLO, assumptions=only, stakes=stakes, runs=3, requests=6_000)
    assert value(found["failed_month"].estimate) == pytest.approx(3 * 10 * 50, rel=0.01)
    assert value(found["slo_missed_min_month"].estimate) == pytest.approx(3 * 10 / 60, rel=0.25)
    assert value(found["expected_loss_usd_month"].estimate) == pytest.approx(3 * 10 * 50 * 0.25, rel=0.01)
    assert found.single_points == ("api: one replica",)
    assert value(found["availability"].estimate) == pytest.approx(730 * 3600 / (730 * 3600 + 30), rel=1e-9)
    without = assess(server(1), STEADY, SLO, assumptions=only, runs=2, requests=6_000)
    assert "expected_loss_usd_month" not in without
    assert set(RANKED) <= set(found), "what a ranking may use is always there where money is at stake"
    assert set(RANKED) - {"expected_loss_usd_month"} <= set(without)
    assert set(without) >= {
        "slo_missed_min_month", "failed_month", "wrong_month", "failed_release", "wrong_release", "blast_radius",
        "availability", "recovery_s", "staleness_s", "single_points", "lost_month", *RUBRIC,
    }  # fmt: skip
    for figure in without.figures.values():
        assert figure.how
        assert figure.unit
        assert figure.basis in ("simulated", "computed", "counted")
        value(figure.estimate)
    assert isinstance(without.to_dict()["figures"]["failed_month"]["estimate"]["value"], float)


def _never(fault: type[Fault]) -> dict[str, float]:
    return {name: 0.0 for name in ("per_month", "releases_per_month") if name in fault.settings}


def test_a_dead_single_point_takes_requests_down_and_a_spare_one_does_not() -> None:
    for replicas in (1, 2):
        plan = server(replicas, balancing="round_robin")
        points = assess(plan, STEADY, SLO, runs=2, requests=3_000).single_points
        effects = struck("crash", plan, lasts_s=10.0, detect_s=0.0)
        assert bool(points) == all(effect.failed > 100 for effect in effects) == (replicas == 1)


@pytest.mark.parametrize("name", kinds("simulators.risk.faults", Fault))  # type: ignore[type-abstract]
def test_every_kind_keeps_the_contract(name: str) -> None:
    fault = known_faults()[name]
    assert fault.title
    assert fault.summary
    values = fault.values({})
    assert all(setting.meaning for setting in fault.settings.values())
    plan = server(2, balancing="shared_queue") if name == "broker_loss" else server(2)
    one, again = (fault().occurrences(subject(plan), values, Extent(2, 3_000, seed=4)) for _ in range(2))
    assert len(one) == 2
    assert one == again
    for effect in one:
        for number in (effect.failed, effect.late, effect.wrong, effect.lost, effect.missed_s, effect.recovery_s):
            assert 0 <= number < np.inf
        assert 0 <= effect.affected_share <= 1
    assert fault().per_month(subject(plan), values) >= 0
    with pytest.raises(InvalidValue, match="no assumption"):
        fault.values({"nonsense": 1.0})


def test_bad_assumptions_are_refused_and_a_wish_to_stop_is_heard() -> None:
    with pytest.raises(UnknownKind, match="crush"):
        assess(server(), STEADY, SLO, assumptions={"crush": {}}, runs=2)
    with pytest.raises(InvalidValue, match="per_month"):
        assess(server(), STEADY, SLO, assumptions={"crash": {"per_month": -1.0}}, runs=2)
    with pytest.raises(InvalidValue, match="at least 2"):
        assess(server(), STEADY, SLO, runs=1)
    with pytest.raises(Cancelled):
        assess(server(), STEADY, SLO, runs=2, cancelled=lambda: True)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.floats(1.0, 300.0))
def test_a_stretch_has_the_workloads_rate_wherever_it_begins(seed: int, seconds: float) -> None:
    for workload in (Poisson(rate_rps=80.0, duration_s=7.0), Constant(rate_rps=80.0, duration_s=45.0)):
        found = stretch(workload, seconds, seed)
        assert found.duration_s == seconds
        assert (np.diff(found.at_s) >= 0).all()
        assert found.at_s.min(initial=0) >= 0
        assert found.at_s.max(initial=0) < seconds
        assert len(found) == pytest.approx(80 * seconds, abs=6 * np.sqrt(80 * seconds) + 12)


def test_a_stretch_of_a_day_is_cut_out_of_it() -> None:
    day = Diurnal(rate_rps=2.0, duration_s=86_400.0)
    rates = [len(stretch(day, 600.0, seed)) / 600 for seed in range(40)]
    assert max(rates) > 1.5 * min(rates)  # some moments are busier than others
    assert len(stretch(Bursty(duration_s=60.0), 120.0, 1)) > 0
    one, other = stretch(STEADY, 100.0, 1), stretch(STEADY, 100.0, 2)
    more = busier(one, other, 2.5, 20.0, 60.0)
    extra = len(more) - len(one)
    assert extra == pytest.approx(1.5 * 40 * 50, rel=0.05)


def trace_of(latency_s: np.ndarray, status: np.ndarray, rate: float) -> Trace:
    at = np.arange(len(latency_s)) / rate
    columns = {"scheduled_s": at, "end_s": at + latency_s, "status": status}
    return Trace.build(columns, versions=("v",), usage=Usage(), provenance=Provenance("simulated", "c", "", 1))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1_500), st.integers(1, 400))
def test_recovery_is_when_the_last_bad_stretch_ends(first: int, length: int) -> None:
    latency, status = np.full(4_000, 0.01), np.zeros(4_000, np.uint8)
    begin = 1_000 + first
    status[begin : begin + length] = 3
    found, seen = recovery_s(trace_of(latency, status, 100.0), SLO, 10.0)
    assert seen
    if length <= 2 or (first >= 100 and length <= 1):
        assert found <= (first + length) / 100 + 1e-9
    elif first < 90:  # a calm before the storm would count as recovered
        assert found == pytest.approx((first + length) / 100)


def test_time_missed_counts_the_stretches_in_which_too_many_were_bad() -> None:
    latency, status = np.full(6_000, 0.01), np.zeros(6_000, np.uint8)
    assert missed_s(trace_of(latency, status, 100.0), SLO, 60.0) == 0
    latency[1_000:1_500] = 0.2
    assert missed_s(trace_of(latency, status, 100.0), SLO, 60.0) == pytest.approx(5.0)
    status[3_000:3_001] = 3  # one of a hundred is what the SLO allows
    assert missed_s(trace_of(latency, status, 100.0), SLO, 60.0) == pytest.approx(5.0)
    status[3_000:3_002] = 3
    assert missed_s(trace_of(latency, status, 100.0), SLO, 60.0) == pytest.approx(6.0)


def test_a_scenario_says_what_is_assumed_and_what_it_cannot_mean_is_refused_with_its_line() -> None:
    given = {"crash": {"per_month": 2.0}, "zone_loss": {"zones": 4.0}}
    scenario = Scenario.default().evolve(faults=given)
    text = scenario.to_toml()
    assert Scenario.from_toml(text) == scenario
    assert Scenario.from_query(scenario.to_query()) == (scenario, [])
    check_measurable(scenario, key_lines(text))
    for name, values, said in (
        ("crash", {"per_mont": 1.0}, "no assumption"),
        ("crash", {"per_month": -1.0}, "must be a number from 0"),
        ("crush", {"per_month": 1.0}, "choose one of"),
    ):
        broken = Scenario.default().evolve(faults={name: values})
        lines = key_lines(broken.to_toml())
        with pytest.raises(InvalidScenario, match=said) as refused:
            check_measurable(broken, lines)
        assert refused.value.line
