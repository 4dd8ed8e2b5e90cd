"""Costs as traffic grows, and where the cheapest changes."""

import itertools
import math
from dataclasses import replace
from pathlib import Path

import pytest

from data.errors import InvalidValue
from data.prices import keep_price_list, price_list
from simulators.cost.break_even import cheapest, curves
from simulators.cost.model import CostModel
from simulators.cost.month import Month
from simulators.cost.month_of import cold_share, release_fleet_hours
from simulators.cost.shape import Shape, Work
from simulators.cost.sizing import most_replicas, overloaded, replicas

AWS = price_list("aws-us-east-1")
WORK = Work(0.020, 0.018, 0.022, 500, init_s=1.0, payload_bytes=1_000, memory_bytes=200_000_000)
MONTH = Month(10.0, swing=0.5, uncertainty_share=0.2)
MACHINE, FUNCTION = Shape(strategy="embedded"), Shape(platform="functions")
MODELS = {
    name: CostModel(shape, WORK, MONTH, AWS) for name, shape in {"machine": MACHINE, "function": FUNCTION}.items()
}


def test_the_break_even_is_where_both_cost_the_same() -> None:
    found = curves(MODELS, 1.0)
    assert len(found.rate_rps) == 49
    assert found.rate_rps[-1] / found.rate_rps[0] == pytest.approx(1e6)
    first = found.breaks[0]
    assert (first.below, first.above) == ("function", "machine")
    assert first.low_rps <= first.rate_rps <= first.high_rps
    assert first.low_rps < first.high_rps
    # By hand: one t3.medium for 730 hours = 30.368; a function's request costs its GB-s, 1.20 per million, and both
    # pay for the same data out.
    per_request = 0.020 * 1_769 / 1_024 * 0.0000166667 + 1.2e-6
    assert first.rate_rps == pytest.approx(30.368 / (per_request * 730 * 3_600), rel=0.01)
    for factor, name in ((0.99, "function"), (1.01, "machine")):
        assert cheapest(MODELS, first.rate_rps * factor) == name


def test_costs_never_fall_as_traffic_grows() -> None:
    warm = {name: replace(model, work=replace(WORK, init_s=0.0)) for name, model in MODELS.items()}
    for costs in curves(warm, 1.0).usd_per_month.values():
        assert all(a <= b + 1e-9 for a, b in itertools.pairwise(costs))


def test_fixed_machines_are_bought_for_the_peak_with_headroom() -> None:
    # 400 rps × 1.5 × 20 ms = 12 busy workers at the peak, × 1.3 = 15.6.
    month = replace(MONTH, rate_rps=400.0)
    assert replicas(MACHINE, WORK, month) == 16
    assert replicas(replace(MACHINE, workers=4), WORK, month) == 4
    assert replicas(MACHINE, WORK, replace(month, redundancy=2)) == 18
    assert replicas(replace(MACHINE, least=20), WORK, month) == 20


def test_autoscaled_replicas_follow_the_hours() -> None:
    tasks = Shape(platform="tasks", busy_share=0.5, most=50)
    month = replace(MONTH, rate_rps=400.0)
    mean = replicas(tasks, WORK, month)
    assert 400 * 0.020 / 0.5 <= mean <= 400 * 0.020 / 0.5 + 1
    assert most_replicas(tasks, WORK, month) == 24
    assert not overloaded(tasks, WORK, month)
    assert overloaded(replace(tasks, most=4), WORK, month)


def test_rare_requests_start_cold() -> None:
    rare = Month(0.001, swing=0.0)
    assert cold_share(FUNCTION, rare) == pytest.approx(math.exp(-0.6))
    assert cold_share(FUNCTION, Month(10.0)) == pytest.approx(0.0, abs=1e-12)
    assert cold_share(replace(FUNCTION, provisioned=1), rare) == 0.0


def test_intervals_hold_the_value_and_grow_with_uncertainty() -> None:
    for model in MODELS.values():
        monthly, per = model.monthly(), model.per(1_000_000)
        assert monthly.low <= monthly.value <= monthly.high
        assert per.low <= per.value <= per.high
        sure = replace(model, month=replace(MONTH, uncertainty_share=0.0)).monthly()
        assert sure.high - sure.low <= monthly.high - monthly.low
        assert per.value == pytest.approx(monthly.value / MONTH.requests * 1e6)


def test_a_release_takes_a_second_fleet_for_a_while() -> None:
    assert release_fleet_hours("basic", 10.0) == 0.0
    shadow = release_fleet_hours("shadow", 10.0)
    assert shadow > 0
    released = replace(MODELS["machine"], shape=replace(MACHINE, release="shadow"), month=replace(MONTH, releases=4.0))
    extra = float(released.usd() - MODELS["machine"].usd())
    assert extra == pytest.approx(4 * shadow * 0.0416, rel=0.01)


def test_machines_of_ones_own_are_whole(home: Path) -> None:
    assert home.is_dir()
    own = keep_price_list((Path(__file__).parents[3] / "docs" / "prices" / "own_servers.toml").read_text())
    model = CostModel(MACHINE, WORK, MONTH, own)
    assert {line.role for line in model.bill().lines} == {"machine.hour", "staff.hour", "egress.gb"}
    with pytest.raises(InvalidValue, match="has no price in own-servers"):
        CostModel(FUNCTION, WORK, MONTH, own).bill()


def test_work_and_brokers_and_gateways_are_lines_of_their_own() -> None:
    shape = Shape(strategy="streaming", staff_hours=3.0)
    model = CostModel(shape, WORK, replace(MONTH, nat_gateways=1, redundancy=1), AWS)
    roles = {line.role: line for line in model.bill().lines}
    assert {"instance.hour", "broker.hour", "staff.hour", "nat.hour", "egress.gb"} <= roles.keys()
    assert float(roles["staff.hour"].usd) == 180.0
    assert float(roles["broker.hour"].usd) == pytest.approx(2 * 730 * 0.0456)
