"""When a server and its load generator share one processor core, though the machine has more.

A scheduler wakes a server on the core of whoever asked it, and parts the two only when both together have been busy for
a while, by an average in which what was 32 ms ago counts for half (Linux, per-entity load tracking, sched/pelt.c). So a
calm server is slower than a busy one; and the first tens of milliseconds of a burst, until the scheduler has noticed,
are slowest of all. Arrivals are known beforehand, hence the moments at which they share a core are too.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from data.profile import ServiceProfile
from simulators.plan import Plan, Slow

HALF_LIFE_S = 0.032
STEP_S = 0.002
"""How often the scheduler is taken to look."""
_MOST = 200
"""Intervals at most; where there are more, the rate is at the limit all the time, and the first ones stand for it."""


def recent_rps(at_s: NDArray[np.float64], duration_s: float) -> NDArray[np.float64]:
    """Arrival rate of late at every `STEP_S`, older arrivals counting less and less. (steps,)"""
    steps = int(np.ceil(duration_s / STEP_S)) + 1
    counts = np.bincount((at_s / STEP_S).astype(np.int64), minlength=steps)[:steps]
    keep = 0.5 ** (STEP_S / HALF_LIFE_S)
    averaged: NDArray[np.float64] = signal.lfilter([(1 - keep) / STEP_S], [1.0, -keep], counts)
    return averaged


def placed(plan: Plan, profile: ServiceProfile, recent: NDArray[np.float64], generator: str) -> Plan:
    """The plan with all stations but the generator's slower while the rate of late is below the profile's limit."""
    if profile.shared_core_rps <= 0 or profile.shared_core_factor == 1.0:
        return plan
    low = np.concatenate([[False], recent < profile.shared_core_rps, [False]])
    edges = np.flatnonzero(low[1:] != low[:-1]).reshape(-1, 2)[:_MOST] * STEP_S
    slow = tuple(
        Slow(station.name, float(begin), float(end), profile.shared_core_factor)
        for station in plan.stations
        if station.name != generator
        for begin, end in edges
    )
    return replace(plan, faults=(*plan.faults, *slow))
