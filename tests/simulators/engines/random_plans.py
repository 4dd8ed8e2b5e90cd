"""Random plans over the whole vocabulary, small enough for the readable engine, and schedules to go with them."""

from typing import TypeVar

import numpy as np
from hypothesis import strategies as st

from data.workloads.contract import ClosedSchedule, OpenSchedule, Schedule
from simulators import plan as p
from simulators.engines.contract import Seen, Task, Variant
from simulators.plan.laws import SimpleLaw
from simulators.plan.stations import BALANCINGS

# Round numbers make ties, which both engines must break alike.
T = TypeVar("T")
round_s = st.sampled_from([0.125, 0.25, 0.5, 1.0, 2.0])
any_s = st.floats(0.05, 3.0)
shares = st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0])


@st.composite
def laws(draw: st.DrawFn, parts: bool = False) -> p.Law:
    kinds = ["deterministic", "exponential", "lognormal", "gamma", "empirical"] + (["parts"] if parts else [])
    mean_s = draw(round_s | any_s)
    match draw(st.sampled_from(kinds)):
        case "deterministic":
            return p.Deterministic(mean_s)
        case "exponential":
            return p.Exponential(mean_s)
        case "lognormal":
            return p.LogNormal(mean_s, draw(st.floats(0.1, 2.0)))
        case "gamma":
            return p.Gamma(mean_s, draw(st.floats(0.2, 2.0)))
        case "empirical":
            return p.Empirical(tuple(draw(st.lists(round_s, min_size=1, max_size=4))))
        case _:
            return p.Parts((("one", _simple(draw(laws()))), ("two", _simple(draw(laws())))))


def _simple(law: p.Law) -> SimpleLaw:
    assert not isinstance(law, p.Parts)
    return law


