"""Stations at work: arrivals, lines, and replicas that come and go."""

from __future__ import annotations

import math
from collections import deque

from data.trace import Status
from simulators.engines._moments import Rank
from simulators.engines._simpy.calls import Job
from simulators.engines._simpy.serving import ARRIVED, BUSY, LOST, REFUSED, SERVED, WAITING, Desk, Serving
from simulators.engines._simpy.units import Replica, State
from simulators.plan import Batching, Schedule


class Floor(Serving):
    """One station with all its desks."""

    # --- arrival -----------------------------------------------------------------------------------------------------

    def arrive(self, job: Job) -> None:
        """A job is at the door."""
        job.arrive_s = self.clock.now
        self.account.count(ARRIVED, self.clock.now)
        if self.shared is not None:
            self._admit(job, self.shared)
            return
        replica = self._find(job)
        if replica is None or not replica.up:
            self._refuse(job, Status.ERROR)
            return
        self._at(job, replica)
        self._admit(job, self.desks[replica.slot].line)

    def _find(self, job: Job) -> Replica | None:
        """A call within the process stays in its replica (if that did not crash); others are balanced."""
        place = job.call.place
        if job.visit.stay and place is not None and place[0] in self.pool.replicas:
            replica, life = place
            if life != replica.life:
                return None
            if replica.up:
                return replica
        return self.pool.choose(job.visit.balance, job.call.key)

    def _at(self, job: Job, replica: Replica) -> None:
        job.replica = replica
        job.call.place = replica, replica.life

    def _admit(self, job: Job, line: deque[Job]) -> None:
        limit = self.station.queue_limit
        desk = self._free_desk(job.replica)
        if self.station.batching is None:
            if desk is not None:
                self._enter(job, desk.replica)
                self.start([job], desk)
            elif limit is not None and len(line) >= limit:
                self._refuse(job, Status.REJECTED)
            else:
                self._wait(job, line)
            return
        if limit is not None and len(line) >= limit and not (desk and self._would_start(len(line) + 1)):
            self._refuse(job, Status.REJECTED)
            return
        self._wait(job, line)
        if isinstance(self.station.batching, Batching):
            self._start_due(job.replica, line)
            if job.waiting and self.station.batching.max_wait_s > 0:
                at_s = self.clock.now + self.station.batching.max_wait_s
                self.clock.then(self.clock.moment(at_s, Rank.WAITED, *job.order), lambda: self._waited(job, line))

    def _would_start(self, waiting: int) -> bool:
        batching = self.station.batching
        return isinstance(batching, Batching) and (waiting >= batching.max_size or batching.max_wait_s == 0)

    def _refuse(self, job: Job, status: Status) -> None:
        self.account.count(REFUSED, self.clock.now)
        job.status = status
        job.served.succeed()

    # --- lines -------------------------------------------------------------------------------------------------------

    def _wait(self, job: Job, line: deque[Job]) -> None:
        job.waiting = True
        line.append(job)
        self.account.change(WAITING, 1, self.clock.now)
        if job.replica is not None:
            job.replica.occupy(1, 0, self.clock.now)

    def _enter(self, job: Job, replica: Replica) -> None:
        """Straight to a worker, without waiting."""
        self._at(job, replica)
        replica.occupy(1, 0, self.clock.now)

    def _free_desk(self, replica: Replica | None) -> Desk | None:
        """A desk with a free worker: the replica's own, or for a shared line the lowest-numbered that is ready."""
        if replica is not None:
            desk = self.desks[replica.slot]
            return desk if desk.free else None
        return next((desk for desk in self.desks if desk.free and desk.replica.state is State.READY), None)

    def pull(self, desk: Desk) -> None:
        """The desk's free workers take from its line what is there."""
        if self.station.batching is not None:
            if isinstance(self.station.batching, Batching):
                self._start_due(None if self.shared is not None else desk.replica, desk.line)
            return
        while (
            desk.free and desk.line and desk.replica.up and (self.shared is None or desk.replica.state is State.READY)
        ):
            job = self._next(desk)
            if job is not None:
                self.start([job], desk)

    def _works(self, replica: Replica) -> bool:
        """One that drains finishes its own line, and takes nothing more from a shared one."""
        return replica.up if self.shared is None else replica.state is State.READY

    def _next(self, desk: Desk) -> Job | None:
        """The head of the line, on its way to a worker; None if it was dropped."""
        job = desk.line.popleft()
        job.waiting = False
        self.account.change(WAITING, -1, self.clock.now)
        if self.station.drop_abandoned and job.call.abandoned():
            self.lose(job)
            if job.replica is not None:
                job.replica.occupy(-1, 0, self.clock.now)
            return None
        if job.replica is None:
            self._enter(job, desk.replica)
        return job

    def _start_due(self, replica: Replica | None, line: deque[Job]) -> None:
        """Begin batches while a worker is free and enough jobs wait, or the first has waited long enough."""
        batching = self.station.batching
        assert isinstance(batching, Batching)
        while line and (desk := self._free_desk(replica)) is not None:
            due = len(line) >= batching.max_size or line[0].arrive_s + batching.max_wait_s <= self.clock.now
            if not due or not self._works(desk.replica):
                return
            self._start_batch(desk, batching.max_size)

    def _waited(self, job: Job, line: deque[Job]) -> None:
        if job.waiting:
            self._start_due(job.replica, line)

    def _start_batch(self, desk: Desk, most: int) -> None:
        taken = [self._next(desk) for _ in range(min(most, len(desk.line)))]
        jobs = [job for job in taken if job is not None]
        if jobs:
            self.start(jobs, desk)

    def tick(self) -> None:
        """Scheduled batch: in each replica a free worker takes all that waits."""
        assert isinstance(self.station.batching, Schedule)
        for desk in self.desks:
            if desk.free and desk.line and desk.replica.state is State.READY:
                self._start_batch(desk, len(desk.line))

    def after(self, desk: Desk) -> None:
        self.pull(desk)
        self.pool.left(desk.replica)

    # --- replicas come and go ----------------------------------------------------------------------------------------

    def opened(self, replica: Replica) -> None:
        """A replica begins to serve: its desk is empty, and a shared line may have something for it."""
        desk = self.desks[replica.slot]
        desk.free = self.workers
        desk.idle_since_s = self.clock.now
        self.pull(desk)

    def emptied(self, replica: Replica) -> None:
        """A replica crashed: all in its own line and at its desk is lost, or delivered again from a shared queue."""
        desk = self.desks[replica.slot]
        now = self.clock.now
        held = list(desk.serving)
        busy = sum(1 for job in held if job.batch)
        desk.serving.clear()
        desk.free = self.workers
        waiting = [] if self.shared is not None else list(desk.line)
        if self.shared is None:
            desk.line.clear()
        self.account.change(WAITING, -len(waiting), now)
        self.account.change(SERVED, -len(held), now)
        self.account.change(BUSY, -busy, now)
        replica.occupy(-len(held) - len(waiting), -busy, now)
        for job in (*waiting, *held):
            job.waiting = False
            if job.was_served:  # it holds its worker: whoever it calls finds out when it is back
                self.leave(job)
                self.account.count(LOST, now)
                job.lost = True
            elif self.station.redelivery_s is not None and job.deliveries < self.station.max_deliveries:
                self._redeliver(job)
            else:
                self.lose(job)

    def _redeliver(self, job: Job) -> None:
        assert self.station.redelivery_s is not None
        self.leave(job)
        self.account.count(LOST, self.clock.now)
        job.deliveries += 1
        job.replica, job.batch, job.start_s, job.end_s, job.extra_delay_s = None, [], math.nan, math.nan, 0.0
        at_s = self.clock.now + self.station.redelivery_s
        self.clock.then(self.clock.moment(at_s, Rank.ARRIVE, *job.order), lambda: self.arrive(job))
