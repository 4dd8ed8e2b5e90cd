"""Service at a station: a job and a worker come together, and part."""

# mypy: no-warn-return-any

import math

from simulators.engines._draws import uniform
from simulators.engines._kernel.books import (
    COMPLETED,
    LOST,
    REFUSED,
    WORK_S,
    leave,
    levels,
    occupy,
    served_since,
    taken_up,
    tally,
    write_row,
)
from simulators.engines._kernel.cpu import join_cores
from simulators.engines._kernel.draw import draw, draw_batch
from simulators.engines._kernel.jit import compiled, inlined
from simulators.engines._kernel.memory import (
    W,
    as_key,
    desk_at,
    factors_of,
    node_at,
    replica_at,
    slot_at,
    slow_at,
    span_at,
    station_at,
    token_at,
    total_of,
    unit_at,
    wake_at,
)
from simulators.engines._kernel.records import (
    AT_COMPLETE,
    AT_RESUME,
    AWAY,
    E_COMPLETE,
    E_RESUME,
    IN_SERVICE,
    NONE,
    ONE,
    SCHEDULED,
    SINGLY,
    ZERO,
)
from simulators.engines._kernel.tokens import arm, plan_token


@inlined
def start(w: W, desk: int, first: int, size: int) -> None:
    """A free worker begins on a job, or on several as one batch: the tokens from `first` on."""
    d = desk_at(w, desk)
    now = w.now
    t = token_at(w, first)
    node = node_at(w, t.node)
    station = node.station
    s = station_at(w, station)
    slot = replica_at(w, d.replica).slot
    if s.batching == SINGLY:
        begin(w, first, slot)
        work_s = t.work_s if t.cold == 0 else draw(w, node.cold, t.key)
    else:
        token = first
        while token != NONE:
            begin(w, token, slot)
            token = token_at(w, token).batch
        work_s = draw_batch(w, node.sizes, s.sizes, size, t.key)
    if s.plain == 0:
        work_s *= factor(w, station, slot_at(w, t.slot).version, now)
        work_s += wake(w, first, station, d.serving, now - d.idle_since_s)
    d.free -= 1
    d.serving += size
    occupy(w, d.replica, ZERO, ONE)
    if s.areas == 0:
        levels(w, station, ZERO, size, ONE)
    total_of(w, station)[WORK_S] += work_s
    if unit_at(w, s.unit).cores > 0:
        join_cores(w, d.replica, first, work_s)
        until_s = math.inf  # when it will be done is not known
    else:
        until_s = now + work_s
        plan_token(w, first, until_s, AT_COMPLETE, E_COMPLETE)
    token = first
    while token != NONE:
        if token_at(w, token).deadline_s < until_s:
            arm(w, token, until_s)
        token = token_at(w, token).batch


@inlined
def begin(w: W, token: int, slot: int) -> None:
    """Service of a job begins now, alone or in a batch."""
    t = token_at(w, token)
    node = node_at(w, t.node)
    s = station_at(w, node.station)
    t.at = IN_SERVICE
    t.stamp += 1
    t.start_s = w.now
    taken_up(w, t.slot, w.now, node.where, slot)
    if s.refreshes != 0:
        note_age(w, t.slot, w.now - begun_before(w, node.station, w.now))
    elif s.batching == SCHEDULED:
        note_age(w, t.slot, 0.0)


@compiled
def start_later(w: W, desk: int, first: int, size: int) -> None:
    """The same as `start`, called: for those who had to wait."""
    start(w, desk, first, size)


@inlined
def factor(w: W, station: int, version: int, at_s: float) -> float:
    """How many times as long a service that begins now takes."""
    product = factors_of(w, version, station)[0]
    return product if station_at(w, station).slows == 0 else _slowed(w, station, product, at_s)


@compiled
def _slowed(w: W, station: int, product: float, at_s: float) -> float:
    s = station_at(w, station)
    for i in range(s.first_slow, s.first_slow + s.slows):
        slow = slow_at(w, i)
        if slow.from_s <= at_s < slow.until_s:
            product *= slow.factor
    return product


@inlined
def wake(w: W, token: int, station: int, serving: int, idle_s: float) -> float:
    """What an idle server takes longer; what does not occupy the worker delays the answer instead."""
    count = station_at(w, station).wakes
    return 0.0 if count == 0 or serving > 0 else _wake(w, token, count, idle_s)


@compiled
def _wake(w: W, token: int, count: int, idle_s: float) -> float:
    t = token_at(w, token)
    node = node_at(w, t.node)
    reached = NONE
    for i in range(node.wakes, node.wakes + count):
        if wake_at(w, i).idle_s <= idle_s:
            reached = i
    if reached == NONE:
        return 0.0
    extra_s = draw(w, wake_at(w, reached).term, t.key)
    if wake_at(w, reached).occupies != 0:
        return extra_s
    t.extra_s = extra_s
    return 0.0


