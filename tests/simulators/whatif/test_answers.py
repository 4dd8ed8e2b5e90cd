"""Answers against what is known: closed forms, sums that must be right, and the same run done another way."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from data.discovery import kinds
from data.errors import Cancelled, InvalidValue
from data.estimate import Estimate, TooFew
from data.profile import Component, ServiceProfile
from data.trace import Status
from simulators.architectures.contract import Architecture
from simulators.fidelity import Cell, FidelityReport
from simulators.plan import Fixed, Unit
from simulators.whatif import Asked, Known, Question, ask, known_profiles
from simulators.whatif.bottleneck import find_bottleneck
from simulators.whatif.figures import figures
from simulators.whatif.job import run_question
from simulators.whatif.load_curve import LoadCurve, load_curve, settled
from simulators.whatif.moving import moving
from simulators.whatif.one_request import picked
from simulators.whatif.planning import at_load, suited
from simulators.whatif.running import run
from simulators.whatif.saved import from_plain, to_plain
from simulators.whatif.trust import trust
from strategies.profiling.shelf import keep_profile

SERVICE_S = 0.01
CONSTANT = ServiceProfile("constant", "api", "process", 1, (Component("model", ((1, (SERVICE_S,)),)),))
KNOWN = {"constant": Known("constant", "Constant", "this machine", CONSTANT, "Ten milliseconds, always.")}
PLAIN = Question(profile="constant", architecture="monolith", strategy="embedded", rate_rps=50.0, duration_s=1_000.0)


def asked(**changes: object) -> Asked:
    return ask(replace(PLAIN, **changes), KNOWN)  # type: ignore[arg-type]


def reference(**changes: object) -> Asked:
    return ask(replace(Question(duration_s=20.0, rate_rps=1_500.0), **changes), known_profiles())  # type: ignore[arg-type]


def test_the_mean_is_what_pollaczek_and_khinchine_say() -> None:
    """M/D/1: W = S (1 + ρ / (2 (1 - ρ)))."""
    question = asked()
    found = figures(question, run(question))
    expected_ms = 1e3 * SERVICE_S * (1 + 0.5 / (2 * 0.5))
    assert isinstance(found.mean_ms, Estimate)
    half = (found.mean_ms.high - found.mean_ms.low) / 2
    assert abs(found.mean_ms.value - expected_ms) < 2 * half
    assert half < 0.05 * expected_ms
    assert isinstance(found.p50_ms, Estimate)
    assert found.p50_ms.low <= found.p50_ms.value <= found.p50_ms.high
    assert isinstance(found.throughput_rps, Estimate)
    assert found.throughput_rps.value == pytest.approx(50, rel=0.02)


def test_utilisation_is_offered_load() -> None:
    question = asked()
    assert question.utilisation == pytest.approx(0.5)
    assert question.capacity_rps == pytest.approx(100)
    seen = find_bottleneck(run(question))
    assert seen.utilisation == pytest.approx(0.5, rel=0.05)
    assert seen.latency_share == pytest.approx(1)
    assert "application" in seen.said or "model" in seen.said


def test_the_bottleneck_is_where_requests_wait() -> None:
    seen = find_bottleneck(run(reference(preset="slow_dependency")))
    assert seen.station == "features"
    assert seen.worst == pytest.approx(1, abs=0.01)
    assert "The bottleneck is features" in seen.said
    assert "waited" in seen.said


def test_too_short_a_run_says_so_and_an_overload_too() -> None:
    short = asked(duration_s=20.0, precision=0.001)
    assert any("too short" in text for text in run(short).warnings)
    over = asked(rate_rps=150.0, duration_s=30.0)
    assert len(over.overload()) == 1
    assert "1.50 times what it can do" in over.overload()[0]
    few = asked(duration_s=1.0, rate_rps=5.0)
    assert isinstance(figures(few, run(few)).p99_ms, TooFew)


def test_shares_are_exact() -> None:
    over = asked(rate_rps=300.0, duration_s=60.0, preset="flash_sale", settings=(("queue_limit", 10),))
    result = run(over, keep_rows=True)
    assert result.trace is not None
    found = figures(over, result)
    assert isinstance(found.failed_share, Estimate)
    assert found.failed_share.value == pytest.approx(np.mean(result.trace.status != Status.OK))
    assert found.failed_share.low < found.failed_share.value < found.failed_share.high


@pytest.mark.parametrize("name", ["p50", "p99", "slowest"])
def test_one_request_is_the_one_at_its_percentile(name: str) -> None:
    question = reference()
    trace = run(question, keep_rows=True).trace
    assert trace is not None
    one = picked(question)[name]
    counted = np.sort(trace.counted().latency_s[trace.counted().ok])
    rank = {"p50": 0.5, "p99": 0.99, "slowest": 1.0}[name]
    assert one.latency_ms == pytest.approx(counted[int(np.ceil(rank * len(counted))) - 1] * 1e3)
    assert [span.station for span in one.spans][::2] == ["gateway"] * 5
    assert one.spans[0].sent_s == one.scheduled_s
    assert (one.spans[-1].back_s - one.scheduled_s) * 1e3 == pytest.approx(one.latency_ms)


def test_requests_in_motion_are_always_somewhere_and_nowhere_twice() -> None:
    question = reference()
    found = moving(question, run(question), 12)
    assert len(found.ends_s) == 12
    for number, end_s in found.ends_s.items():
        own = [step for step in found.steps if step.request == number]
        for before, after in pairwise(own):
            assert after.from_s == pytest.approx(before.until_s)
        assert own[0].doing in ("is served", "waits")
        assert own[-1].until_s == end_s
    assert found.from_s == min(step.from_s for step in found.steps)


def test_latency_rises_with_load_and_crosses_the_slo_where_it_says() -> None:
    curve = load_curve(asked(), percents=(50.0, 99.0), requests=3_000, runs=3)
    assert curve.capacity_rps == pytest.approx(100)
    p99 = [point.value for point in curve.percentiles_ms[99.0]]
    assert p99 == sorted(p99)
    assert all(point.low <= point.value <= point.high for point in curve.percentiles_ms[99.0])
    crossing = curve.crossing_rps(50.0)
    assert crossing is not None
    middle, early, late = crossing
    assert early <= middle <= late
    assert np.interp(middle, curve.rates_rps, p99) == pytest.approx(50, rel=1e-6)
    assert curve.crossing_rps(1e9) is None


def test_a_crossing_is_read_off_straight_pieces() -> None:
    points = tuple(Estimate(v, v - 1, v + 1, 5, "ms") for v in (5.0, 10.0, 20.0))
    curve = LoadCurve((10.0, 20.0, 30.0), {99.0: points}, 40.0, 100, 1)
    assert curve.crossing_rps(15.0) == (25.0, 24.0, 26.0)
    assert curve.crossing_rps(4.0) == (10.0, 10.0, 10.0)


def test_an_autoscaler_settles_on_what_its_target_asks_for() -> None:
    question = reference(architecture="container_orchestrated", settings=(("target", 0.5),))
    model_s = next(load.work_s for load in question.loads() if load.station == "model")
    plan = settled(question.calm, 3 * 0.5 / model_s * 0.99)
    unit: Unit = plan.unit_of["model"]
    assert unit.scaling == Fixed(3)


def test_another_process_hands_over_the_same_answer(home: Path) -> None:  # noqa: ARG001
    question = Question(
        preset="flash_sale", architecture="monolith", strategy="embedded", rate_rps=500.0, duration_s=20.0
    )
    payload = {"query": question.to_query()}
    result = json.loads(json.dumps(run_question(payload), allow_nan=False))
    here = ask(question, known_profiles())
    ours, theirs = run(here), from_plain(here.plan, result["result"])
    assert json.dumps(to_plain(theirs)) == json.dumps(to_plain(ours))
    assert figures(here, theirs) == figures(here, ours)
    with pytest.raises(Cancelled):
        run_question(payload, cancelled=lambda: True)
    with pytest.raises(InvalidValue, match="profile"):
        run_question({"query": {"profile": "model/gone"}})


@pytest.mark.parametrize("preset", ["cold_morning", "replica_killed"])
def test_a_preset_is_shown_where_it_is_seen_best(preset: str) -> None:
    question = suited(Question(preset="steady"), preset)
    found = at_load(question, known_profiles(), 0.5)
    answer = ask(found, known_profiles())
    assert answer.preset.title
    if preset == "cold_morning":
        assert found.architecture == "serverless"
        assert found.rate_rps == question.rate_rps
    else:
        assert dict(found.settings) == {"replicas": 2, "model_replicas": 2}
        assert answer.utilisation == pytest.approx(0.5, rel=0.1)


def test_the_reference_makes_every_plan() -> None:
    profile = known_profiles()["reference"].profile
    for name, kind in kinds("simulators.architectures", Architecture).items():  # type: ignore[type-abstract]
        for strategy in kind.strategies:
            assert kind().plan(profile, strategy=strategy).stations, name


def test_own_models_come_first_and_broken_files_are_left_out(home: Path) -> None:
    keep_profile("abc", CONSTANT)
    (home / "profiles" / "broken.json").write_text("{}")
    found = known_profiles({"abc": "my model"})
    assert list(found) == ["model/abc", "application/abc", "reference"]
    assert "my model" in found["model/abc"].title
    assert found["application/abc"].profile.component("model") == CONSTANT.component("model")
    assert [known.measured_here for known in found.values()] == [True, False, False]


def test_a_prediction_carries_the_error_seen_nearest_to_it(home: Path) -> None:
    assert trust(asked()).text("p50_ms") == "no error measured yet"
    cells = tuple(
        Cell(
            "sub",
            "embedded",
            "process",
            load,
            10.0,
            "poisson",
            figure,
            10.0,
            9.0,
            11.0,
            10.0 + load,
            9.0,
            12.0,
            0.01,
            3,
            9,
        )
        for load in (0.2, 0.6)
        for figure in ("p50_ms", "p99_ms")
    )
    FidelityReport(cells).save(home / "fidelity" / "report.json")
    near = trust(asked())
    assert near.beyond == ()
    assert near.text("p99_ms") == "+6% (sub, load 60%, poisson)"
    far = trust(asked(rate_rps=90.0))
    assert far.text("p50_ms").endswith("extrapolated")
    assert "a load of 90% was never measured here" in far.beyond
    several = trust(asked(settings=(("replicas", 3.0),), rate_rps=100.0))
    assert any("several replicas" in text for text in several.beyond)
    assert "not measured on this machine" in trust(reference()).beyond[0]
