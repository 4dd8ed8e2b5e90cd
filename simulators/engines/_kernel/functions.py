"""Serverless: an instance for each request in flight."""

# mypy: no-warn-return-any

import math

from simulators.engines._kernel.books import (
    COLD,
    READY_S,
    REFUSED,
    STARTED,
    STARTING_S,
    WAITING,
    count_late_cold,
    spread,
    spread_unit,
    tally,
    tally_unit,
)
from simulators.engines._kernel.draw import draw
from simulators.engines._kernel.idle import newest_idle, no_longer_idle, now_idle, take_back
from simulators.engines._kernel.jit import compiled, inlined
from simulators.engines._kernel.lines import enter, next_in_line, wait
from simulators.engines._kernel.memory import (
    NO_KEY,
    W,
    desk_at,
    line_at,
    node_at,
    replica_at,
    slot_at,
    station_at,
    token_at,
    unit_at,
    vacant_at,
)
from simulators.engines._kernel.queue import plan_event
from simulators.engines._kernel.records import (
    ABSENT,
    AT_EXPIRE,
    AT_READY,
    E_EXPIRE,
    E_INSTANCE,
    NONE,
    ONE,
    READY,
    WHO,
    ZERO,
)
from simulators.engines._kernel.serving import answer, start, start_later
from simulators.engines._kernel.starting import join_starts
from simulators.engines._kernel.tokens import arm

_REJECTED = 1


@inlined
def arrive_at_function(w: W, token: int) -> None:
    t = token_at(w, token)
    station = node_at(w, t.node).station
    s = station_at(w, station)
    replica = newest_idle(w, s.unit)
    if replica != NONE:
        replica_at(w, replica).idle_since_s = math.inf
        enter(w, token, replica)
        start(w, s.desk + replica_at(w, replica).slot, token, ONE)
    elif unit_at(w, s.unit).vacant_n > 0:
        start_cold(w, token)
    elif s.queue_limit < 0 or line_at(w, s.line).count < s.queue_limit:
        wait(w, s.line, token)
    else:
        tally(w, station, REFUSED, w.now)
        t.status = _REJECTED
        answer(w, token)


@compiled
def start_cold(w: W, token: int) -> None:
    """Start an instance; the request waits for it, and nobody else may have it."""
    t = token_at(w, token)
    node = node_at(w, t.node)
    takes_s = start_own(w, token)
    u = unit_at(w, node.unit)
    if u.start_up == NONE:
        instance_started(w, token)
        return
    if u.start_cores > 0.0:
        if t.deadline_s < math.inf:
            arm(w, token, math.inf)
        join_starts(w, node.unit, t.replica, token, takes_s)
        return
    at_s = w.now + takes_s
    if at_s > t.deadline_s:
        arm(w, token, at_s)
    slot = replica_at(w, t.replica).slot
    plan_event(w, at_s, AT_READY | node.unit << WHO | slot, NO_KEY, E_INSTANCE, token, t.stamp)


@compiled
def start_own(w: W, token: int) -> float:
    """A new instance for the token, in the place that was left last; returns how long it takes to start."""
    t = token_at(w, token)
    node = node_at(w, t.node)
    u = unit_at(w, node.unit)
    now = w.now
    t.cold = 1
    note_cold(w, t.slot, now)
    tally_unit(w, node.unit, STARTED, now)
    tally_unit(w, node.unit, COLD, now)
    u.vacant_n -= 1
    replica = u.slots + vacant_at(w, u.slots + u.vacant_n)[0]
    r = replica_at(w, replica)
    enter(w, token, replica)
    r.serial = u.begun
    u.begun += 1
    r.state = READY
    r.since_s = now
    r.idle_since_s = math.inf
    return draw(w, node.start_up, t.key)


@compiled
def stands_ready(w: W, token: int, at_s: float) -> None:
    """The instance that was started for the token does so from then on; the token has waited for it."""
    node = node_at(w, token_at(w, token).node)
    r = replica_at(w, token_at(w, token).replica)
    spread_unit(w, node.unit, STARTING_S, 1.0, r.since_s, at_s)
    spread(w, node.station, WAITING, 1.0, r.since_s, at_s)
    r.since_s = at_s


@compiled
def note_cold(w: W, slot: int, now: float) -> None:
    s = slot_at(w, slot)
    if s.done != 0 and now >= s.end_s:
        return
    if now < s.cold_s:
        late = s.done != 0 and not s.cold_s < s.end_s
        s.cold_s = now
        if late:  # its end was worked out ahead
            count_late_cold(w, slot)


@compiled
def instance_started(w: W, token: int) -> None:
    stands_ready(w, token, w.now)
    t = token_at(w, token)
    desk = station_at(w, node_at(w, t.node).station).desk + replica_at(w, t.replica).slot
    desk_at(w, desk).idle_since_s = w.now
    start_later(w, desk, token, ONE)


@inlined
def after_function(w: W, desk: int, station: int) -> None:
    """An instance is free: the next in line, or idle with its clock running."""
    s = station_at(w, station)
    replica = desk_at(w, desk).replica
    while line_at(w, s.line).count > 0:
        token = next_in_line(w, s.line, station, replica)
        if token != NONE:
            start_later(w, desk, token, ONE)
            return
    now_idle(w, replica)
    replica_at(w, replica).idle_since_s = w.now
    keep_for_a_while(w, replica)


@inlined
def keep_for_a_while(w: W, replica: int) -> None:
    """An instance whose idle time is known is looked at when it may be over."""
    r = replica_at(w, replica)
    if r.expiring == 0 and r.serial >= unit_at(w, r.unit).provisioned:
        r.expiring = 1
        plan_expiry(w, replica)


@compiled
def plan_expiry(w: W, replica: int) -> None:
    r = replica_at(w, replica)
    at_s = r.idle_since_s + unit_at(w, r.unit).expiry_s
    plan_event(w, at_s, AT_EXPIRE | r.unit << WHO | r.slot, NO_KEY, E_EXPIRE, replica, ZERO)


@compiled
def expire(w: W, replica: int) -> None:
    """Remove the instance if it was idle all the while; if it was used since, look again later."""
    r = replica_at(w, replica)
    u = unit_at(w, r.unit)
    r.expiring = 0
    if r.idle_since_s == math.inf:
        return
    if r.idle_since_s + u.expiry_s > w.now:
        r.expiring = 1
        plan_expiry(w, replica)
        return
    take_back(w, r.unit)
    no_longer_idle(w, replica)
    r.state = ABSENT
    spread_unit(w, r.unit, READY_S, 1.0, r.since_s, w.now)
    vacant_at(w, u.slots + u.vacant_n)[0] = r.slot
    u.vacant_n += 1


@compiled
def settle(w: W, unit: int) -> None:
    """The run is over: instances that stand ready have done so until now."""
    u = unit_at(w, unit)
    for replica in range(u.slots, u.slots + u.count):
        r = replica_at(w, replica)
        if r.state == READY and r.since_s < w.now:
            spread_unit(w, unit, READY_S, 1.0, r.since_s, w.now)
