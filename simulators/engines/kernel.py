"""The compiled engine: the same events as the reference, in numba, for a day of traffic while a slider moves."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from data.errors import Cancelled as Stopped
from data.workloads.contract import ClosedSchedule
from simulators.engines.contract import ROW_FIELDS, Cancelled, Engine, Outcome, Progress, Seen, Task
from simulators.plan import Unfinished

if TYPE_CHECKING:
    from simulators.engines._kernel.halves import Cut
    from simulators.engines._kernel.state import World

_CHUNK = 1_000_000  # events between two looks at progress and cancel: a fifth of a second or less
Look = Callable[[], None]


class Kernel(Engine):
    title: ClassVar[str] = "Kernel"
    summary: ClassVar[str] = "Compiled and fast: a day of traffic in a second or two."

    def run(self, task: Task, *, progress: Progress | None = None, cancelled: Cancelled | None = None) -> Outcome:
        # Imported here: numba takes a second to import, and the page starts without it.
        from simulators.engines._kernel.build import build
        from simulators.engines._kernel.halves import cut_in_two
        from simulators.engines._kernel.loop import close

        world = build(task)
        halves = cut_in_two(task, world)

        def look() -> None:
            if cancelled is not None and cancelled():
                raise Stopped("the simulation was stopped")
            if progress is not None:
                arrived = int(world.main["arrived"][0]) + (int(halves[1].main["arrived"][0]) if halves else 0)
                progress(min(1.0, arrived / max(1, task.requests)))

        if halves is None:
            world = _go(task, world, look)
            ended_s = _ended_s(task, world)
            close(world.main, ended_s)
        else:
            world, ended_s = _go_both(task, world, *halves, look)
        if progress is not None:
            progress(1.0)
        _complete(world)
        return _outcome(task, world, ended_s)


def _go(task: Task, world: World, look: Look) -> World:
    """Run to the end, or to the cut."""
    from simulators.engines._kernel.loop import run
    from simulators.engines._kernel.records import BOUNDARY, DONE, FULL, GIVEN_UP
    from simulators.engines._kernel.state import make_room

    while (reason := run(world.main, _CHUNK)) != DONE:
        if reason == FULL:
            world = make_room(world)
        elif reason == GIVEN_UP:
            raise Unfinished(task.given_up_s, int(world.main["arrived"][0]) - int(world.requests[:, 0].sum()))
        elif reason == BOUNDARY:
            if task.router is None:
                break
            _decide(task, world)
        look()
    return world


def _go_both(task: Task, first: World, cut: Cut, second: World, look: Look) -> tuple[World, float]:
    """Run both parts at the same time; returns the whole and when it ended."""
    from simulators.engines._kernel.halves import joined
    from simulators.engines._kernel.loop import close

    stop = Event()

    def look_too() -> None:
        if stop.is_set():
            raise Stopped("the second part is not needed")

    with ThreadPoolExecutor(1, "simulation") as pool:
        try:
            rest = pool.submit(_go, task, second, look_too)
            first = _go(task, first, look)
            if cut.is_reached(first):
                second = rest.result()
                ended_s = max(_ended_s(task, first), _ended_s(task, second))
                return joined(first, second, ended_s), ended_s
        finally:
            stop.set()
    first.main["boundary_s"] = math.inf
    first = _go(task, first, look)
    close(first.main, _ended_s(task, first))
    return first, _ended_s(task, first)


def _ended_s(task: Task, world: World) -> float:
    return max(float(world.main["last_s"][0]), task.schedule.duration_s)


def _outcome(task: Task, world: World, ended_s: float) -> Outcome:
    batches = -(-task.requests // task.batch_size)
    return Outcome(
        rows=_rows(task, world.rows) if task.keep_rows else None,
        requests=world.requests,
        sketch=world.sketch,
        batch_sum_s=world.batch_sum_s[:batches],
        batch_count=world.batch_count[:batches],
        stations=world.station_bins,
        totals=world.totals,
        units=world.unit_bins,
        spans=world.spans[: int(world.main["spans_used"][0])].copy(),
        ended_s=ended_s,
        used_up=bool(world.main["used_up"][0]),
    )


def _complete(world: World) -> None:
    """Fill in what is left out of the books where each job has one worker to itself."""
    from simulators.engines._kernel import books as b

    for station in np.flatnonzero(world.stations["ahead"] | world.stations["areas"]):
        bins = world.station_bins[station]
        bins[:, b.BUSY] = bins[:, b.SERVED]
        if not world.stations["ahead"][station]:
            continue
        waited_s, served_s, visits = (float(bins[:, field].sum()) for field in (b.WAITING, b.SERVED, b.COMPLETED))
        world.totals[station, [b.WAIT, b.VISITS]] = waited_s, visits
        if not world.stations["areas"][station]:  # a function that is held is occupied for longer than its work takes
            world.totals[station, b.WORK_S] = served_s


def _rows(task: Task, records: NDArray[np.void]) -> dict[str, NDArray[np.generic]]:
    rows = {name: np.ascontiguousarray(records[name]).astype(dtype, copy=False) for name, dtype in ROW_FIELDS.items()}
    if isinstance(task.schedule, ClosedSchedule):
        never = np.isnan(rows["scheduled_s"])
        for name in ("start_s", "staleness_s"):
            rows[name][never] = np.nan
    return rows


def _decide(task: Task, world: World) -> None:
    """Ask the release policy for the shares from now on."""
    assert task.router is not None
    now_s = float(world.main["boundary_s"][0])
    before = np.flatnonzero(world.rows["end_s"] < now_s)
    names = ("scheduled_s", "end_s", "status", "version")
    own = {name: np.ascontiguousarray(world.rows[name][before]) for name in names}
    shares = task.router.shares(now_s, Seen(**own, row=task.schedule.row.reshape(-1)[before]))
    world.shares[: len(shares)] = np.cumsum(shares)
    world.main["boundary_s"] = now_s + task.router.interval_s
