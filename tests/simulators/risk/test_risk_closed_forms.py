"""Availability, expected months and staleness against formulas written out here, and what must always hold."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InvalidValue
from data.estimate import Estimate
from data.scenario import Slo
from data.workloads.constant import Constant
from data.workloads.poisson import Poisson
from simulators.engines.contract import Engine, Task
from simulators.engines.simpy import SimPy
from simulators.plan import (
    Asynchronous,
    Deterministic,
    Exponential,
    Fixed,
    Guard,
    Parallel,
    Plan,
    Refresh,
    Sequence,
    Station,
    Unit,
    Visit,
    one_station,
)
from simulators.risk import availability
from simulators.risk.effects import Effect
from simulators.risk.faults.bad_model import BadModel
from simulators.risk.faults.contract import Extent
from simulators.risk.faults.stale_model import StaleModel
from simulators.risk.loss import Stakes
from simulators.risk.monthly import Happening, drawn_months, expected_month
from simulators.risk.structure import availability_of, single_points
from simulators.risk.subject import MONTH_S, Subject, required, stale_s

shares = st.floats(0, 1)


def by_states(parts: list[float], works: "object") -> float:
    """Sum over all 2ⁿ states of the parts: the definition of availability, with no formula."""
    total = 0.0
    for state in itertools.product((False, True), repeat=len(parts)):
        if works(state):  # type: ignore[operator]
            total += math.prod(p if up else 1 - p for p, up in zip(parts, state, strict=True))
    return total


@given(st.lists(shares, min_size=1, max_size=6))
def test_series_and_parallel_are_the_sums_over_all_states(parts: list[float]) -> None:
    assert availability.series(parts) == pytest.approx(by_states(parts, all), abs=1e-12)
    assert availability.parallel(parts) == pytest.approx(by_states(parts, any), abs=1e-12)
    assert availability.series(parts) <= min(parts) + 1e-12
    assert availability.parallel(parts) >= max(parts) - 1e-12


@given(shares, st.integers(1, 6), st.data())
def test_some_of_several_is_the_sum_over_all_states(part: float, parts: int, data: st.DataObject) -> None:
    needed = data.draw(st.integers(0, parts))
    expected = by_states([part] * parts, lambda state: sum(state) >= needed)
    assert availability.at_least(needed, parts, part) == pytest.approx(expected, abs=1e-12)


@given(st.integers(1, 5), shares, st.integers(1, 3), shares)
def test_replicas_in_zones_are_the_sum_over_all_states(replicas: int, replica: float, zones: int, zone: float) -> None:
    used = min(zones, replicas)
    parts = [zone] * used + [replica] * replicas

    def works(state: tuple[bool, ...]) -> bool:
        return any(state[used + i] and state[i % used] for i in range(replicas))

    assert availability.zoned(replicas, replica, zones, zone) == pytest.approx(by_states(parts, works), abs=1e-12)


def test_a_part_that_fails_every_hundred_hours_for_one() -> None:
    assert availability.of_part(1, 3_600, 99 * 3_600) == pytest.approx(0.99)
    with pytest.raises(InvalidValue, match="must be a share"):
        availability.series([1.2])


def test_three_services_in_series_of_two_replicas_each() -> None:
    units = tuple(Unit(name, (Station(name, Exponential(0.001)),), Fixed(2)) for name in ("a", "b", "c"))
    plan = Plan("three", units, Sequence(tuple(Visit(unit.name) for unit in units)))
    assumed = {
        "crash": {"per_month": 10.0, "lasts_s": 3_600.0},
        "zone_loss": {"per_month": 0.0, "lasts_s": 1.0, "zones": 3.0},
        "broker_loss": {"per_month": 1.0, "lasts_s": 1.0},
    }
    down = 10 * 3_600 / (MONTH_S + 10 * 3_600)
    expected = (1 - down**2) ** 3
    assert availability_of(Subject(plan, Poisson(rate_rps=1)), assumed) == pytest.approx(expected)


def test_a_month_is_rate_times_mean_effect_and_drawn_months_agree() -> None:
    rng = np.random.default_rng(5)
    effects = tuple(Effect(failed=float(value)) for value in rng.exponential(40, 12))
    happenings = (Happening("crash", 3.0, effects), Happening("zone_loss", 0.5, effects[::-1]))
    usual = [7.0] * 12
    found = expected_month(happenings, usual, lambda e: e.failed, "requests", "failed")
    mean = 7 + 3.5 * np.mean([e.failed for e in effects])
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(mean)
    assert found.low < mean < found.high
    months = drawn_months(happenings, usual, lambda e: e.failed, seed=1, months=2_000)
    # A compound Poisson sum: mean λE[X], variance λE[X²].
    spread = math.sqrt(3.5 * np.mean([e.failed**2 for e in effects]))
    assert months.mean() == pytest.approx(mean, abs=4 * spread / math.sqrt(len(months)))
    assert months.std() == pytest.approx(spread, rel=0.1)


def test_money_at_stake() -> None:
    stakes = Stakes(usd_per_wrong=2.0, usd_per_late=0.01, usd_per_missing=0.5)
    assert stakes.loss_usd(wrong=3, late=100, missing=4) == 2 * 3 + 0.01 * 100 + 0.5 * 4
    with pytest.raises(InvalidValue, match="usd_per_late"):
        Stakes(usd_per_late=-1.0)


def test_wrong_answers_of_a_stale_model_are_the_integral_of_its_drift() -> None:
    subject = Subject(one_station(Exponential(0.001)), Poisson(rate_rps=2.0))
    values = {"per_month": 0.1, "noticed_days": 3.0, "drift_per_day": 0.01}
    (effect, *_) = StaleModel().occurrences(subject, values, Extent(2))
    days = np.linspace(0, 3, 30_001)
    integral = np.trapezoid(2.0 * 86_400 * 0.01 * days, days)
    assert effect.wrong == pytest.approx(integral, rel=1e-6)
    values["drift_per_day"], values["noticed_days"] = 0.5, 10.0  # from the second day on every answer is wrong
    (effect, *_) = StaleModel().occurrences(subject, values, Extent(2))
    integral = np.trapezoid(2.0 * 86_400 * np.minimum(0.5 * (days * 10 / 3), 1), days * 10 / 3)
    assert effect.wrong == pytest.approx(integral, rel=1e-4)


def test_a_bad_release_that_nobody_looks_at_harms_everybody_until_noticed() -> None:
    subject = Subject(one_station(Exponential(0.001)), Poisson(rate_rps=50.0), release="basic")
    values = BadModel.values({"wrong_share": 0.2, "error_share": 0.1, "noticed_s": 10_000.0})
    found = BadModel().occurrences(subject, values, Extent(20, seed=3))
    # Rolling takes three minutes more, in which a quarter, a half and three quarters of the traffic meet it.
    expected = 50 * 0.1 * (10_000 + 60 * (0.25 + 0.5 + 0.75))
    mean = np.mean([e.failed for e in found])
    assert mean == pytest.approx(expected, rel=0.01)
    assert np.mean([e.wrong for e in found]) == pytest.approx(expected / 0.1 * 0.9 * 0.2, rel=0.02)
    canary = Subject(subject.plan, subject.workload, release="canary")
    watched = BadModel().occurrences(canary, values, Extent(20, seed=3))
    assert np.mean([e.failed for e in watched]) < mean / 20
    assert {e.affected_share for e in found} == {1.0}
    within = Subject(subject.plan, subject.workload, release="basic", strategy="embedded")
    redeployed = BadModel().occurrences(within, values, Extent(20, seed=3))  # taken back by another release
    assert np.mean([e.failed for e in redeployed]) == pytest.approx(mean + 50 * 0.1 * 1_800, rel=0.01)
    assert all(e.affected_share < 0.5 for e in watched)


@pytest.mark.parametrize(("every_s", "took_s"), [(60.0, 10.0), (20.0, 50.0)])
def test_staleness_is_what_a_run_shows(every_s: float, took_s: float) -> None:
    plan = one_station(Exponential(0.0001), refresh=Refresh(every_s, Deterministic(took_s)))
    engine: Engine = SimPy()
    schedule = Constant(rate_rps=3.0, duration_s=1_800.0).schedule(1, 1)
    rows = engine.run(Task(plan, schedule, 1)).rows
    assert rows is not None
    ages = rows["staleness_s"][schedule.at_s > 600]  # type: ignore[union-attr]
    mean_s, oldest_s = stale_s(Subject(plan, Poisson(rate_rps=3.0)))
    assert ages.max() == pytest.approx(oldest_s, abs=0.5)
    assert ages.mean() == pytest.approx(mean_s, rel=0.03)


def test_what_requests_need_and_what_they_can_do_without() -> None:
    names = ("front", "mirror_a", "mirror_b", "log", "hint", "all_a", "all_b")
    units = tuple(Unit(name, (Station(name, Exponential(0.001)),)) for name in names)
    request = Sequence(
        (
            Visit("front"),
            Parallel((Visit("mirror_a"), Visit("mirror_b")), need=1),
            Asynchronous(Visit("log")),
            Guard(Visit("hint"), optional=True),
            Parallel((Visit("all_a"), Visit("all_b"))),
        )
    )
    assert required(request) == {"front", "all_a", "all_b"}
    points = single_points(Subject(Plan("mixed", units, request), Poisson(rate_rps=1.0)))
    assert points == ("front: one replica", "all_a: one replica", "all_b: one replica")


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.floats(0, 500), st.floats(0, 500))
def test_more_replicas_and_rarer_crashes_never_make_it_less_available(
    replicas: int, more: int, rate: float, higher: float
) -> None:
    def of(count: int, per_month: float) -> float:
        plan = one_station(Exponential(0.001), unit=Unit("u", (Station("u", Exponential(1.0)),), Fixed(count)))
        assumed = {
            "crash": {"per_month": per_month, "lasts_s": 600.0},
            "zone_loss": {"per_month": 0.1, "lasts_s": 3_600.0, "zones": 3.0},
            "broker_loss": {"per_month": 0.0, "lasts_s": 1.0},
        }
        return availability_of(Subject(plan, Poisson(rate_rps=1.0), Slo()), assumed)

    assert of(replicas + more, rate) >= of(replicas, rate) - 1e-12
    assert of(replicas, min(rate, higher)) >= of(replicas, max(rate, higher)) - 1e-12
