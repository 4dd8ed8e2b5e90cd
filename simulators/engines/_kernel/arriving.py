"""A request reaches a station."""

# mypy: no-warn-return-any

import math

from simulators.engines._kernel.balancing import choose
from simulators.engines._kernel.books import (
    ARRIVED,
    BUSY,
    COMPLETED,
    REFUSED,
    SERVED,
    SOJOURN,
    VISITS,
    WAIT,
    WAITING,
    WORK_S,
    spread,
    taken_up,
    tally,
)
from simulators.engines._kernel.draw import draw
from simulators.engines._kernel.functions import arrive_at_function
from simulators.engines._kernel.jit import compiled, inlined
from simulators.engines._kernel.lines import enter, free_desk, place, start_due, wait
from simulators.engines._kernel.memory import (
    W,
    desk_at,
    ends,
    line_at,
    node_at,
    replica_at,
    slot_at,
    starts,
    station_at,
    station_bin,
    token_at,
    total_of,
    unit_at,
)
from simulators.engines._kernel.queue import plan_event
from simulators.engines._kernel.records import (
    AWAY,
    DRAINING,
    E_RESUME,
    E_WAITED,
    IN_LINE,
    MICRO_BATCH,
    NONE,
    PER_REQUEST,
    READY,
    SINGLY,
)
from simulators.engines._kernel.serving import (
    answer,
    ends_badly,
    factor,
    note_visit,
    start,
    wake,
    way_back,
)
from simulators.engines._kernel.tokens import plan_token
from simulators.engines._moments import Rank, order

_RESUME, _WAITED = int(Rank.RESUME), int(Rank.WAITED)
_REJECTED, _ERROR = 1, 3


@inlined
def arrive(w: W, token: int) -> float:
    """The token is at the door of its step's station. Returns when its answer is back, where that is known already and
    the answer is good; otherwise NONE, and an event was planned."""
    t = token_at(w, token)
    node = node_at(w, t.node)
    s = station_at(w, node.station)
    t.arrive_s = w.now
    t.start_s = math.nan
    t.end_s = math.nan
    t.extra_s = 0.0
    t.was_served = 0
    t.cold = 0
    t.at = AWAY
    t.batch = NONE
    t.replica = NONE
    tally(w, node.station, ARRIVED, w.now)
    if unit_at(w, s.unit).scaling == PER_REQUEST:
        arrive_at_function(w, token)
        return -1.0
    line = s.line
    if s.shared == 0:
        replica = find(w, token)
        if replica == NONE or not is_up(w, replica):
            refuse(w, token, _ERROR)
            return -1.0
        place(w, token, replica)
        line = desk_at(w, s.desk + replica_at(w, replica).slot).line
        if s.ahead != 0:
            return serve_ahead(w, token, s.desk + replica_at(w, replica).slot)
    admit(w, token, line)
    return -1.0


@inlined
def is_up(w: W, replica: int) -> bool:
    return replica_at(w, replica).state == READY or replica_at(w, replica).state == DRAINING


@inlined
def find(w: W, token: int) -> int:
    """A call within the process stays in its replica (if that did not crash); others are balanced."""
    t = token_at(w, token)
    node = node_at(w, t.node)
    if node.stay != 0 and t.place != NONE and replica_at(w, t.place).unit == node.unit:
        if replica_at(w, t.place).life != t.life:
            return NONE
        if is_up(w, t.place):
            return t.place
    return choose(w, node.unit, node.balance, t.key)


@compiled
def refuse(w: W, token: int, status: int) -> None:
    t = token_at(w, token)
    tally(w, node_at(w, t.node).station, REFUSED, w.now)
    t.status = status
    answer(w, token)


