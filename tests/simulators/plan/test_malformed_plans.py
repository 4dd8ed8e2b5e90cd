"""What contradicts itself is refused when it is made, with the value, the rule and the remedy."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators import plan as p
from simulators.plan import InvalidPlan

SECOND = p.Exponential(1.0)


def station(name: str = "s", **fields: object) -> p.Station:
    return p.Station(name, SECOND, **fields)  # type: ignore[arg-type]


def unit(*stations: p.Station, **fields: object) -> p.Unit:
    return p.Unit("u", stations or (station(),), **fields)  # type: ignore[arg-type]


def plan(request: p.Step, *names: str, faults: tuple[p.Fault, ...] = ()) -> p.Plan:
    return p.Plan("plan", tuple(p.Unit(name, (station(name),)) for name in names or ("s",)), request, faults)


def nested(depth: int) -> p.Step:
    step: p.Step = p.Visit("s")
    for _ in range(depth):
        step = p.Sequence((step,))
    return step


def retried(layers: int, retries: int) -> p.Step:
    step: p.Step = p.Visit("s")
    for _ in range(layers):
        step = p.Guard(step, retry=p.Retry(retries))
    return step


def within(outer: str, inner: str) -> p.Visit:
    return p.Visit(outer, inside=p.Visit(inner))


# What is made, and the value and part of the rule or remedy that the error must name.
MALFORMED: dict[str, tuple[Callable[[], object], str]] = {
    "unknown station": (lambda: plan(p.Visit("modle")), "'modle' is not in the plan: visit one of s"),
    "unknown station deep inside": (lambda: plan(p.Guard(within("s", "x"), timeout_s=1.0)), "'x' is not in the plan"),
    "station twice": (lambda: p.Plan("plan", (unit(station(), station()),), p.Visit("s")), "named twice"),
    "unit twice": (lambda: p.Plan("plan", (unit(), unit(station("t"))), p.Visit("s")), "'u'.*named twice"),
    "no units": (lambda: p.Plan("plan", (), p.Visit("s")), "must not be empty: give the plan at least one unit"),
    "no stations": (lambda: p.Unit("u", ()), "at least one station"),
    "a name with a space": (lambda: station("my model"), "'my model'"),
    "no step": (lambda: plan("s"), "'s' must be a step: give Visit"),  # type: ignore[arg-type]
    "no law": (lambda: p.Station("s", 1.0), "1.0 must be a law of durations"),  # type: ignore[arg-type]
    "waits for itself": (lambda: plan(within("s", "s")), "s → s' form a cycle"),
    "waits for each other": (
        lambda: plan(p.Sequence((within("a", "b"), within("b", "a"))), "a", "b"),
        "form a cycle of workers that wait for each other: call in sequence",
    ),
    "a cycle of three": (
        lambda: plan(p.Sequence((within("a", "b"), within("b", "c"), within("c", "a"))), "a", "b", "c"),
        "a → b → c → a",
    ),
    "too deep": (lambda: plan(nested(60)), "nested deeper than 50"),
    "an avalanche of retries": (lambda: plan(retried(3, 30)), "29,791 tries of one step at worst"),
    "negative mean": (lambda: p.Exponential(-0.2), "mean_s = -0.2 must be above 0"),
    "no mean": (lambda: p.Deterministic(0.0), "mean_s = 0.0 must be above 0"),
    "mean is NaN": (lambda: p.Gamma(math.nan, 1.0), "mean_s = nan"),
    "mean is endless": (lambda: p.Exponential(math.inf), "mean_s = inf"),
    "mean beyond a lifetime": (lambda: p.Exponential(1e12), "at most 1e[+]09 s"),
    "no variation": (lambda: p.LogNormal(1.0, 0.0), "cv = 0.0 must be above 0 and finite: give Deterministic"),
    "wild variation": (lambda: p.LogNormal(1.0, 1e6), "cv = 1000000.0 must be at most 1000"),
    "no samples": (lambda: p.Empirical(()), "at least one measured duration"),
    "a negative sample": (lambda: p.Empirical((0.1, -0.3)), "samples_s = -0.3 must be above 0"),
    "a sample that is NaN": (lambda: p.Empirical((0.1, math.nan)), "samples_s = nan"),
    "parts in parts": (
        lambda: p.Parts((("a", p.Parts((("b", SECOND),))),)),  # type: ignore[arg-type]
        "list the inner parts directly",
    ),
    "the same part twice": (lambda: p.Parts((("a", SECOND), ("a", SECOND))), "different names"),
    "no workers": (lambda: station(workers=0), "workers of s = 0 must be a whole number from 1"),
    "half a worker": (lambda: station(workers=0.5), "workers of s = 0.5"),
    "negative limit": (lambda: station(queue_limit=-1), "queue_limit of s = -1"),
    "errors above all": (lambda: station(error_share=1.2), "error_share of s = 1.2 must be between 0 and 1"),
    "unsorted wakes": (lambda: station(wakes=(p.Wake(2.0, SECOND), p.Wake(1.0, SECOND))), "ascending idle_s"),
    "batching without workers": (
        lambda: station(workers=None, batching=p.Batching(1, 0.0, ((1, SECOND),))),
        "must be a number for a station that batches",
    ),
    "batch law without 1": (lambda: p.Batching(4, 0.0, ((2, SECOND), (4, SECOND))), "ascending sizes from 1"),
    "batch law too short": (lambda: p.Batching(8, 0.0, ((1, SECOND), (4, SECOND))), r"must reach max_size \(8\)"),
    "negative wait": (lambda: p.Batching(4, -1.0, ((1, SECOND), (4, SECOND))), "max_wait_s = -1.0"),
    "calls from a batch": (
        lambda: p.Plan(
            "plan",
            (unit(station(batching=p.Batching(1, 0.0, ((1, SECOND),))), station("t")),),
            within("s", "t"),
        ),
        "cannot be called from a batch",
    ),
    "a schedule at every instant": (
        lambda: p.Schedule(1e-9, ((1, SECOND),)),
        "every_s = 1e-09 must be 0.001",
    ),
    "a refresh at every instant": (lambda: p.Refresh(0.0, SECOND), "every_s = 0.0"),
    "a crash at every instant": (lambda: p.Crash(p.Exponential(1e-6), SECOND), "mean of every = 1e-06"),
    "unknown balancing": (lambda: unit(balancing="fastest"), "'fastest' is not a way to balance"),
    "redelivery without a queue": (lambda: unit(station(redelivery_s=1.0)), "needs a shared queue"),
    "a queue shared by stations": (
        lambda: p.Plan("plan", (unit(station(), station("t"), balancing="shared_queue"),), p.Visit("s")),
        "needs a unit of one station",
    ),
    "no cores": (lambda: unit(cores=0.0), "cores of u = 0.0 must be above 0"),
    "a function of two stations": (
        lambda: unit(station(), station("t"), scaling=p.PerRequest()),
        "must be one station",
    ),
    "a function that crashes": (
        lambda: unit(scaling=p.PerRequest(), crash=p.Crash(SECOND, SECOND)),
        "goes with neither crash nor cores",
    ),
    "no replicas": (lambda: p.Fixed(0), "replicas = 0"),
    "more at least than at most": (lambda: p.Autoscaled(0.5, minimum=3, maximum=2), "minimum = 3"),
    "scales at every instant": (lambda: p.Autoscaled(0.5, sync_s=1e-6), "sync_s = 1e-06"),
    "no target": (lambda: p.Autoscaled(0.0), "target = 0.0 must be above 0"),
    "utilisation of endless workers": (
        lambda: p.Plan("plan", (unit(station(workers=None), scaling=p.Autoscaled(0.5)),), p.Visit("s")),
        "give the unit cores, or scale on in_flight",
    ),
    "never idle": (lambda: p.PerRequest(idle_expiry_s=0.0), "idle_expiry_s = 0.0"),
    "more provisioned than allowed": (lambda: p.PerRequest(concurrency=2, provisioned=3), "provisioned = 3"),
    "shares above 1": (lambda: p.Choice(((0.7, p.Visit("s")), (0.7, p.Visit("s")))), "not add up to more than 1"),
    "a share below 0": (lambda: p.Choice(((-0.1, p.Visit("s")),)), "share = -0.1"),
    "hits above all": (lambda: p.Cached(p.Visit("s"), 1.5), "hit_share = 1.5"),
    "needs more than there are": (lambda: p.Parallel((p.Visit("s"),), need=2), "need = 2"),
    "a deadline in the past": (lambda: p.Guard(p.Visit("s"), timeout_s=-1.0), "timeout_s = -1.0"),
    "guards nothing": (lambda: p.Guard(p.Visit("s")), "protects from nothing"),
    "no retries": (lambda: p.Retry(0), "max_retries = 0"),
    "retries on success": (lambda: p.Retry(1, on=("ok",)), "is not a bad end"),  # type: ignore[arg-type]
    "jitter above 1": (lambda: p.Retry(1, jitter=2.0), "jitter = 2.0"),
    "a breaker that never closes": (lambda: p.Breaker(open_s=0.0), "open_s = 0.0"),
    "killed before time": (lambda: p.Kill("u", -1.0, 1.0), "at_s = -1.0 must not be negative"),
    "down for no time": (lambda: p.Kill("u", 1.0, 0.0), "down_s = 0.0"),
    "kills an unknown unit": (lambda: plan(p.Visit("s"), faults=(p.Kill("x", 1.0, 1.0),)), "'x' is not in the plan"),
    "kills an unknown replica": (lambda: plan(p.Visit("s"), faults=(p.Kill("s", 1.0, 1.0, 3),)), "must be from 0 to 0"),
    "kills half a replica": (lambda: p.Kill("s", 1.0, 1.0, 0.5), "replica = 0.5"),  # type: ignore[arg-type]
    "slows an unknown station": (
        lambda: plan(p.Visit("s"), faults=(p.Slow("x", 1.0, 2.0, 2.0),)),
        "'x' is not in the plan: name one of s",
    ),
    "slow until before": (lambda: p.Slow("s", 2.0, 1.0, 2.0), r"until_s = 1.0 must be after from_s \(2.0\)"),
    "slow in reverse": (lambda: p.Slow("s", 1.0, 2.0, -2.0), "factor = -2.0"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed(case: str) -> None:
    make, says = MALFORMED[case]
    with pytest.raises(InvalidPlan, match=says):
        make()


def test_a_call_in_sequence_is_no_cycle() -> None:
    """Workers wait only for what is inside a visit, and nobody waits for what is asynchronous."""
    plan(p.Sequence((p.Visit("a"), p.Visit("b"), p.Visit("a"))), "a", "b")
    plan(p.Visit("a", inside=p.Asynchronous(p.Visit("a"))), "a")


@settings(max_examples=60, derandomize=True, database=None, deadline=None)
@given(st.floats())
def test_no_law_takes_a_mean_that_is_no_duration(mean_s: float) -> None:
    for law in (p.Deterministic, p.Exponential):
        if 0 < mean_s <= 1e9:
            assert law(mean_s).mean_s == mean_s
        else:
            with pytest.raises(InvalidPlan):
                law(mean_s)