def maybe(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    return st.none() | strategy


@st.composite
def by_size(draw: st.DrawFn, largest: int) -> tuple[tuple[int, p.Law], ...]:
    sizes = sorted({1, largest, *draw(st.lists(st.integers(1, largest), max_size=2))})
    return tuple((size, draw(laws())) for size in sizes)


@st.composite
def batchings(draw: st.DrawFn) -> p.Batching | p.Schedule:
    if draw(st.booleans()):
        most = draw(st.integers(1, 5))
        return p.Batching(most, draw(st.sampled_from([0.0, 0.5, 1.0, 0.7])), draw(by_size(most)))
    return p.Schedule(draw(round_s | any_s), draw(by_size(4)), draw(st.sampled_from([0.0, 0.5, 0.3])))


@st.composite
def stations(draw: st.DrawFn, name: str, shared: bool, function: bool, simple: bool) -> p.Station:
    """simple: such that visits can be worked out on arrival."""
    batching = None if function or simple else draw(st.none() | st.none() | batchings())
    workers = 1 if function else draw(st.integers(1, 3) | (st.none() if batching is None else st.nothing()))
    wakes = draw(st.lists(round_s, unique=True, max_size=2))
    return p.Station(
        name,
        draw(laws(parts=True)),
        workers=workers,
        queue_limit=0 if function and simple else draw(st.none() | st.none() | st.integers(0, 3)),
        batching=batching,
        delay=draw(maybe(laws())),
        wakes=tuple(p.Wake(idle_s, draw(laws()), draw(st.booleans())) for idle_s in sorted(wakes)),
        error_share=draw(st.sampled_from([0.0, 0.0, 0.2])),
        drop_abandoned=not simple and draw(st.booleans()),
        redelivery_s=draw(st.none() | st.sampled_from([0.0, 0.5])) if shared else None,
        refresh=None
        if simple
        else draw(st.none() | st.none() | st.builds(p.Refresh, round_s | any_s, laws(), st.sampled_from([0.0, 0.5]))),
    )


@st.composite
def scalings(draw: st.DrawFn, kind: str, simple: bool) -> p.Scaling:
    if kind == "fixed":
        return p.Fixed(draw(st.integers(1, 3)))
    if kind == "function":
        most = draw(st.integers(1, 4))
        cold = draw(st.none() | laws())
        shared = draw(st.none() | st.sampled_from([0.5, 1.0, 2.0, 3.0]))
        return p.PerRequest(draw(round_s | any_s), most, draw(st.integers(0, most)), cold, shared)
    most = draw(st.integers(1, 4))
    return p.Autoscaled(
        target=draw(st.sampled_from([0.3, 0.6, 1.0])),
        minimum=draw(st.integers(1, most)),
        maximum=most,
        metric="utilisation" if simple else draw(st.sampled_from(["utilisation", "in_flight"])),
        sync_s=draw(st.sampled_from([0.5, 1.0, 1.7])),
        down_stabilisation_s=draw(st.sampled_from([0.0, 2.0, 5.1])),
        up_stabilisation_s=draw(st.sampled_from([0.0, 1.0])),
        up_replicas=draw(st.integers(1, 2)),
        period_s=draw(st.sampled_from([1.0, 2.0])),
    )


@st.composite
def units(draw: st.DrawFn, index: int) -> p.Unit:
    kind = draw(st.sampled_from(["function", "autoscaled", "fixed", "fixed"]))
    function, simple = kind == "function", draw(st.booleans())
    balancing = draw(st.sampled_from(("random", "round_robin") if simple else BALANCINGS))
    shared = balancing == "shared_queue"
    one = function or shared or (simple and kind == "autoscaled")
    count = 1 if one else draw(st.integers(1, 2))
    inside = tuple(draw(stations(f"s{index}{i}", shared, function, simple)) for i in range(count))
    scaling = draw(scalings(kind, simple))
    cores = None if function or simple else draw(st.none() | st.sampled_from([0.5, 1.0, 2.0]))
    if isinstance(scaling, p.Autoscaled) and cores is None and any(s.workers is None for s in inside):
        cores = 1.0
    crash = (
        None
        if function or simple
        else draw(st.none() | st.none() | st.builds(p.Crash, laws(), laws(), st.sampled_from([0.0, 0.4])))
    )
    return p.Unit(f"u{index}", inside, scaling, balancing, cores, draw(maybe(laws())), crash)


@st.composite
def guards(draw: st.DrawFn, step: p.Step) -> p.Guard:
    retry = draw(
        maybe(
            st.builds(
                p.Retry,
                st.integers(1, 3),
                base_s=st.sampled_from([0.0, 0.125, 0.3]),
                factor=st.sampled_from([1.0, 2.0]),
                jitter=st.sampled_from([0.0, 1.0]),
                budget=st.none() | st.sampled_from([0.0, 0.3]),
                burst=st.sampled_from([1.0, 3.0]),
                on=st.sampled_from([("rejected", "timeout", "error"), ("timeout",), ("error", "rejected")]),
            )
        )
    )
    breaker = draw(
        maybe(st.builds(p.Breaker, st.integers(1, 4), st.sampled_from([0.25, 0.5, 1.0]), round_s, st.integers(1, 2)))
    )
    timeout_s = draw(st.one_of(round_s, round_s, any_s, st.none()))
    needless = timeout_s is None and retry is None and breaker is None
    return p.Guard(step, timeout_s, retry, breaker, optional=needless or draw(st.integers(0, 3)) == 3)


@st.composite
def steps(draw: st.DrawFn, names: tuple[str, ...], depth: int, batching: frozenset[str]) -> p.Step:
    """A step over stations of which the first may be visited with the rest inside, so that no cycle can arise."""
    inner_kinds = ["guard", "guard", "guard", "inside", "parallel", "sequence", "choice", "cached", "async"]
    kinds = [*(inner_kinds if depth else []), "visit"]

    def inner() -> p.Step:
        return draw(steps(names, depth - 1, batching))

    match draw(st.sampled_from(kinds)):
        case "sequence":
            return p.Sequence(tuple(inner() for _ in range(draw(st.integers(1, 3)))))
        case "parallel":
            n = draw(st.integers(1, 3))
            return p.Parallel(tuple(inner() for _ in range(n)), draw(st.none() | st.integers(1, n)))
        case "choice":
            return p.Choice(
                tuple((draw(st.sampled_from([0.0, 0.2, 0.5])), inner()) for _ in range(draw(st.integers(1, 2))))
            )
        case "cached":
            return p.Cached(inner(), draw(shares), draw(maybe(laws())))
        case "async":
            return p.Asynchronous(inner())
        case "guard":
            return draw(guards(inner()))
        case "inside" if len(names) > 1:
            outer = draw(st.integers(0, len(names) - 2))
            if names[outer] in batching:
                return p.Visit(names[outer], draw(maybe(laws())))
            below = draw(steps(names[outer + 1 :], depth - 1, batching))
            return p.Visit(names[outer], draw(maybe(laws())), below)
        case _:
            return p.Visit(draw(st.sampled_from(names)), draw(maybe(laws())))


@st.composite
def plans(draw: st.DrawFn) -> p.Plan:
    own = tuple(draw(units(i)) for i in range(3 - draw(st.integers(0, 2))))
    names = tuple(station.name for unit in own for station in unit.stations)
    batching = frozenset(s.name for unit in own for s in unit.stations if s.batching is not None)
    parts = [
        draw(steps(names, draw(st.sampled_from([3, 2, 2, 1])), batching)) for _ in range(3 - draw(st.integers(0, 2)))
    ]
    request = parts[0] if len(parts) == 1 else p.Sequence(tuple(parts))
    faults: list[p.Fault] = []
    if draw(st.booleans()):
        faults.append(p.Slow(draw(st.sampled_from(names)), draw(round_s), draw(st.floats(3.0, 9.0)), 2.0))
    killable = [unit for unit in own if not isinstance(unit.scaling, p.PerRequest)]
    if bool(killable) and draw(st.booleans()):
        faults.append(
            p.Kill(
                draw(st.sampled_from(killable)).name, draw(round_s | any_s), draw(any_s), draw(st.none() | st.just(0))
            )
        )
    return p.Plan("random", own, request, tuple(faults))


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    if draw(st.integers(0, 3)) == 0:
        users, each = 4 - draw(st.integers(0, 3)), 20 - draw(st.integers(0, 19))
        think = rng.exponential(0.5, (users, each)) if draw(st.booleans()) else np.full((users, each), 0.25)
        return ClosedSchedule(think, np.zeros((users, each), np.int64), 8.0)
    n = 90 - draw(st.integers(0, 50)) if draw(st.integers(0, 9)) else draw(st.integers(0, 3))
    at_s = np.sort(rng.uniform(0, 10, n)) if draw(st.booleans()) else np.sort(rng.integers(0, 40, n) / 4.0)
    return OpenSchedule(at_s, np.arange(n), 10.0)


class EveryOther:
    """A release policy for tests: what it has seen decides the share of the second version."""

    interval_s = 1.25

    def shares(self, now_s: float, seen: Seen) -> tuple[float, float]:
        second = (len(seen.end_s) + int(seen.version.sum()) + int(now_s)) % 4 / 4
        return 1 - second, second


@st.composite
def tasks(draw: st.DrawFn) -> Task:
    plan, schedule = draw(plans()), draw(schedules())
    first = plan.stations[0].name
    router = EveryOther() if draw(st.integers(0, 4)) == 0 else None
    variants = (Variant(), Variant({first: 1.5}, {first: 0.5})) if router else (Variant(),)
    watch = tuple(range(int(np.size(schedule.row))))
    return Task(plan, schedule, draw(st.integers(0, 2**63 - 1)), watch=watch, bins=16, router=router, variants=variants)
