"""A long run cut in two parts that are simulated at the same time, where that changes nothing.

While no request is under way, a plan of fixed replicas remembers nothing but since when its servers have been idle. So
what comes after such a moment can be simulated before all that came before it is known. The moment, and what is
remembered then, are found by simulating the requests shortly before it from an empty start. Whether the first part gets
there too is known when it is done; if it does not, it simply goes on to the end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.workloads.contract import OpenSchedule
from simulators.engines._kernel import records as r
from simulators.engines._kernel.build import build
from simulators.engines._kernel.foreseen import never_fails
from simulators.engines._kernel.loop import close, run
from simulators.engines._kernel.state import World, make_room, placed
from simulators.engines.contract import Task
from simulators.plan import Fixed, Guard, Schedule, Unit, walk

FEWEST = 100_000
"""Requests of a run that is worth the trouble."""
_BEFORE, _TRIES = 2_000, 1_000
"""From so many requests before the middle on it is simulated; and how many moments are tried."""
_STEPS = 1_000_000
_SUMS = ("requests", "sketch", "batch_sum_s", "batch_count", "station_bins", "totals", "unit_bins")


@dataclass(frozen=True)
class Cut:
    """Where the second part begins."""

    number: int
    """Its first request."""
    at_s: float
    idle: NDArray[np.float64]
    """Since when servers have been idle then, where it matters."""

    def is_reached(self, world: World) -> bool:
        """Whether that world has come there, with no request under way, and remembers the same."""
        m = world.main[0]
        empty = m["tokens_used"] == 0 and m["last_s"] < self.at_s and m["next"] == self.number
        return bool(empty and np.array_equal(_idle(world), self.idle))


def cut_in_two(task: Task, first: World) -> tuple[Cut, World] | None:
    """The cut and the second part, ready to run; None where there is none. The first part will stop at the cut."""
    if task.cores < 2 or task.requests < FEWEST or task.router is not None or not _forgetful(task):
        return None
    assert isinstance(task.schedule, OpenSchedule)
    middle = task.requests // 2
    probe = _from(task, middle - _BEFORE)
    for number in range(middle, middle + _TRIES):
        at_s = float(task.schedule.at_s[number])
        probe = _until(probe, at_s)
        cut = Cut(number, at_s, _idle(probe))
        if cut.is_reached(probe):
            second = _until(placed(_from(task, number)._replace(rows=first.rows)), at_s)
            for field in ("last_end_s", "idle_since_s"):
                second.desks[field] = probe.desks[field]
            second.main["boundary_s"] = math.inf
            first.main["boundary_s"] = at_s
            return cut, second
    return None


def joined(first: World, second: World, ended_s: float) -> World:
    """Both parts as one world, its books closed."""
    close(second.main, ended_s)
    for name in _SUMS:
        table = getattr(first, name)
        table += getattr(second, name)
    spans = [world.spans[: int(world.main["spans_used"][0])] for world in (first, second)]
    first.main["spans_used"] += second.main["spans_used"]
    return first._replace(spans=np.concatenate(spans))


def _forgetful(task: Task) -> bool:
    """Whether the plan remembers nothing else of requests that are over."""
    guards = [step for step in walk(task.plan.request) if isinstance(step, Guard)]
    counted = any(guard.breaker is not None or (guard.retry and guard.retry.budget is not None) for guard in guards)
    return isinstance(task.schedule, OpenSchedule) and not counted and all(_steady(task, u) for u in task.plan.units)


def _steady(task: Task, unit: Unit) -> bool:
    in_turns = unit.balancing == "round_robin" and unit.scaling.most > 1
    on_time = any(s.refresh is not None or isinstance(s.batching, Schedule) for s in unit.stations)
    return isinstance(unit.scaling, Fixed) and never_fails(task.plan, unit) and not in_turns and not on_time


def _from(task: Task, number: int) -> World:
    """The world in which that request is the first to come."""
    world = build(task)
    batch = (number - 1) // task.batch_size
    world.main["next"], world.main["batch"] = number, batch
    world.main["batch_left"] = (batch + 1) * task.batch_size - number
    if world.main["drawn_upto"][0] == 0:
        world.main["drawn_upto"] = -(-number // r.BLOCK) * r.BLOCK
    return world


def _until(world: World, at_s: float) -> World:
    """What has happened by then."""
    world.main["boundary_s"] = at_s
    while (reason := run(world.main, _STEPS)) != r.BOUNDARY:
        if reason == r.FULL:
            world = make_room(world)
        elif reason != r.PAUSED:
            break
    return world


def _idle(world: World) -> NDArray[np.float64]:
    """Since when the servers are idle that then take longer to answer."""
    wakes = world.stations["wakes"][world.desks["station"]] > 0
    return np.array([world.desks[field][wakes] for field in ("last_end_s", "idle_since_s")])
