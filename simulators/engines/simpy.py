"""The reference engine: SimPy processes that read as the theory does. Slow, and there to be read and trusted."""

from __future__ import annotations

from functools import partial
from itertools import accumulate

import numpy as np

from data.errors import Cancelled as Stopped
from data.workloads.contract import ClosedSchedule, OpenSchedule
from simulators.engines import _draws as draws
from simulators.engines._moments import Rank
from simulators.engines._simpy.autoscaler import Autoscaler
from simulators.engines._simpy.books import Books
from simulators.engines._simpy.calls import Call, Job, Request
from simulators.engines._simpy.clock import Clock, Steps
from simulators.engines._simpy.cpu import Cpu
from simulators.engines._simpy.functions import Functions
from simulators.engines._simpy.stations import Floor
from simulators.engines._simpy.steps import Performer
from simulators.engines._simpy.units import Pool, Replica
from simulators.engines.contract import SPAN, Cancelled, Engine, Outcome, Progress, Seen, Task
from simulators.plan import Autoscaled, Kill, PerRequest, Schedule, Slow, Unfinished, Unit

_LOOK_EVERY = 5_000  # events between two looks at progress and cancel


class SimPy(Engine):
    title = "SimPy"
    summary = "The readable reference: every request is a process, every worker a thing to wait for."

    def run(self, task: Task, *, progress: Progress | None = None, cancelled: Cancelled | None = None) -> Outcome:
        return _World(task).run(progress, cancelled)


