"""The compiled engine: the same events as the reference, in numba, for a day of traffic while a slider moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from data.errors import Cancelled as Stopped
from data.workloads.contract import ClosedSchedule
from simulators.engines.contract import ROW_FIELDS, Cancelled, Engine, Outcome, Progress, Seen, Task
from simulators.plan import Unfinished

if TYPE_CHECKING:
    from simulators.engines._kernel.state import World

_CHUNK = 1_000_000  # events between two looks at progress and cancel: a fifth of a second or less


class Kernel(Engine):
    title: ClassVar[str] = "Kernel"
    summary: ClassVar[str] = "Compiled and fast: a day of traffic in a second or two."

    def run(self, task: Task, *, progress: Progress | None = None, cancelled: Cancelled | None = None) -> Outcome:
        # Imported here: numba takes a second to import, and the page starts without it.
        from simulators.engines._kernel.build import build
        from simulators.engines._kernel.loop import close, run
        from simulators.engines._kernel.records import BOUNDARY, DONE, FULL, GIVEN_UP
        from simulators.engines._kernel.state import make_room

        world = build(task)
        while (reason := run(world.main, _CHUNK)) != DONE:
            if reason == FULL:
                world = make_room(world)
            elif reason == GIVEN_UP:
                raise Unfinished(task.given_up_s, int(world.main["arrived"][0]) - int(world.requests[:, 0].sum()))
            elif reason == BOUNDARY:
                _decide(task, world)
            if cancelled is not None and cancelled():
                raise Stopped("the simulation was stopped")
            if progress is not None:
                progress(min(1.0, int(world.main["arrived"][0]) / max(1, task.requests)))
        if progress is not None:
            progress(1.0)
        ended_s = max(float(world.main["last_s"][0]), task.schedule.duration_s)
        close(world.main, ended_s)
        _complete(world)
        return Outcome(
            rows=_rows(task, world.rows) if task.keep_rows else None,
            requests=world.requests,
            sketch=world.sketch,
            batch_sum_s=world.batch_sum_s[: -(-task.requests // task.batch_size)],
            batch_count=world.batch_count[: -(-task.requests // task.batch_size)],
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
        world.totals[station, [b.WAIT, b.WORK_S, b.VISITS]] = waited_s, served_s, visits


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
