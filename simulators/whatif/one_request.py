"""Single requests of an answer, looked into: a usual one, rare ones and the slowest."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from data.errors import NotEstimable
from data.trace import Status
from simulators.runs.waterfall import Span
from simulators.whatif.planning import Asked
from simulators.whatif.running import run

PICKS: Mapping[str, float] = {"p50": 50.0, "p95": 95.0, "p99": 99.0, "slowest": 100.0}


@dataclass(frozen=True, slots=True, eq=False)
class OneRequest:
    """One request and its visits."""

    number: int
    """Its place in the order of arrival, from 0."""
    scheduled_s: float
    latency_ms: float
    status: Status
    spans: tuple[Span, ...]


def picked(asked: Asked) -> Mapping[str, OneRequest]:
    """The request whose latency is each percentile of those that ended well, and the slowest of all.

    Two runs with the same seed: one to rank the requests, one to watch those chosen. Raises `NotEstimable` where none
    ended well.
    """
    trace = run(asked, keep_rows=True).trace
    assert trace is not None
    usable = np.flatnonzero(trace.ok & (trace.scheduled_s >= trace.provenance.warm_up_s))
    if not len(usable):
        raise NotEstimable("a request's way", 0, 1)
    ordered = usable[np.argsort(trace.latency_s[usable], kind="stable")]
    places = {
        name: int(ordered[min(max(int(np.ceil(percent / 100 * len(ordered))), 1), len(ordered)) - 1])
        for name, percent in PICKS.items()
    }
    watched = run(asked, watch=sorted(set(places.values())))
    return {
        name: OneRequest(
            number,
            float(trace.scheduled_s[number]),
            float(trace.latency_s[number]) * 1e3,
            Status(int(trace.status[number])),
            watched.waterfall(number),
        )
        for name, number in places.items()
    }
