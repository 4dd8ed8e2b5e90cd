"""Units at work: replicas that start, serve, drain, crash and come back, and how a request finds one."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import TYPE_CHECKING

from simulators.engines import _draws as draws
from simulators.engines._moments import Rank
from simulators.engines._simpy.books import Account
from simulators.engines._simpy.clock import Clock
from simulators.engines._simpy.cpu import Cpu
from simulators.engines._simpy.sampling import sampler
from simulators.plan import Autoscaled, Fixed, PerRequest, Unit

if TYPE_CHECKING:
    from simulators.engines._simpy.calls import Job
    from simulators.engines._simpy.serving import Desk

_READY, _STARTING, _CPU = 0, 1, 2  # fields of the unit's account
_STARTED, _CRASHED = 3, 5


class State(Enum):
    ABSENT = auto()
    STARTING = auto()
    READY = auto()
    DRAINING = auto()
    """Takes nothing new, finishes what it has."""
    DOWN = auto()


class Replica:
    """One place for a replica; it may be occupied by several, one after the other."""

    def __init__(self, slot: int) -> None:
        self.slot = slot
        self.state = State.ABSENT
        self.serial = -1
        """Number of the replica in the order in which the unit's were begun; also the draw key of its fate."""
        self.life = 0
        """Goes up when it crashes: whoever remembers an older life has lost what was there."""
        self.noticed_s = 0.0
        """When the balancer finds out that it is down."""
        self.in_flight = 0
        """Jobs here: in line, in service, or holding a worker."""
        self.desks: list[Desk] = []
        self.cpu: Cpu[Job] | None = None
        self.flight_area = self.busy_area = 0.0
        self.busy = 0
        self.since_s = 0.0

    @property
    def up(self) -> bool:
        return self.state in (State.READY, State.DRAINING)

    def occupy(self, jobs: int, workers: int, now_s: float) -> None:
        """So many jobs and busy workers more, for what the autoscaler looks at."""
        self.flight_area += self.in_flight * (now_s - self.since_s)
        self.busy_area += self.busy * (now_s - self.since_s)
        self.since_s = now_s
        self.in_flight += jobs
        self.busy += workers


