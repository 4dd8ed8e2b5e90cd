"""Visits worked out whole on arrival.

At a station with lines first come first served, whose workers neither crash, nor share cores, nor wait for others,
nothing that happens later can change a visit (Kiefer and Wolfowitz's recursion for GI/G/c queues, 1955). So it takes no
events: when it begins and ends is known at once. `foreseen` says which stations are like that.
"""

# mypy: no-warn-return-any

from simulators.engines._kernel.balancing import choose
from simulators.engines._kernel.books import ARRIVED, COMPLETED, SERVED, SOJOURN, WAITING, spread, taken_up, tally
from simulators.engines._kernel.draw import draw
from simulators.engines._kernel.jit import compiled, inlined
from simulators.engines._kernel.memory import (
    W,
    desk_at,
    end_at,
    node_at,
    replica_at,
    slot_at,
    start_at,
    station_at,
    station_bin,
    token_at,
    total_of,
    unit_at,
)
from simulators.engines._kernel.records import AT_RESUME, AUTOSCALED, DRAINING, E_RESUME, NONE, READY
from simulators.engines._kernel.serving import at_the_door, ends_badly, factor, note_visit, refuse, wake
from simulators.engines._kernel.tokens import plan_token

_REJECTED, _ERROR = 1, 3


@inlined
def visit_ahead(w: W, token: int) -> float:
    """When the answer is back, if it is a good one; otherwise -1, and an event was planned."""
    t = token_at(w, token)
    node = node_at(w, t.node)
    s = station_at(w, node.station)
    now = w.now
    u = unit_at(w, node.unit)
    bins = station_bin(w, node.station, w.bin)
    bins[ARRIVED] += 1.0
    replica = u.slots if u.count == 1 else replica_of(w, token)
    if replica == NONE:
        at_the_door(w, token)
        refuse(w, token, _ERROR)
        return -1.0
    t.place = replica
    t.life = 0
    desk = s.desk + (replica - u.slots)
    d = desk_at(w, desk)
    begin = now
    if s.workers > 0 and end_at(w, d.ends)[0] > now:
        begin = end_at(w, d.ends)[0]
        if s.queue_limit >= 0 and not joins(w, desk, s.queue_limit, now, begin):
            at_the_door(w, token)
            t.replica = replica
            refuse(w, token, _REJECTED)
            return -1.0
    taken_up(w, t.slot, begin, node.where, desk - s.desk)
    work_s = t.work_s
    t.extra_s = 0.0
    if s.plain == 0:
        work_s *= factor(w, node.station, slot_at(w, t.slot).version, begin)
        work_s += wake(w, token, node.station, 1 if d.last_end_s > begin else 0, begin - d.last_end_s)
    done = begin + work_s
    d.last_end_s = max(d.last_end_s, done)
    if u.scaling == AUTOSCALED:
        replica_at(w, replica).busy_area += work_s
    if s.workers > 0:
        occupied_until(w, d.ends, s.workers, done)
    if done < w.bin_end_s:
        bins[WAITING] += begin - now
        bins[SERVED] += work_s
        bins[COMPLETED] += 1.0
    else:
        spread(w, node.station, WAITING, 1.0, now, begin)
        spread(w, node.station, SERVED, 1.0, begin, done)
        tally(w, node.station, COMPLETED, done)
    total_of(w, node.station)[SOJOURN] += done - now
    back_s = done + (draw(w, node.delay, t.key) + t.extra_s + t.back_s)
    failed = s.plain == 0 and ends_badly(w, token)
    if failed or slot_at(w, t.slot).watched != 0:
        t.status = _ERROR if failed else 0
        t.arrive_s = now
        t.start_s = begin
        t.end_s = done
        t.cold = 0
        t.replica = replica
        note_visit(w, token, back_s)
    if failed:
        plan_token(w, token, back_s, AT_RESUME, E_RESUME)
        return -1.0
    return back_s


@inlined
def replica_of(w: W, token: int) -> int:
    """The replica that serves the visit: a call within the process stays where it is, if that still serves."""
    t = token_at(w, token)
    node = node_at(w, t.node)
    if node.stay != 0 and t.place != NONE and replica_at(w, t.place).unit == node.unit:
        state = replica_at(w, t.place).state
        if state == READY or (state == DRAINING and busy_until(w, t.place) > w.now):
            return t.place
    return choose(w, node.unit, node.balance, t.key)


@inlined
def busy_until(w: W, replica: int) -> float:
    """When the last visit to the replica ends that is known of, at a unit of one station."""
    r = replica_at(w, replica)
    return desk_at(w, station_at(w, unit_at(w, r.unit).first_station).desk + r.slot).last_end_s


@compiled
def left_to_do(w: W, replica: int) -> float:
    """What the replica's workers still have to do of the visits that have come: none of them pauses before the end."""
    r = replica_at(w, replica)
    s = station_at(w, unit_at(w, r.unit).first_station)
    first = desk_at(w, s.desk + r.slot).ends
    left_s = 0.0
    for worker in range(first, first + s.workers):
        left_s += max(0.0, end_at(w, worker)[0] - w.now)
    return left_s


@inlined
def joins(w: W, desk: int, limit: int, now: float, begin: float) -> bool:
    """Whether there is room in the line for one who will begin then."""
    d = desk_at(w, desk)
    if d.starts_n >= limit and not _some_left(w, desk, limit, now):
        return False
    last = d.starts_head + d.starts_n
    start_at(w, d.starts + (last if last < limit else last - limit))[0] = begin
    d.starts_n += 1
    return True


@compiled
def _some_left(w: W, desk: int, limit: int, now: float) -> bool:
    """Let go of those who have begun; whether the line is then shorter than its limit."""
    d = desk_at(w, desk)
    while d.starts_n > 0 and start_at(w, d.starts + d.starts_head)[0] <= now:
        d.starts_head = d.starts_head + 1 if d.starts_head + 1 < limit else 0
        d.starts_n -= 1
    return d.starts_n < limit


@inlined
def occupied_until(w: W, first: int, count: int, end_s: float) -> None:
    """The worker that is free first will be free at `end_s` again."""
    if count == 1:
        end_at(w, first)[0] = end_s
    elif count == 2:
        other = end_at(w, first + 1)[0]
        end_at(w, first)[0] = min(other, end_s)
        end_at(w, first + 1)[0] = max(other, end_s)
    else:
        _replace_first(w, first, count, end_s)


@compiled
def _replace_first(w: W, first: int, count: int, end_s: float) -> None:
    """Put it in the first one's place in the heap."""
    at = 0
    while True:
        down = 2 * at + 1
        if down >= count:
            break
        earliest = end_at(w, first + down)[0]
        if down + 1 < count and end_at(w, first + down + 1)[0] < earliest:
            down += 1
            earliest = end_at(w, first + down)[0]
        if end_s <= earliest:
            break
        end_at(w, first + at)[0] = earliest
        at = down
    end_at(w, first + at)[0] = end_s