@inlined
def admit(w: W, token: int, line: int) -> None:
    """To a free worker, into the line, or away."""
    t = token_at(w, token)
    station = node_at(w, t.node).station
    s = station_at(w, station)
    desk = free_desk(w, station, t.replica)
    full = s.queue_limit >= 0 and line_at(w, line).count >= s.queue_limit
    if s.batching == SINGLY:
        if desk != NONE:
            enter(w, token, desk_at(w, desk).replica)
            start(w, desk, token, 1)
        elif full:
            refuse(w, token, _REJECTED)
        else:
            wait(w, line, token)
        return
    now_due = s.batching == MICRO_BATCH and (line_at(w, line).count + 1 >= s.max_size or s.max_wait_s == 0.0)
    if full and not (desk != NONE and now_due):
        refuse(w, token, _REJECTED)
        return
    wait(w, line, token)
    if s.batching == MICRO_BATCH:
        start_due(w, station, t.replica, line)
        if t.at == IN_LINE and s.max_wait_s > 0.0:
            at_s = w.now + s.max_wait_s
            plan_event(w, at_s, order(_WAITED, 0, 0) | t.who_where, t.key, E_WAITED, token, t.stamp)


@inlined
def serve_ahead(w: W, token: int, desk: int) -> float:
    """Work the whole visit out on arrival, by Kiefer and Wolfowitz's recursion: with lines first come first served, and
    workers that neither crash nor wait for others, nothing that happens later can change it."""
    t = token_at(w, token)
    node = node_at(w, t.node)
    station = node.station
    s = station_at(w, station)
    d = desk_at(w, desk)
    now = w.now
    begin = now
    if s.workers > 0 and ends(w)[d.ends] > now:
        begin = ends(w)[d.ends]
        if s.queue_limit >= 0 and not joins(w, desk, s.queue_limit, now, begin):
            refuse(w, token, _REJECTED)
            return -1.0
    taken_up(w, t.slot, begin, node.where, replica_at(w, d.replica).slot)
    work_s = draw(w, node.service, t.key)
    work_s *= factor(w, station, slot_at(w, t.slot).version, begin)
    work_s += wake(w, token, station, 1 if d.last_end_s > begin else 0, begin - d.last_end_s)
    done = begin + work_s
    d.last_end_s = max(d.last_end_s, done)
    if s.workers > 0:
        replace_first(w, d.ends, s.workers, done)
    t.start_s = begin
    t.end_s = done
    if done < w.bin_end_s:
        bins = station_bin(w, station, w.bin)
        bins[WAITING] += begin - now
        bins[SERVED] += work_s
        bins[BUSY] += work_s
        bins[COMPLETED] += 1.0
    else:
        spread(w, station, WAITING, 1.0, now, begin)
        spread(w, station, SERVED, 1.0, begin, done)
        spread(w, station, BUSY, 1.0, begin, done)
        tally(w, station, COMPLETED, done)
    totals = total_of(w, station)
    totals[WAIT] += begin - now
    totals[SOJOURN] += done - now
    totals[WORK_S] += work_s
    totals[VISITS] += 1.0
    t.was_served = 1
    back_s = done + way_back(w, token)
    if ends_badly(w, token):
        t.status = _ERROR
        note_visit(w, token, back_s)
        plan_token(w, token, back_s, _RESUME, E_RESUME)
        return -1.0
    note_visit(w, token, back_s)
    return back_s


@compiled
def joins(w: W, desk: int, limit: int, now: float, begin: float) -> bool:
    """Whether there is room in the line for one who will begin then."""
    d = desk_at(w, desk)
    while d.starts_n > 0 and starts(w)[d.starts + d.starts_head] <= now:
        d.starts_head = (d.starts_head + 1) % limit
        d.starts_n -= 1
    if d.starts_n >= limit:
        return False
    starts(w)[d.starts + (d.starts_head + d.starts_n) % limit] = begin
    d.starts_n += 1
    return True


@compiled
def replace_first(w: W, first: int, count: int, end_s: float) -> None:
    """The worker that is free first will be free at `end_s`: put that in its place in the heap."""
    at = 0
    while True:
        down = 2 * at + 1
        if down >= count:
            break
        if down + 1 < count and ends(w)[first + down + 1] < ends(w)[first + down]:
            down += 1
        if end_s <= ends(w)[first + down]:
            break
        ends(w)[first + at] = ends(w)[first + down]
        at = down
    ends(w)[first + at] = end_s
