"""Replicas start, become ready, drain, crash and come back."""

# mypy: no-warn-return-any

import math

from simulators.engines._kernel.ahead import busy_until
from simulators.engines._kernel.books import (
    CRASHED,
    LOST,
    READY_S,
    SOJOURN,
    STARTED,
    VISITS,
    WAIT,
    leave,
    levels,
    occupy,
    spread_unit,
    tally,
    tally_unit,
    unit_levels,
)
from simulators.engines._kernel.cpu import clear_cores
from simulators.engines._kernel.draw import draw
from simulators.engines._kernel.jit import compiled, inlined
from simulators.engines._kernel.memory import (
    NO_KEY,
    W,
    as_key,
    desk_at,
    frame_at,
    line_at,
    node_at,
    replica_at,
    station_at,
    token_at,
    total_of,
    unit_at,
)
from simulators.engines._kernel.queue import plan_event
from simulators.engines._kernel.records import (
    ABSENT,
    AT_ARRIVE,
    AT_CRASH,
    AT_READY,
    AWAY,
    DOWN,
    DRAINING,
    E_ARRIVE,
    E_CRASH,
    E_READY,
    HOLD,
    IN_LINE,
    NONE,
    ONE,
    READY,
    STARTING,
    WHO,
    ZERO,
)
from simulators.engines._kernel.serving import lose
from simulators.engines._kernel.tokens import plan_token

ANY_NUMBER = 2**60
"""Free workers of a desk that never runs out of them."""


@compiled
def number(w: W, replica: int) -> None:
    r = replica_at(w, replica)
    r.serial = unit_at(w, r.unit).begun
    unit_at(w, r.unit).begun += 1


@compiled
def start_replica(w: W, replica: int) -> None:
    """Begin a replica; it serves after its start-up."""
    r = replica_at(w, replica)
    number(w, replica)
    tally_unit(w, r.unit, STARTED, w.now)
    r.state = STARTING
    unit_at(w, r.unit).reached = max(unit_at(w, r.unit).reached, r.slot + 1)
    unit_levels(w, r.unit, ZERO, ONE, 0.0)
    plan_ready(w, replica, 0.0)


@compiled
def plan_ready(w: W, replica: int, down_s: float) -> None:
    r = replica_at(w, replica)
    start_up_s = draw(w, unit_at(w, r.unit).start_up, as_key(r.serial))
    at_s = w.now + down_s + start_up_s
    plan_event(w, at_s, AT_READY | r.unit << WHO | r.slot, NO_KEY, E_READY, replica, r.serial)


@compiled
def open_replica(w: W, replica: int) -> None:
    """It serves from now on. (Its desks still have to be pulled at.)"""
    r = replica_at(w, replica)
    u = unit_at(w, r.unit)
    now = w.now
    unit_levels(w, r.unit, ONE, -1 if r.state == STARTING else 0, 0.0)
    r.state = READY
    r.flight_area = 0.0
    r.busy_area = 0.0
    r.since_s = now
    r.used_s = 0.0
    if u.crash != NONE:
        at_s = now + draw(w, u.crash, as_key(r.serial))
        plan_event(w, at_s, AT_CRASH | r.unit << WHO | r.slot, NO_KEY, E_CRASH, replica, r.serial)
    for station in range(u.first_station, u.first_station + u.stations):
        d = desk_at(w, station_at(w, station).desk + r.slot)
        d.free = workers_of(w, station)
        d.serving = 0
        d.idle_since_s = now
        d.last_end_s = now


@inlined
def workers_of(w: W, station: int) -> int:
    workers = station_at(w, station).workers
    return workers if workers > 0 else ANY_NUMBER


@compiled
def retire(w: W, replica: int) -> None:
    """Take a replica away: at once when it serves nothing, otherwise when it has finished."""
    r = replica_at(w, replica)
    foreseen = unit_at(w, r.unit).ahead != 0
    if r.state == READY and (busy_until(w, replica) > w.now if foreseen else r.in_flight > 0):
        r.state = DRAINING
        if foreseen:
            unit_levels(w, r.unit, -ONE, ZERO, 0.0)
            spread_unit(w, r.unit, READY_S, 1.0, w.now, busy_until(w, replica))
        return
    unit_levels(w, r.unit, -1 if r.state == READY else 0, -1 if r.state == STARTING else 0, 0.0)
    r.state = ABSENT


@inlined
def left(w: W, replica: int) -> None:
    """A job has left the replica."""
    r = replica_at(w, replica)
    if r.state == DRAINING and r.in_flight == 0:
        unit_levels(w, r.unit, -ONE, ZERO, 0.0)
        r.state = ABSENT


@compiled
def crash(w: W, replica: int, down_s: float) -> None:
    """The replica dies with all it holds, and comes back after `down_s` and a start-up."""
    r = replica_at(w, replica)
    if r.state != READY and r.state != DRAINING:
        return
    u = unit_at(w, r.unit)
    draining = r.state == DRAINING
    unit_levels(w, r.unit, -ONE, ZERO, 0.0)
    tally_unit(w, r.unit, CRASHED, w.now)
    r.life += 1
    r.state = ABSENT if draining else DOWN
    if u.cores > 0:
        clear_cores(w, replica)
    for station in range(u.first_station, u.first_station + u.stations):
        empty_desk(w, replica, station)
    if not draining:
        r.noticed_s = w.now + u.detect_s
        number(w, replica)
        plan_ready(w, replica, down_s)


@compiled
def empty_desk(w: W, replica: int, station: int) -> None:
    """All in the replica's own line and at its desk is lost, or delivered again from a shared queue."""
    r = replica_at(w, replica)
    s = station_at(w, station)
    d = desk_at(w, s.desk + r.slot)
    waiting, served = 0, 0
    for token in range(w.tokens_n):
        t = token_at(w, token)
        if t.live != 0 and t.at != AWAY and t.replica == replica and node_at(w, t.node).station == station:
            if t.at == IN_LINE:
                waiting += 1
                lose(w, token, station)
            else:
                served += 1
                if s.redelivery_s >= 0 and t.deliveries < s.deliveries:
                    redeliver(w, token, station)
                else:
                    lose(w, token, station)
    for frame in range(w.frames_n):
        f = frame_at(w, frame)
        held = f.live != 0 and f.kind == HOLD and f.lost == 0 and f.replica == replica and f.own_life + 1 == r.life
        if held and node_at(w, f.node).station == station:
            served += 1
            lose_held(w, frame, station)
    busy = workers_of(w, station) - d.free
    levels(w, station, -waiting, -served, -busy)
    occupy(w, replica, -waiting - served, -busy)
    d.free = workers_of(w, station)
    d.serving = 0
    if s.shared == 0:
        line_at(w, d.line).head = NONE
        line_at(w, d.line).count = 0


@compiled
def redeliver(w: W, token: int, station: int) -> None:
    t = token_at(w, token)
    leave(w, token, station)
    tally(w, station, LOST, w.now)
    t.at = AWAY
    t.stamp += 1
    t.deliveries += 1
    t.start_s = math.nan
    plan_token(w, token, w.now + station_at(w, station).redelivery_s, AT_ARRIVE, E_ARRIVE)


@compiled
def lose_held(w: W, frame: int, station: int) -> None:
    """A worker that waits for an inner call is lost: the call finds out when it is back."""
    f = frame_at(w, frame)
    now = w.now
    f.lost = 1
    f.at_s = now
    totals = total_of(w, station)
    totals[WAIT] += f.start_s - f.arrive_s
    totals[SOJOURN] += now - f.arrive_s
    totals[VISITS] += 1.0
    tally(w, station, LOST, now)
