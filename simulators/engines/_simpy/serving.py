"""Service at a station: a job and a worker come together, and part."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

from data.trace import Status
from simulators.engines import _draws as draws
from simulators.engines._moments import Rank
from simulators.engines._simpy.books import Books
from simulators.engines._simpy.calls import Job
from simulators.engines._simpy.clock import Clock
from simulators.engines._simpy.refresh import Computed
from simulators.engines._simpy.units import Pool, Replica
from simulators.plan import Schedule, Slow, Station

WAITING, SERVED, BUSY, ARRIVED, COMPLETED, REFUSED, LOST = range(7)  # fields of the station's account
_WAIT, _SOJOURN, _WORK, _VISITS = range(4)  # fields of its totals


@dataclass(slots=True, eq=False)
class Desk:
    """The workers of one station in one replica, and the line in front of them (which replicas may share)."""

    replica: Replica
    free: float
    line: deque[Job]
    serving: dict[Job, None] = field(default_factory=dict)
    """Jobs in service, or holding a worker."""
    idle_since_s: float = 0.0


class Serving:
    """The part of a station that serves; `Floor` adds arrivals and lines."""

    def __init__(
        self, index: int, station: Station, pool: Pool, clock: Clock, books: Books, seed: int, slow: list[Slow]
    ) -> None:
        self.index, self.station, self.pool, self.clock = index, station, pool, clock
        self.account, self._totals = books.stations[index], books.totals[index]
        self._slow = slow
        self.shared: deque[Job] | None = deque() if pool.unit.balancing == "shared_queue" else None
        self.desks = [Desk(r, self.workers, deque() if self.shared is None else self.shared) for r in pool.replicas]
        for desk in self.desks:
            desk.replica.desks.append(desk)
        self.factors: list[tuple[float, float]] = [(1.0, station.error_share)]
        """Service factor and error share, by version."""
        self.computed = Computed(station.refresh, seed, station.name) if station.refresh else None

    @property
    def workers(self) -> float:
        return math.inf if self.station.workers is None else self.station.workers

    def start(self, jobs: list[Job], desk: Desk) -> None:
        """A free worker begins on a job, or on several as one batch."""
        now = self.clock.now
        first = jobs[0]
        first.batch = jobs
        for job in jobs:
            job.start_s = now
            job.call.request.taken_up(now, job.visit.number, desk.replica.slot)
            if self.computed is not None:
                self._note_age(job, now - self.computed.begun_before(now))
            elif isinstance(self.station.batching, Schedule):
                self._note_age(job, 0.0)
        work = self._work(jobs) * self._factor(first)
        work += self._wake(first, desk)
        desk.free -= 1
        desk.serving.update(dict.fromkeys(jobs))
        desk.replica.occupy(0, 1, now)
        self.account.change(SERVED, len(jobs), now)
        self.account.change(BUSY, 1, now)
        self._totals[_WORK] += work
        if desk.replica.cpu is not None:
            desk.replica.cpu.add(first, work)
        else:
            done = self.clock.moment(now + work, Rank.COMPLETE, *first.order)
            life = desk.replica.life
            self.clock.then(done, lambda: None if desk.replica.life != life else self.complete(first))

    def _work(self, jobs: list[Job]) -> float:
        first = jobs[0]
        if first.visit.batch is not None:
            return first.visit.batch(len(jobs), first.call.key)
        service = first.visit.cold_service if first.cold else first.visit.service
        return service(first.call.key)

    def _factor(self, job: Job) -> float:
        factor = self.factors[job.call.request.version][0]
        for slow in self._slow:
            if slow.from_s <= self.clock.now < slow.until_s:
                factor *= slow.factor
        return factor

    def _wake(self, job: Job, desk: Desk) -> float:
        """What an idle server takes longer; an `extra` that does not occupy the worker delays the answer instead."""
        if desk.serving:
            return 0.0
        idle_s = self.clock.now - desk.idle_since_s
        reached = [i for i, wake in enumerate(self.station.wakes) if wake.idle_s <= idle_s]
        if not reached:
            return 0.0
        extra = job.visit.wakes[reached[-1]](job.call.key)
        if self.station.wakes[reached[-1]].occupies:
            return extra
        job.extra_delay_s = extra
        return 0.0

    def complete(self, first: Job) -> None:
        """A service ends: the worker takes the next, unless it is held for calls from inside."""
        jobs, now = first.batch, self.clock.now
        replica = first.replica
        assert replica is not None
        for job in jobs:
            share = self.factors[job.call.request.version][1]
            failed = share > 0 and draws.uniform(job.visit.errors, job.call.key) < share
            job.was_served, job.status = True, Status.ERROR if failed else Status.OK
            if isinstance(self.station.batching, Schedule):
                self._note_age(job, now - job.start_s)
        if first.holds and first.status is Status.OK:
            first.served.succeed()
            return
        self._free(jobs, self.desks[replica.slot])
        for job in jobs:
            job.served.succeed()

    def release(self, job: Job) -> None:
        """A held worker is free again."""
        assert job.replica is not None
        self._free([job], self.desks[job.replica.slot])

    def _free(self, jobs: list[Job], desk: Desk) -> None:
        now = self.clock.now
        for job in jobs:
            self.leave(job)
            self.account.count(COMPLETED, now)
            del desk.serving[job]
        desk.free += 1
        desk.replica.occupy(-len(jobs), -1, now)
        self.account.change(SERVED, -len(jobs), now)
        self.account.change(BUSY, -1, now)
        if not desk.serving:
            desk.idle_since_s = now
        self.after(desk)

    def after(self, desk: Desk) -> None:
        """A worker became free: the next job's turn."""
        raise NotImplementedError

    def leave(self, job: Job) -> None:
        now = self.clock.now
        job.end_s = now
        began = now if math.isnan(job.start_s) else job.start_s
        self._totals[_WAIT] += began - job.arrive_s
        self._totals[_SOJOURN] += now - job.arrive_s
        self._totals[_VISITS] += 1

    def lose(self, job: Job) -> None:
        self.leave(job)
        self.account.count(LOST, self.clock.now)
        job.lost, job.status = True, Status.ERROR
        job.served.succeed()

    def _note_age(self, job: Job, age_s: float) -> None:
        if not job.call.request.ended:
            job.call.request.ages.append((self.clock.now, age_s))