class _World:
    """Everything that takes part in one run."""

    def __init__(self, task: Task) -> None:
        self.task, self.clock, self.books = task, Clock(), Books(task)
        self.floors: dict[str, Floor] = {}
        self._pools: dict[str, Pool] = {}
        for index, unit in enumerate(task.plan.units):
            self._build(index, unit)
        self.performer = Performer(task.plan, self.clock, self.floors, self.books, task.seed)
        self._watched = set(task.watch)
        self._arrived = 0
        self._used_up = False
        self._shares = [1.0]
        self._release = draws.stream_of(task.seed, "[release]", "version")
        for fault, number in zip(task.plan.faults, range(1, 1 + len(task.plan.faults)), strict=True):
            if isinstance(fault, Kill):
                self._plan_kill(fault, number)
        if task.router is not None:
            self.clock.process(self._decide())
        self._set_variants()

    def _build(self, index: int, unit: Unit) -> None:
        """A unit with its replicas and stations, as they stand at time 0."""
        task = self.task
        pool = Pool(index, unit, self.clock, self.books.units[index], task.seed)
        kind = Functions if isinstance(unit.scaling, PerRequest) else Floor
        floors = []
        for station in unit.stations:
            slow = [f for f in task.plan.faults if isinstance(f, Slow) and f.station == station.name]
            number = task.plan.stations.index(station)
            floors.append(kind(number, station, pool, self.clock, self.books, task.seed, slow))
        self.floors |= {floor.station.name: floor for floor in floors}
        if unit.cores is not None:
            for replica in pool.replicas:
                replica.cpu = Cpu(self.clock, unit.cores, pool.account, self._complete)
        if isinstance(floors[0], Functions):
            floors[0].begin()
            return
        pool.opened = partial(_open, floors)
        pool.emptied = partial(_empty, floors)
        pool.begin()
        if isinstance(unit.scaling, Autoscaled):
            self.clock.process(Autoscaler(pool, self.clock).watch())
        for floor in floors:
            if isinstance(floor.station.batching, Schedule):
                self.clock.process(self._ticks(floor, floor.station.batching))
        self._pools[unit.name] = pool

    def run(self, progress: Progress | None, cancelled: Cancelled | None) -> Outcome:
        duration_s = self.task.schedule.duration_s
        self._begin_arrivals()
        events = 0
        last_s = 0.0
        while self.performer.strands or self.clock.peek() < duration_s:
            if self.performer.strands:
                last_s = self.clock.peek()
            if self.clock.peek() > self.task.given_up_s:
                raise Unfinished(self.task.given_up_s, self._arrived - int(self.books.requests[:, 0].sum()))
            self.clock.step()
            events += 1
            if events % _LOOK_EVERY == 0:
                if cancelled is not None and cancelled():
                    raise Stopped("the simulation was stopped")
                if progress is not None:
                    progress(self._arrived / max(1, self.task.requests))
        if progress is not None:
            progress(1.0)
        return self._outcome(max(duration_s, last_s))

    # --- requests ----------------------------------------------------------------------------------------------------

    def _begin_arrivals(self) -> None:
        schedule = self.task.schedule
        if isinstance(schedule, OpenSchedule):
            self.performer.begin(self._open_loop(schedule))
        else:
            for user in range(schedule.users):
                self.performer.begin(self._user(schedule, user))

    def _open_loop(self, schedule: OpenSchedule) -> Steps:
        """Requests come whether or not the system keeps up."""
        for number, at_s in enumerate(schedule.at_s.tolist()):
            yield self.clock.moment(at_s, Rank.START, number)
            self.performer.begin(self._request(number))

    def _user(self, schedule: ClosedSchedule, user: int) -> Steps:
        """A user thinks, asks, waits for the answer, and thinks again."""
        thoughts = schedule.think_s[user].tolist()
        for nth, think_s in enumerate(thoughts):
            at_s, number = self.clock.now + think_s, user * len(thoughts) + nth
            if at_s >= schedule.duration_s:
                return
            yield self.clock.moment(at_s, Rank.START, number)
            yield from self._request(number)
        self._used_up |= self.clock.now < schedule.duration_s

    def _request(self, number: int) -> Steps:
        batch = self._arrived // self.task.batch_size
        self._arrived += 1
        request = Request(number, self.clock.now, batch, self._version(number), number in self._watched)
        request.status = yield from self.performer.perform(self.performer.root, Call(request, number))
        request.end_s = self.clock.now
        self.books.ended(request)

    # --- faults, schedules and releases ------------------------------------------------------------------------------

    def _plan_kill(self, fault: Kill, number: int) -> None:
        pool = self._pools[fault.unit]
        for replica in pool.replicas if fault.replica is None else [pool.replicas[fault.replica]]:
            moment = self.clock.moment(fault.at_s, Rank.CRASH, pool.index, replica.slot, number)
            self.clock.then(moment, partial(pool.crash, replica, fault.down_s))

    def _ticks(self, floor: Floor, schedule: Schedule) -> Steps:
        at_s = schedule.first_s
        while True:
            yield self.clock.moment(at_s, Rank.TICK, floor.index)
            floor.tick()
            at_s += schedule.every_s

    def _complete(self, job: Job) -> None:
        self.floors[job.visit.step.station].complete(job)

    def _version(self, number: int) -> int:
        chance = draws.uniform(self._release, number)
        upto = list(accumulate(self._shares))
        return next((version for version, edge in enumerate(upto[:-1]) if chance < edge), len(upto) - 1)

    def _set_variants(self) -> None:
        for name, floor in self.floors.items():
            floor.factors = [
                (variant.service_factor.get(name, 1.0), variant.error_share.get(name, floor.station.error_share))
                for variant in self.task.variants
            ]

    def _decide(self) -> Steps:
        assert self.task.router is not None
        at_s = 0.0
        while True:
            yield self.clock.moment(at_s, Rank.DECIDE, 0)
            self._shares = list(self.task.router.shares(at_s, self._seen()))
            at_s += self.task.router.interval_s

    def _seen(self) -> Seen:
        rows = self.books.rows
        before = np.flatnonzero(rows["end_s"] < self.clock.now)
        own = {name: rows[name][before] for name in ("scheduled_s", "end_s", "status", "version")}
        return Seen(**own, row=self.task.schedule.row.reshape(-1)[before])

    def _outcome(self, ended_s: float) -> Outcome:
        books = self.books
        books.close(ended_s)
        return Outcome(
            rows=books.rows if self.task.keep_rows else None,
            requests=books.requests,
            sketch=books.sketch,
            batch_sum_s=books.batch_sum_s,
            batch_count=books.batch_count,
            stations=np.array([account.areas for account in books.stations]),
            totals=books.totals,
            units=np.array([account.areas for account in books.units]),
            spans=np.array(books.spans, SPAN),
            ended_s=ended_s,
            used_up=self._used_up,
        )


def _open(floors: list[Floor], replica: Replica) -> None:
    for floor in floors:
        floor.opened(replica)


def _empty(floors: list[Floor], replica: Replica) -> None:
    """A replica crashed: everything its stations hold is lost."""
    if replica.cpu is not None:
        replica.cpu.clear()
    for floor in floors:
        floor.emptied(replica)
