"""Two engines, one result: random plans over the whole vocabulary, request by request."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from data.workloads.contract import OpenSchedule
from simulators import plan as p
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


def test_agreement_does_not_depend_on_where_the_timeline_is_cut() -> None:
    """Services that span many bins, at a station worked out ahead and at one that is not."""
    ahead = p.one_station(p.Exponential(1.0), workers=2)
    counted = p.one_station(p.Exponential(1.0), workers=2, drop_abandoned=True)
    for plan in (ahead, counted):
        for bins in (1, 7, 900):
            assert_agree(Task(plan, _arrivals(200, 0.6), 3, bins=bins))