@inlined
def ends_badly(w: W, token: int) -> bool:
    """Whether the service ends with an error."""
    t = token_at(w, token)
    node = node_at(w, t.node)
    if station_at(w, node.station).plain != 0:
        return False
    share = factors_of(w, slot_at(w, t.slot).version, node.station)[1]
    return share > 0.0 and uniform(node.errors, t.key) < share


@inlined
def free_worker(w: W, desk: int, station: int, first: int, size: int) -> None:
    """A worker is free: its jobs leave the station. What it does next is `pull`'s business."""
    d = desk_at(w, desk)
    now = w.now
    token = first
    while token != NONE:
        leave(w, token, station)
        tally(w, station, COMPLETED, now)
        token = token_at(w, token).batch
    d.free += 1
    d.serving -= size
    if d.serving == 0:
        d.idle_since_s = now
    occupy(w, d.replica, -size, -ONE)
    if station_at(w, station).areas == 0:
        levels(w, station, ZERO, -size, -ONE)
    else:
        served_since(w, station, token_at(w, first).start_s)


@inlined
def at_the_door(w: W, token: int) -> None:
    """A visit begins: nothing is known of it yet but when."""
    t = token_at(w, token)
    t.arrive_s = w.now
    t.start_s = math.nan
    t.end_s = math.nan
    t.extra_s = 0.0
    t.was_served = 0
    t.cold = 0
    t.at = AWAY
    t.batch = NONE
    t.replica = NONE


@compiled
def refuse(w: W, token: int, status: int) -> None:
    t = token_at(w, token)
    tally(w, node_at(w, t.node).station, REFUSED, w.now)
    t.deliveries = 1
    t.status = status
    answer(w, token)


@compiled
def lose(w: W, token: int, station: int) -> None:
    """The job is lost: an error goes back to its caller."""
    t = token_at(w, token)
    leave(w, token, station)
    tally(w, station, LOST, w.now)
    t.at = AWAY
    t.stamp += 1
    t.deliveries = 1
    t.status = 3
    answer(w, token)


@inlined
def answer(w: W, token: int) -> None:
    """Plan the moment at which the station's answer, good or bad, is back at its caller."""
    at_s = w.now + way_back(w, token)
    note_visit(w, token, at_s)
    plan_token(w, token, at_s, AT_RESUME, E_RESUME)


@inlined
def note_visit(w: W, token: int, back_s: float) -> None:
    """Keep the visit of a watched request."""
    if slot_at(w, token_at(w, token).slot).watched != 0:
        _keep_visit(w, token, back_s)


@compiled
def _keep_visit(w: W, token: int, back_s: float) -> None:
    t = token_at(w, token)
    slot = slot_at(w, t.slot)
    node = node_at(w, t.node)
    span = span_at(w, w.spans_used)
    w.spans_used += 1
    span.request = slot.number
    span.step = node.where
    span.station = node.station
    span.replica = NONE if t.replica == NONE else replica_at(w, t.replica).slot
    span.key = t.key
    span.sent_s = t.sent_s
    span.arrive_s = t.arrive_s
    span.start_s = t.start_s
    span.end_s = t.end_s
    span.back_s = back_s
    span.status = t.status
    span.cold = t.cold != 0


@inlined
def way_back(w: W, token: int) -> float:
    """From the end of service (or the refusal) until the answer is back."""
    t = token_at(w, token)
    node = node_at(w, t.node)
    delay_s = 0.0
    if t.was_served != 0:
        delay_s = draw(w, node.delay, t.key) + t.extra_s
    return delay_s + t.back_s


@compiled
def note_age(w: W, slot: int, age_s: float) -> None:
    """Age of a precomputed answer: the oldest counts."""
    s = slot_at(w, slot)
    if s.done != 0 and w.now >= s.end_s:
        return
    if w.now > s.aged_s:
        s.older_s = max(s.older_s, s.age_s)
        s.aged_s = w.now
        s.age_s = age_s
    else:
        s.age_s = max(s.age_s, age_s)
    if s.done != 0:  # its end was worked out ahead
        write_row(w, slot)


@compiled
def begun_before(w: W, station: int, now_s: float) -> float:
    """When the last run of the refresh job that is complete by now began."""
    s = station_at(w, station)
    while True:
        if s.refresh_done_s < math.inf:
            if s.refresh_done_s > now_s:
                return s.refresh_begun_s
            s.refresh_begun_s = s.refresh_running_s
            while s.refresh_next_s < s.refresh_done_s:
                s.refresh_next_s += s.refresh_every_s
            s.refresh_done_s = math.inf
        if s.refresh_next_s > now_s:
            return s.refresh_begun_s
        s.refresh_running_s = s.refresh_next_s
        s.refresh_done_s = s.refresh_next_s + draw(w, s.refresh, as_key(s.refresh_runs))
        s.refresh_runs += 1
        s.refresh_next_s += s.refresh_every_s
