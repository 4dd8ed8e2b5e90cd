"""A run cut in two says what the whole run says."""

from dataclasses import replace

import numpy as np
import pytest

from data.workloads.contract import OpenSchedule
from simulators import plan as p
from simulators.engines._kernel import halves
from simulators.engines._kernel.build import build
from simulators.engines.contract import Outcome, Task
from simulators.engines.kernel import Kernel

_N = 100_000


def _task(gap_s: float = 0.5, *, keep_rows: bool = True) -> Task:
    """Two services that wake up, one of them visited twice, and a pair behind a balancer with a line between them."""
    wakes = (p.Wake(0.2, p.Exponential(0.1)), p.Wake(1.0, p.Exponential(0.3), occupies=False))
    hop = p.LogNormal(0.01, 0.5)
    units = (
        p.Unit("front", (p.Station("front", p.Exponential(0.1), wakes=wakes, queue_limit=20),)),
        p.Unit("pair", (p.Station("pair", p.Gamma(0.2, 0.7)),), p.Fixed(2), "least_connections"),
        p.Unit("back", (p.Station("back", p.Empirical((0.05, 0.1, 0.3)), workers=2, delay=hop, wakes=wakes),)),
    )
    visits = (p.Visit("front"), p.Visit("pair", hop), p.Guard(p.Visit("back", hop), timeout_s=2.0), p.Visit("front"))
    at_s = np.cumsum(np.random.default_rng(3).exponential(gap_s, _N))
    schedule = OpenSchedule(at_s, np.zeros(_N, np.int64), float(at_s[-1]) + 10.0)
    watch = tuple(range(0, _N, 999))
    return Task(p.Plan("cut", units, p.Sequence(visits)), schedule, 5, keep_rows=keep_rows, watch=watch)


def _assert_same(ours: Outcome, theirs: Outcome) -> None:
    for name in ("requests", "batch_sum_s", "batch_count", "stations", "totals", "units"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-9, atol=1e-9, err_msg=name)
    np.testing.assert_array_equal(ours.sketch, theirs.sketch)
    spans = [np.sort(outcome.spans, order=("request", "step", "sent_s")) for outcome in (ours, theirs)]
    for name in theirs.spans.dtype.names or ():
        np.testing.assert_array_equal(spans[0][name], spans[1][name], err_msg=name)
    assert ours.ended_s == theirs.ended_s
    assert (ours.rows is None) == (theirs.rows is None)
    for name, column in (theirs.rows or {}).items():
        np.testing.assert_array_equal((ours.rows or {})[name], column, err_msg=name)


@pytest.mark.parametrize("keep_rows", [True, False])
def test_both_halves_together_are_the_whole(keep_rows: bool) -> None:
    task = _task(keep_rows=keep_rows)
    two = replace(task, cores=2)
    assert halves.cut_in_two(two, build(two)) is not None
    _assert_same(Kernel().run(two), Kernel().run(task))


def test_a_first_half_that_ends_otherwise_goes_on_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too few requests before the middle to know since when every server has been idle."""
    monkeypatch.setattr(halves, "_BEFORE", 1)
    task = _task()
    two = replace(task, cores=2)
    found = halves.cut_in_two(two, build(two))
    assert found is not None
    whole = Kernel().run(task)
    _assert_same(Kernel().run(two), whole)


def test_what_remembers_or_never_rests_is_not_cut() -> None:
    task = replace(_task(), cores=2)
    assert halves.cut_in_two(replace(task, cores=1), build(task)) is None
    busy = replace(_task(0.11), cores=2)
    assert halves.cut_in_two(busy, build(busy)) is None
    front, *others = task.plan.units
    scaling = replace(front, scaling=p.Autoscaled(0.5))
    in_turns = replace(front, scaling=p.Fixed(2), balancing="round_robin")
    crashing = replace(front, crash=p.Crash(p.Exponential(1e4), p.Exponential(10.0)))
    for unit in (scaling, in_turns, crashing):
        changed = replace(task, plan=replace(task.plan, units=(unit, *others)))
        assert halves.cut_in_two(changed, build(changed)) is None
    guarded = p.Guard(task.plan.request, breaker=p.Breaker(5, 0.5, 1.0, 1))
    changed = replace(task, plan=replace(task.plan, request=guarded))
    assert halves.cut_in_two(changed, build(changed)) is None
