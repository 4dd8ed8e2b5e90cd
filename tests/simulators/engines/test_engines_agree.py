"""Two engines, one result: random plans over the whole vocabulary, request by request."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from data.workloads.contract import OpenSchedule
from simulators import plan as p
from simulators.engines._kernel import flatten
from simulators.engines.contract import Task
from tests.simulators.engines.agreement import assert_agree, kinds_in
from tests.simulators.engines.random_plans import tasks

# Everything that a plan can be made of; `Load` is what is worked out from one.
VOCABULARY = {
    name for name in p.__all__ if isinstance(getattr(p, name), type) and hasattr(getattr(p, name), "__match_args__")
} - {"Load", "Plan"}


@pytest.mark.slow
def test_two_hundred_random_plans() -> None:
    """The same plans every time, so that a failure stays; and among them is every word of the vocabulary."""
    seen: set[str] = set()

    @settings(max_examples=200, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(tasks())
    def agree(task: Task) -> None:
        seen.update(kinds_in(task.plan))
        assert_agree(task)

    agree()
    assert seen >= VOCABULARY, VOCABULARY - seen


def _arrivals(n: int, gap_s: float, seed: int = 5) -> OpenSchedule:
    at_s = np.cumsum(np.random.default_rng(seed).exponential(gap_s, n))
    return OpenSchedule(at_s, np.zeros(n, np.int64), float(at_s[-1]) + 1.0)


def test_a_call_within_the_process_after_a_visit_elsewhere_is_balanced_anew() -> None:
    """The place is the last one visited: back from a unit of one replica, the first unit's replica is forgotten."""
    exponential = p.Exponential(0.1)
    hop = p.Deterministic(0.01)
    plan = p.Plan(
        "there-and-back",
        (
            p.Unit("front", (p.Station("a", exponential), p.Station("b", exponential)), p.Fixed(3)),
            p.Unit("back", (p.Station("c", exponential),)),
        ),
        p.Sequence((p.Visit("a", hop), p.Visit("c", hop), p.Visit("b"))),
    )
    assert_agree(Task(plan, _arrivals(300, 0.2), 1, watch=tuple(range(300))))


def test_deliveries_are_counted_anew_for_every_try() -> None:
    """A job refused after it was delivered again does not take its count into the caller's next try."""
    station = p.Station("s", p.Exponential(0.5), queue_limit=1, redelivery_s=0.2, max_deliveries=2)
    crash = p.Crash(p.Exponential(2.0), p.Deterministic(0.3))
    unit = p.Unit("u", (station,), p.Fixed(2), "shared_queue", crash=crash)
    plan = p.Plan("again", (unit,), p.Guard(p.Visit("s"), retry=p.Retry(3)))
    assert_agree(Task(plan, _arrivals(300, 0.3), 1, watch=tuple(range(300))))


def test_durations_drawn_beforehand_are_those_drawn_when_they_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """More requests are under way than rows are kept, so that some draw for themselves; and each kind of law."""
    monkeypatch.setattr(flatten, "_MOST_DRAWN", 1)  # the fewest rows
    laws = (p.Exponential(0.4), p.LogNormal(0.4, 1.5), p.Gamma(0.4, 0.5), p.Empirical((0.2, 0.3, 0.9)))
    parts = p.Parts(tuple((f"part-{i}", law) for i, law in enumerate((*laws, p.Deterministic(0.1)))))
    stations = [p.Station(f"s{i}", law, delay=law, workers=2) for i, law in enumerate((*laws, parts))]
    hops = (p.Deterministic(0.01), *laws)
    visits = tuple(p.Visit(station.name, hop) for station, hop in zip(stations, hops, strict=True))
    plan = p.Plan("long-lines", tuple(p.Unit(f"u{s.name}", (s,)) for s in stations), p.Sequence(visits))
    assert_agree(Task(plan, _arrivals(600, 0.1), 4))


def test_functions_that_call_functions_and_start_expire_and_refuse() -> None:
    """An outer function is held while it calls; both are short of instances at times, and idle ones are removed."""
    inner = p.Station("inner", p.Exponential(0.5), queue_limit=0, error_share=0.1)
    outer = p.Station("outer", p.Exponential(0.2), queue_limit=0, wakes=(p.Wake(0.3, p.Deterministic(0.1)),))
    start, cold = p.Exponential(0.3), p.Gamma(0.7, 0.5)
    units = (
        p.Unit("fo", (outer,), p.PerRequest(1.0, 6, provisioned=1), start_up=start),
        p.Unit("fi", (inner,), p.PerRequest(0.4, 4, cold_service=cold)),
    )
    guarded = p.Guard(p.Visit("inner", p.Deterministic(0.05)), timeout_s=0.9, retry=p.Retry(1, base_s=0.1))
    plan = p.Plan("functions", units, p.Sequence((p.Visit("outer", inside=guarded), p.Visit("inner"))))
    assert_agree(Task(plan, _arrivals(500, 0.3), 2, watch=tuple(range(500))))


def test_an_autoscaler_sees_work_that_was_worked_out_on_arrival() -> None:
    """Replicas come and go, drain with a line in front of them, and are used again."""
    station = p.Station("s", p.Exponential(0.5), workers=2, queue_limit=3)
    scaling = p.Autoscaled(0.5, 1, 5, sync_s=1.0, down_stabilisation_s=3.0, period_s=1.0)
    for balancing in ("round_robin", "random"):
        unit = p.Unit("u", (station,), scaling, balancing, start_up=p.Exponential(0.5))
        plan = p.Plan("scaled", (unit,), p.Sequence((p.Visit("s", p.Deterministic(0.1)), p.Visit("s"))))
        quiet = _arrivals(300, 0.15)
        busy = OpenSchedule(quiet.at_s * np.linspace(0.4, 1.6, 300), quiet.row, 2 * quiet.duration_s)
        assert_agree(Task(plan, busy, 7, watch=tuple(range(300))))


def test_agreement_does_not_depend_on_where_the_timeline_is_cut() -> None:
    """Services that span many bins, at a station worked out ahead and at one that is not."""
    ahead = p.one_station(p.Exponential(1.0), workers=2)
    counted = p.one_station(p.Exponential(1.0), workers=2, drop_abandoned=True)
    for plan in (ahead, counted):
        for bins in (1, 7, 900):
            assert_agree(Task(plan, _arrivals(200, 0.6), 3, bins=bins))
