"""Serverless: an instance for each request in flight."""

# mypy: no-warn-return-any

import math

from simulators.engines._kernel.books import (
    COLD,
    REFUSED,
    STARTED,
    count_late_cold,
    levels,
    tally,
    tally_unit,
    unit_levels,
)
from simulators.engines._kernel.draw import draw
from simulators.engines._kernel.jit import compiled, inlined
from simulators.engines._kernel.lines import enter, next_in_line, wait
from simulators.engines._kernel.memory import (
    NO_KEY,
    W,
    desk_at,
    idle_at,
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
    STARTING,
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
    u = unit_at(w, s.unit)
    if u.idle_n > 0:
        replica = idle_at(w, u.slots)[0]
        take_out(w, u.slots, u.idle_n, ZERO)
        u.idle_n -= 1
        enter(w, token, replica)
        start(w, s.desk + replica_at(w, replica).slot, token, ONE)
    elif u.vacant_n > 0:
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
    now = w.now
    t.cold = 1
    note_cold(w, t.slot, now)
    tally_unit(w, node.unit, STARTED, now)
    tally_unit(w, node.unit, COLD, now)
    replica = create(w, node.unit)
    r = replica_at(w, replica)
    enter(w, token, replica)
    if unit_at(w, node.unit).start_up == NONE:
        open_instance(w, token)
        return
    r.state = STARTING
    unit_levels(w, node.unit, ZERO, ONE, 0.0)
    levels(w, node.station, ONE, ZERO, ZERO)
    takes_s = draw(w, node.start_up, t.key)
    if unit_at(w, node.unit).start_cores > 0.0:
        if t.deadline_s < math.inf:
            arm(w, token, math.inf)
        join_starts(w, node.unit, replica, token, takes_s)
        return
    at_s = now + takes_s
    if at_s > t.deadline_s:
        arm(w, token, at_s)
    plan_event(w, at_s, AT_READY | node.unit << WHO | r.slot, NO_KEY, E_INSTANCE, token, t.stamp)


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
    node = node_at(w, token_at(w, token).node)
    unit_levels(w, node.unit, ZERO, -ONE, 0.0)
    levels(w, node.station, -ONE, ZERO, ZERO)
    open_instance(w, token)


@compiled
def open_instance(w: W, token: int) -> None:
    t = token_at(w, token)
    node = node_at(w, t.node)
    r = replica_at(w, t.replica)
    r.state = READY
    unit_levels(w, node.unit, ONE, ZERO, 0.0)
    desk = station_at(w, node.station).desk + r.slot
    desk_at(w, desk).idle_since_s = w.now
    start_later(w, desk, token, ONE)


@inlined
def after_function(w: W, desk: int, station: int) -> None:
    """An instance is free: the next in line, or idle with its clock running."""
    s = station_at(w, station)
    u = unit_at(w, s.unit)
    replica = desk_at(w, desk).replica
    while line_at(w, s.line).count > 0:
        token = next_in_line(w, s.line, station, replica)
        if token != NONE:
            start_later(w, desk, token, ONE)
            return
    r = replica_at(w, replica)
    put_in(w, u.slots, u.idle_n, replica)
    u.idle_n += 1
    r.idle_since_s = w.now
    if r.serial >= u.provisioned and r.expiring == 0:
        r.expiring = 1
        plan_expiry(w, replica)


@inlined
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
    if r.idle_at == NONE:
        return
    if r.idle_since_s + u.expiry_s > w.now:
        r.expiring = 1
        plan_expiry(w, replica)
        return
    take_out(w, u.slots, u.idle_n, r.idle_at)
    u.idle_n -= 1
    r.state = ABSENT
    unit_levels(w, r.unit, -ONE, ZERO, 0.0)
    vacant_at(w, u.slots + u.vacant_n)[0] = r.slot
    u.vacant_n += 1


@compiled
def create(w: W, unit: int) -> int:
    """A new instance in the place that was left last."""
    u = unit_at(w, unit)
    u.vacant_n -= 1
    replica = u.slots + vacant_at(w, u.slots + u.vacant_n)[0]
    replica_at(w, replica).serial = u.begun
    u.begun += 1
    return replica


@compiled
def put_in(w: W, first: int, n: int, replica: int) -> None:
    """Add to the idle instances: a binary heap with the newest on top."""
    at = n
    while at > 0:
        up = (at - 1) >> 1
        above = idle_at(w, first + up)[0]
        if replica_at(w, above).serial > replica_at(w, replica).serial:
            break
        idle_at(w, first + at)[0] = above
        replica_at(w, above).idle_at = at
        at = up
    idle_at(w, first + at)[0] = replica
    replica_at(w, replica).idle_at = at


@compiled
def take_out(w: W, first: int, n: int, at: int) -> None:
    """Take the instance at a place of the heap of n out of it."""
    replica_at(w, idle_at(w, first + at)[0]).idle_at = NONE
    n -= 1
    if at == n:
        return
    last = idle_at(w, first + n)[0]
    serial = replica_at(w, last).serial
    while at > 0 and replica_at(w, idle_at(w, first + ((at - 1) >> 1))[0]).serial < serial:
        above = idle_at(w, first + ((at - 1) >> 1))[0]
        idle_at(w, first + at)[0] = above
        replica_at(w, above).idle_at = at
        at = (at - 1) >> 1
    while True:
        down = 2 * at + 1
        if down >= n:
            break
        if (
            down + 1 < n
            and replica_at(w, idle_at(w, first + down + 1)[0]).serial
            > replica_at(w, idle_at(w, first + down)[0]).serial
        ):
            down += 1
        below = idle_at(w, first + down)[0]
        if replica_at(w, below).serial < serial:
            break
        idle_at(w, first + at)[0] = below
        replica_at(w, below).idle_at = at
        at = down
    idle_at(w, first + at)[0] = last
    replica_at(w, last).idle_at = at
