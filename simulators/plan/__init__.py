"""The plan vocabulary: an architecture as pure data, which any engine can run."""

from simulators.plan.errors import InvalidPlan, Unfinished, UnsupportedPlan
from simulators.plan.faults import Fault, Kill, Slow
from simulators.plan.laws import Deterministic, Empirical, Exponential, Gamma, Law, LogNormal, Parts, scaled
from simulators.plan.load import Load, bottleneck, offered_load, overload_warnings
from simulators.plan.plan import Plan, one_station, walk
from simulators.plan.scaling import Autoscaled, Fixed, PerRequest, Scaling
from simulators.plan.stations import Balancing, Batching, Crash, Refresh, Schedule, Station, Unit, Wake
from simulators.plan.steps import (
    Asynchronous,
    Breaker,
    Cached,
    Choice,
    Guard,
    Parallel,
    Retry,
    Sequence,
    Step,
    Visit,
    inner_steps,
)

__all__ = [
    "Asynchronous",
    "Autoscaled",
    "Balancing",
    "Batching",
    "Breaker",
    "Cached",
    "Choice",
    "Crash",
    "Deterministic",
    "Empirical",
    "Exponential",
    "Fault",
    "Fixed",
    "Gamma",
    "Guard",
    "InvalidPlan",
    "Kill",
    "Law",
    "Load",
    "LogNormal",
    "Parallel",
    "Parts",
    "PerRequest",
    "Plan",
    "Refresh",
    "Retry",
    "Scaling",
    "Schedule",
    "Sequence",
    "Slow",
    "Station",
    "Step",
    "Unfinished",
    "Unit",
    "UnsupportedPlan",
    "Visit",
    "Wake",
    "bottleneck",
    "inner_steps",
    "offered_load",
    "one_station",
    "overload_warnings",
    "scaled",
    "walk",
]
