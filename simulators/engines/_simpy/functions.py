"""Serverless: an instance for each request in flight."""

from __future__ import annotations

from dataclasses import dataclass

from data.trace import Status
from simulators.engines._moments import Rank
from simulators.engines._simpy.calls import Job
from simulators.engines._simpy.cpu import Cpu
from simulators.engines._simpy.serving import ARRIVED, WAITING, Desk
from simulators.engines._simpy.stations import Floor
from simulators.engines._simpy.units import Replica, State
from simulators.plan import PerRequest

_READY, _STARTING, _STARTED, _COLD = 0, 1, 3, 4  # fields of the unit's account


@dataclass(frozen=True, slots=True, eq=False)
class StartUp:
    """An instance that starts, and the request that waits for it."""

    order: tuple[int, int, int]
    replica: Replica
    job: Job


class Functions(Floor):
    """The station of a unit that scales per request."""

    def begin(self) -> None:
        """Time 0: the provisioned instances stand ready."""
        assert isinstance(self.pool.unit.scaling, PerRequest)
        self.scaling = self.pool.unit.scaling
        cores = self.scaling.start_cores
        self._starts = Cpu[StartUp](self.clock, cores, None, self._ended, Rank.READY) if cores else None
        self._line = self.desks[0].line  # one for all: whoever is free takes the next
        self._idle: list[Desk] = []
        self._vacant = [desk.replica for desk in reversed(self.desks)]
        for _ in range(self.scaling.provisioned):
            replica = self._create()
            replica.state = State.READY
            self.pool.account.change(_READY, 1, 0.0)
            self._idle.append(self.desks[replica.slot])

    def arrive(self, job: Job) -> None:
        self.account.count(ARRIVED, self.clock.now)
        job.arrive_s = self.clock.now
        if self._idle:
            desk = max(self._idle, key=lambda idle: idle.replica.serial)
            self._idle.remove(desk)
            self._enter(job, desk.replica)
            self.start([job], desk)
        elif self._vacant:
            self._start_cold(job)
        elif self.station.queue_limit is None or len(self._line) < self.station.queue_limit:
            self._wait(job, self._line)
        else:
            self._refuse(job, Status.REJECTED)

    def _start_cold(self, job: Job) -> None:
        """Start an instance; the request waits for it, and nobody else may have it."""
        now, request = self.clock.now, job.call.request
        job.cold = True
        if not request.ended:
            request.cold_s = min(request.cold_s, now)
        self.pool.account.count(_STARTED, now)
        self.pool.account.count(_COLD, now)
        replica = self._create()
        self._enter(job, replica)
        if self.pool.unit.start_up is None:
            self._open(replica, job)
            return
        replica.state = State.STARTING
        self.pool.account.change(_STARTING, 1, now)
        self.account.change(WAITING, 1, now)
        takes_s = job.visit.start_up(job.call.key)
        if self._starts is not None:
            self._starts.add(StartUp((self.pool.index, replica.slot, 0), replica, job), takes_s)
            return
        moment = self.clock.moment(now + takes_s, Rank.READY, self.pool.index, replica.slot)
        self.clock.then(moment, lambda: self._started(replica, job))

    def _ended(self, start_up: StartUp) -> None:
        self._started(start_up.replica, start_up.job)

    def _started(self, replica: Replica, job: Job) -> None:
        self.pool.account.change(_STARTING, -1, self.clock.now)
        self.account.change(WAITING, -1, self.clock.now)
        self._open(replica, job)

    def _open(self, replica: Replica, job: Job) -> None:
        replica.state = State.READY
        self.pool.account.change(_READY, 1, self.clock.now)
        desk = self.desks[replica.slot]
        desk.idle_since_s = self.clock.now
        self.start([job], desk)

    def after(self, desk: Desk) -> None:
        while self._line:
            job = self._line.popleft()
            job.waiting = False
            self.account.change(WAITING, -1, self.clock.now)
            if self.station.drop_abandoned and job.call.abandoned():
                self.lose(job)
                continue
            self._enter(job, desk.replica)
            self.start([job], desk)
            return
        self._idle.append(desk)
        if desk.replica.serial >= self.scaling.provisioned:
            idle_since_s, serial = self.clock.now, desk.replica.serial
            moment = self.clock.moment(
                idle_since_s + self.scaling.idle_expiry_s, Rank.EXPIRE, self.pool.index, desk.replica.slot
            )
            self.clock.then(moment, lambda: self._expire(desk, serial, idle_since_s))

    def _expire(self, desk: Desk, serial: int, idle_since_s: float) -> None:
        if desk.replica.serial == serial and desk in self._idle and desk.idle_since_s == idle_since_s:
            self._idle.remove(desk)
            desk.replica.state = State.ABSENT
            self.pool.account.change(_READY, -1, self.clock.now)
            self._vacant.append(desk.replica)

    def _create(self) -> Replica:
        replica = self._vacant.pop()
        replica.serial = self.pool.begun
        self.pool.begun += 1
        return replica
