"""Kubernetes' HorizontalPodAutoscaler at work on one unit."""

from __future__ import annotations

from simulators.engines import _hpa
from simulators.engines._moments import Rank
from simulators.engines._simpy.clock import Clock, Steps
from simulators.engines._simpy.units import Pool, Replica, State
from simulators.plan import Autoscaled


class Autoscaler:
    """Every sync it compares the metric with its target and starts or retires replicas."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        assert isinstance(pool.unit.scaling, Autoscaled)
        self._rules, self._pool, self._clock = pool.unit.scaling, pool, clock
        self._wishes: list[tuple[float, int]] = []
        self._changes: list[tuple[float, int]] = []
        self._capacity = pool.unit.cores or sum(station.workers or 0 for station in pool.unit.stations)

    def watch(self) -> Steps:
        """A process for as long as the simulation runs."""
        at_s = 0.0
        while True:
            at_s += self._rules.sync_s
            yield self._clock.moment(at_s, Rank.SCALE, self._pool.index)
            self._sync()

    def _sync(self) -> None:
        now, rules = self._clock.now, self._rules
        ready = [replica for replica in self._pool.replicas if replica.state is State.READY]
        unready = [replica for replica in self._pool.replicas if replica.state in (State.STARTING, State.DOWN)]
        current = len(ready) + len(unready)
        total = sum(self._metric(replica) for replica in ready)
        wish = _hpa.wanted(total, len(ready), len(unready), rules.target, rules.tolerance)
        self._wishes.append((now, wish))
        longest_s = max(rules.down_stabilisation_s, rules.up_stabilisation_s)
        self._wishes = [past for past in self._wishes if past[0] >= now - longest_s]
        lowest = min(past for at, past in self._wishes if at >= now - rules.up_stabilisation_s)
        highest = max(past for at, past in self._wishes if at >= now - rules.down_stabilisation_s)
        wish = _hpa.stabilised(current, lowest, highest)
        self._changes = [change for change in self._changes if change[0] > now - rules.period_s]
        begin = current - sum(by for _, by in self._changes)
        goal = _hpa.limited(current, wish, begin, rules.up_replicas, rules.up_share, rules.minimum, rules.maximum)
        if goal != current:
            self._changes.append((now, goal - current))
            self._resize(goal - current)

    def _metric(self, replica: Replica) -> float:
        """Mean over the time since the last sync, in which the replica was ready; then begin anew."""
        replica.occupy(0, 0, self._clock.now)
        if self._rules.metric == "in_flight":
            area = replica.flight_area / self._rules.sync_s
        elif replica.cpu is not None:
            replica.cpu.advance()
            area = replica.cpu.used_s / self._rules.sync_s / self._capacity
            replica.cpu.used_s = 0.0
        else:
            area = replica.busy_area / self._rules.sync_s / self._capacity
        replica.flight_area = replica.busy_area = 0.0
        return area

    def _resize(self, by: int) -> None:
        """Grow into the lowest free places; shrink by those that do not serve yet, then by the youngest."""
        replicas = self._pool.replicas
        for _ in range(by):
            free = next((replica for replica in replicas if replica.state is State.ABSENT), None)
            if free is None:
                return
            self._pool.start(free)
        for _ in range(-by):
            unready = [replica for replica in replicas if replica.state in (State.STARTING, State.DOWN)]
            ready = [replica for replica in replicas if replica.state is State.READY]
            self._pool.retire(max(unready or ready, key=lambda replica: replica.serial))
