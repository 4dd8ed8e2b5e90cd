"""Unstable plans, impossible schedules and interrupted runs: a clear warning or a clear error, and never a hang."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from data.errors import Cancelled, InvalidValue, UnknownKind
from data.workloads.closed_loop import ClosedLoop
from data.workloads.contract import ClosedSchedule, OpenSchedule, Schedule
from data.workloads.poisson import Poisson
from simulators import plan as p
from simulators.engines.contract import Task, Variant
from simulators.simulate import simulate

ENGINES = ("kernel", "simpy")
HUNDREDTH = p.one_station(p.Exponential(0.01))
WORKLOAD = Poisson(rate_rps=20, duration_s=10)


@pytest.mark.parametrize("engine", ENGINES)
def test_offered_more_than_it_can_do(engine: str) -> None:
    """ρ = 2: every request is answered in the end, and the result says why it took so long."""
    plan = p.one_station(p.Exponential(0.1))
    result = simulate(plan, WORKLOAD, seed=1, engine=engine)
    assert result.counts["ok"] == result.counts["scheduled"] > 0
    assert result.ended_s > 15
    assert any("station 'station' is offered" in warning for warning in result.warnings)


def test_latency_that_never_settles_is_said() -> None:
    result = simulate(p.one_station(p.Exponential(0.1)), Poisson(rate_rps=20, duration_s=2_000), seed=1)
    assert not result.steady
    assert any("no steady state was seen" in warning for warning in result.warnings)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_run_that_does_not_end_is_given_up(engine: str) -> None:
    """Services of a month each, one after the other."""
    with pytest.raises(p.Unfinished, match=r"requests have not ended after .* Lower the rate, add workers") as caught:
        simulate(p.one_station(p.Exponential(30 * 86_400.0)), WORKLOAD, seed=1, engine=engine)
    assert caught.value.left > 100


@pytest.mark.parametrize("engine", ENGINES)
def test_workers_that_never_come_back_are_given_up(engine: str) -> None:
    """All replicas are down for years; what waits in the broker's queue waits with them."""
    unit = p.Unit("u", (p.Station("station", p.Exponential(0.01)),), balancing="shared_queue")
    plan = p.Plan("plan", (unit,), p.Visit("station"), (p.Kill("u", 1.0, 1e9),))
    with pytest.raises(p.Unfinished):
        simulate(plan, WORKLOAD, seed=1, engine=engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_run_can_be_stopped(engine: str) -> None:
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked == 2

    with pytest.raises(Cancelled):
        simulate(HUNDREDTH, Poisson(rate_rps=50, duration_s=60_000), seed=1, engine=engine, cancelled=cancelled)
    assert asked == 2


@pytest.mark.parametrize("engine", ENGINES)
def test_progress_ends_at_one(engine: str) -> None:
    seen: list[float] = []
    simulate(HUNDREDTH, WORKLOAD, seed=1, engine=engine, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_arrives(engine: str) -> None:
    nothing = OpenSchedule(np.zeros(0), np.zeros(0, np.int64), 10.0)
    result = simulate(HUNDREDTH, nothing, seed=1, engine=engine)
    assert result.counts["scheduled"] == 0
    assert result.mean_s is None


def test_users_who_ask_without_end_at_one_instant() -> None:
    """No thought and no service: time would stand still."""
    plan = p.Plan("plan", HUNDREDTH.units, p.Cached(p.Visit("station"), 1.0))
    with pytest.raises(InvalidValue, match="give the users a think time, or requests that take some time"):
        simulate(plan, ClosedLoop(users=2, think_s=0.0, duration_s=1.0), seed=1)


def _open(*at_s: float) -> OpenSchedule:
    return OpenSchedule(np.array(at_s), np.zeros(len(at_s), np.int64), 10.0)


SCHEDULES: dict[str, tuple[Callable[[], Schedule], str]] = {
    "before the start": (lambda: _open(-1.0, 2.0), "at_s = -1.0 must be 0 or more"),
    "no number": (lambda: _open(1.0, math.nan), "at_s = nan must be 0 or more, and finite"),
    "never": (lambda: _open(1.0, math.inf), "at_s = inf"),
    "not sorted": (lambda: _open(1.0, 3.0, 2.0), "at_s = 2.0 must not come before the request in front of it, at 3.0"),
    "rows are missing": (lambda: OpenSchedule(np.zeros(3), np.zeros(2, np.int64), 1.0), "one row"),
    "no time": (lambda: OpenSchedule(np.zeros(1), np.zeros(1, np.int64), 0.0), "duration_s = 0.0 must be above 0"),
    "thinks backwards": (
        lambda: ClosedSchedule(np.array([[0.1, -0.1]]), np.zeros((1, 2), np.int64), 1.0),
        "think_s = -0.1 must be 0 or more",
    ),
}


@pytest.mark.parametrize("case", SCHEDULES)
def test_an_impossible_schedule_is_refused(case: str) -> None:
    make, says = SCHEDULES[case]
    with pytest.raises(InvalidValue, match=says):
        simulate(HUNDREDTH, make(), seed=1)


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(UnknownKind, match="'simpie'"):
        simulate(HUNDREDTH, WORKLOAD, seed=1, engine="simpie")
    with pytest.raises(InvalidValue, match="bins = 0 must be a whole number of 1 or more"):
        simulate(HUNDREDTH, WORKLOAD, seed=1, bins=0)
    with pytest.raises(InvalidValue, match=r"warm_up_s = -1\.0"):
        simulate(HUNDREDTH, WORKLOAD, seed=1, warm_up_s=-1.0)
    with pytest.raises(InvalidValue, match=r"precision = 0\.0"):
        simulate(HUNDREDTH, WORKLOAD, seed=1, precision=0.0)


@pytest.mark.parametrize(
    ("variant", "says"),
    [
        (Variant({"modle": 2.0}), "names a station that is not in the plan: name station"),
        (Variant({"station": -1.0}), "service_factor of station = -1.0 must be above 0"),
        (Variant({}, {"station": 1.5}), "error_share of station = 1.5 must be from 0 to 1"),
    ],
)
def test_a_version_that_changes_what_is_not_there_is_refused(variant: Variant, says: str) -> None:
    with pytest.raises(InvalidValue, match=says):
        Task(HUNDREDTH, WORKLOAD.schedule(1, 1), 1, variants=(Variant(), variant))


def test_a_run_too_short_for_its_precision_says_how_long_it_takes() -> None:
    short = simulate(HUNDREDTH, Poisson(rate_rps=60, duration_s=100), seed=1, precision=0.001)
    assert any("about" in w and "would do" in w for w in short.warnings if w.startswith("too short"))
    tiny = simulate(HUNDREDTH, Poisson(rate_rps=1, duration_s=10), seed=1, precision=0.01)
    assert any("it takes at least 100 requests" in warning for warning in tiny.warnings)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("service", [p.LogNormal(1e9, 1_000.0), p.Deterministic(1e5)], ids=["years", "a day"])
def test_durations_far_beyond_the_timeline(engine: str, service: p.Law) -> None:
    """Its last bin takes them all, as long as the run is not given up for them."""
    plan = p.one_station(service, workers=100_000)
    if service.cs2 > 0:
        with pytest.raises(p.Unfinished):
            simulate(plan, WORKLOAD, seed=1, engine=engine)
        return
    result = simulate(plan, WORKLOAD, seed=1, engine=engine, warm_up_s=0)
    assert result.counts["ok"] == result.counts["scheduled"]
    assert abs(result.station("station").little_residual) < 1e-9


def test_watched_visits_of_a_long_run_are_kept() -> None:
    result = simulate(HUNDREDTH, WORKLOAD, seed=1, watch=(0, 5))
    assert result.watched == (0, 5)


def test_bin_of_very_late_moments() -> None:
    from simulators.engines._timeline import bin_of

    assert [bin_of(t, 0.5, 10) for t in (0.0, 0.49, 0.5, 4.99, 5.0, 1e30, math.inf)] == [0, 0, 1, 9, 10, 10, 10]