class Pool:
    """All replicas of one unit."""

    def __init__(self, index: int, unit: Unit, clock: Clock, account: Account, seed: int) -> None:
        self.index, self.unit, self.clock, self.account, self.seed = index, unit, clock, account, seed
        self.replicas = [Replica(slot) for slot in range(_slots(unit))]
        self.begun = 0
        self.opened: Callable[[Replica], None] = lambda _replica: None
        """Told when a replica begins to serve."""
        self.emptied: Callable[[Replica], None] = lambda _replica: None
        """Told when a replica loses all that it holds."""
        self._last = -1
        self._start_up = sampler(unit.start_up, seed, unit.name, "start-up")
        crash = unit.crash
        self._until_crash = sampler(crash.every if crash else None, seed, unit.name, "crash")
        self._repair = sampler(crash.repair if crash else None, seed, unit.name, "repair")

    def begin(self) -> None:
        """Time 0: the first replicas stand ready."""
        count = self.unit.scaling.begins_with if isinstance(self.unit.scaling, Autoscaled) else self.unit.scaling.most
        for replica in self.replicas[:count]:
            self._number(replica)
            self._open(replica)

    def start(self, replica: Replica) -> None:
        """Begin a replica; it serves after its start-up."""
        self._number(replica)
        self.account.count(_STARTED, self.clock.now)
        replica.state = State.STARTING
        self.account.change(_STARTING, 1, self.clock.now)
        self._ready_at(replica, self.clock.now + self._start_up(replica.serial))

    def retire(self, replica: Replica) -> None:
        """Take a replica away: at once when it serves nothing, otherwise when it has finished."""
        if replica.state is State.READY and replica.in_flight:
            replica.state = State.DRAINING
            return
        self._leave(replica)
        replica.state = State.ABSENT

    def left(self, replica: Replica) -> None:
        """A job has left the replica."""
        if replica.state is State.DRAINING and replica.in_flight == 0:
            self._leave(replica)
            replica.state = State.ABSENT

    def crash(self, replica: Replica, down_s: float) -> None:
        """The replica dies with all it holds, and comes back after `down_s` and a start-up."""
        if not replica.up:
            return
        draining = replica.state is State.DRAINING
        self._leave(replica)
        self.account.count(_CRASHED, self.clock.now)
        replica.life += 1
        replica.state = State.ABSENT if draining else State.DOWN
        self.emptied(replica)
        if not draining:
            replica.noticed_s = self.clock.now + (self.unit.crash.detect_s if self.unit.crash else 0.0)
            self._number(replica)
            self._ready_at(replica, self.clock.now + down_s + self._start_up(replica.serial))

    def choose(self, stream: int, key: int) -> Replica | None:
        """The replica that the balancer sends to; None when there is none to choose from."""
        open_to = [replica for replica in self.replicas if self._takes(replica)]
        if not open_to:
            return None
        n = len(open_to)
        match self.unit.balancing:
            case "random":
                return open_to[int(draws.uniform(stream, key) * n)]
            case "least_connections":
                return min(open_to, key=lambda replica: (replica.in_flight, replica.slot))
            case "power_of_two":
                return self._of_two(open_to, stream, key)
            case _:
                after = [replica for replica in open_to if replica.slot > self._last]
                chosen = (after or open_to)[0]
                self._last = chosen.slot
                return chosen

    @staticmethod
    def _of_two(open_to: list[Replica], stream: int, key: int) -> Replica:
        n = len(open_to)
        first = int(draws.uniform(stream, key) * n)
        if n == 1:
            return open_to[first]
        second = int(draws.uniform(stream, draws.further_key(key, 0)) * (n - 1))
        second += second >= first
        one, two = open_to[first], open_to[second]
        return two if two.in_flight < one.in_flight else one

    def _takes(self, replica: Replica) -> bool:
        return replica.state is State.READY or (replica.state is State.DOWN and self.clock.now < replica.noticed_s)

    def _number(self, replica: Replica) -> None:
        replica.serial = self.begun
        self.begun += 1

    def _ready_at(self, replica: Replica, at_s: float) -> None:
        serial = replica.serial

        def ready() -> None:
            if replica.serial == serial and replica.state in (State.STARTING, State.DOWN):
                if replica.state is State.STARTING:
                    self.account.change(_STARTING, -1, self.clock.now)
                self._open(replica)

        self.clock.then(self.clock.moment(at_s, Rank.READY, self.index, replica.slot), ready)

    def _open(self, replica: Replica) -> None:
        replica.state = State.READY
        self.account.change(_READY, 1, self.clock.now)
        replica.flight_area = replica.busy_area = 0.0
        replica.since_s = self.clock.now
        if replica.cpu is not None:
            replica.cpu.used_s = 0.0
        if self.unit.crash is not None:
            serial = replica.serial
            at_s = self.clock.now + self._until_crash(serial)

            def crash() -> None:
                if replica.serial == serial and replica.up:
                    self.crash(replica, self._repair(serial))

            self.clock.then(self.clock.moment(at_s, Rank.CRASH, self.index, replica.slot), crash)
        self.opened(replica)

    def _leave(self, replica: Replica) -> None:
        if replica.up:
            self.account.change(_READY, -1, self.clock.now)
        elif replica.state is State.STARTING:
            self.account.change(_STARTING, -1, self.clock.now)


def _slots(unit: Unit) -> int:
    match unit.scaling:
        case Fixed(replicas=count):
            return count
        case Autoscaled(maximum=maximum):
            return 2 * maximum  # those that still drain have a place beside those that serve
        case PerRequest(concurrency=concurrency):
            return concurrency
