"""The utilisation law, before anything is simulated."""

import pytest

from simulators import plan as p

TENTH = p.Exponential(0.1)


def _load(request: p.Step, *units: p.Unit, rate_rps: float = 6.0) -> dict[str, p.Load]:
    return {load.station: load for load in p.offered_load(p.Plan("plan", units, request), rate_rps)}


def test_rate_times_visits_times_service_over_workers() -> None:
    """ρ = λ · V · E[S] / c."""
    steps = (p.Visit("a"), p.Choice(((0.5, p.Visit("a")), (0.25, p.Visit("b")))), p.Cached(p.Visit("b"), 0.9))
    units = (p.Unit("a", (p.Station("a", TENTH, workers=2),), p.Fixed(3)), p.Unit("b", (p.Station("b", TENTH),)))
    found = _load(p.Sequence(steps), *units)
    assert found["a"].rate_rps == pytest.approx(6 * 1.5)
    assert found["a"].utilisation == pytest.approx(6 * 1.5 * 0.1 / 6)
    assert found["b"].utilisation == pytest.approx(6 * (0.25 + 0.1) * 0.1)


def test_a_worker_that_waits_for_an_inner_call_is_occupied() -> None:
    outer, inner = p.Station("outer", TENTH), p.Station("inner", p.Exponential(0.05))
    request = p.Visit("outer", inside=p.Visit("inner", hop=p.Deterministic(0.01)))
    found = _load(request, p.Unit("o", (outer,)), p.Unit("i", (inner,)))
    assert found["outer"].work_s == pytest.approx(0.1 + 0.05 + 0.02)
    assert found["inner"].work_s == pytest.approx(0.05)


def test_stations_share_the_cores_of_their_unit() -> None:
    unit = p.Unit("u", (p.Station("a", TENTH), p.Station("b", TENTH)), cores=2.0)
    found = _load(p.Sequence((p.Visit("a"), p.Visit("b"))), unit)
    assert found["a"].utilisation == found["b"].utilisation == pytest.approx(6 * 0.2 / 2)


def test_a_batch_shares_its_duration() -> None:
    """At the largest batch that it may take, which need not be the largest whose law is known."""
    batching = p.Batching(4, 0.1, ((1, p.Deterministic(0.1)), (16, p.Deterministic(0.25))))
    found = _load(p.Visit("s"), p.Unit("u", (p.Station("s", TENTH, batching=batching),)))
    assert found["s"].work_s == pytest.approx((0.1 + 0.15 * 3 / 15) / 4)


def test_the_bottleneck_is_the_busiest() -> None:
    units = tuple(p.Unit(name, (p.Station(name, p.Exponential(mean)),)) for name, mean in (("a", 0.1), ("b", 0.15)))
    plan = p.Plan("plan", units, p.Sequence((p.Visit("a"), p.Visit("b"))))
    assert p.bottleneck(plan, 6.0).station == "b"


def test_an_overload_is_said_with_its_remedy() -> None:
    units = tuple(p.Unit(name, (p.Station(name, p.Exponential(mean)),)) for name, mean in (("a", 0.1), ("b", 0.2)))
    plan = p.Plan("plan", units, p.Sequence((p.Visit("a"), p.Visit("b"))))
    assert p.overload_warnings(plan, 4.9) == ()
    (only,) = p.overload_warnings(plan, 6.0)
    assert only.startswith("station 'b' is offered 1.20 times what it can do (6 requests/s × 200 ms on 1)")
    assert only.endswith("Add workers or replicas, or lower the rate.")
    assert len(p.overload_warnings(plan, 10.0)) == 2


def test_a_station_that_refuses_says_so() -> None:
    plan = p.one_station(TENTH, queue_limit=5)
    assert "it must refuse some of them" in p.overload_warnings(plan, 20.0)[0]
