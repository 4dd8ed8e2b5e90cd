"""Visits to functions, worked out on arrival.

Where nobody waits in line for an instance, whoever comes takes the newest idle one, or starts one, or is refused; and
nothing that happens later changes when service begins and ends. So it takes no events. If the visit holds its instance
for calls from inside, the strand goes on inside at the end of service.
"""

# mypy: no-warn-return-any

import math

from simulators.engines._kernel.books import ARRIVED, COMPLETED, SERVED, SOJOURN, WORK_S, spread, taken_up, tally
from simulators.engines._kernel.draw import draw
from simulators.engines._kernel.functions import keep_for_a_while, stands_ready, start_own
from simulators.engines._kernel.holding import hold
from simulators.engines._kernel.idle import newest_idle, serves_until, take_back
from simulators.engines._kernel.jit import compiled, inlined
from simulators.engines._kernel.memory import (
    W,
    desk_at,
    node_at,
    replica_at,
    slot_at,
    station_at,
    station_bin,
    token_at,
    total_of,
    unit_at,
)
from simulators.engines._kernel.records import AT_RESUME, AWAY, E_RESUME, NONE, ONE, ZERO
from simulators.engines._kernel.serving import at_the_door, ends_badly, factor, note_visit, refuse, wake
from simulators.engines._kernel.tokens import plan_token

_REJECTED, _ERROR = 1, 3


@inlined
def function_ahead(w: W, token: int) -> float:
    """When the answer is back, if it is a good one, or when service ends, if the visit goes on inside; otherwise -1,
    and an event was planned."""
    t = token_at(w, token)
    node = node_at(w, t.node)
    s = station_at(w, node.station)
    begin = w.now
    station_bin(w, node.station, w.bin)[ARRIVED] += 1.0
    take_back(w, node.unit)
    replica = newest_idle(w, node.unit)
    t.cold = 0
    t.extra_s = 0.0
    if replica == NONE:
        if unit_at(w, node.unit).vacant_n == 0:
            at_the_door(w, token)
            refuse(w, token, _REJECTED)
            return -1.0
        begin = begin_cold(w, token)
        replica = t.replica
    r = replica_at(w, replica)
    taken_up(w, t.slot, begin, node.where, r.slot)
    work_s, failed = t.work_s, False
    if s.plain == 0:
        work_s *= factor(w, node.station, slot_at(w, t.slot).version, begin)
        work_s += wake(w, token, node.station, ZERO, begin - r.idle_since_s)
        failed = ends_badly(w, token)
    done = begin + work_s
    total_of(w, node.station)[WORK_S] += work_s
    t.place = replica
    t.life = 0
    t.arrive_s = w.now
    t.start_s = begin
    t.replica = replica
    if node.holds != 0 and not failed:
        t.at = AWAY
        t.batch = NONE
        r.idle_since_s = math.inf
        desk_at(w, s.desk + r.slot).serving = ONE
        hold(w, token)
        return done
    t.end_s = done
    serves_until(w, replica, done)
    keep_for_a_while(w, replica)
    if done < w.bin_end_s:
        bins = station_bin(w, node.station, w.bin)
        bins[SERVED] += work_s
        bins[COMPLETED] += 1.0
    else:
        spread(w, node.station, SERVED, 1.0, begin, done)
        tally(w, node.station, COMPLETED, done)
    total_of(w, node.station)[SOJOURN] += done - w.now
    back_s = done + (draw(w, node.delay, t.key) + t.extra_s + t.back_s)
    t.status = _ERROR if failed else 0
    note_visit(w, token, back_s)
    if failed:
        plan_token(w, token, back_s, AT_RESUME, E_RESUME)
        return -1.0
    return back_s


@compiled
def begin_cold(w: W, token: int) -> float:
    """When service begins in an instance that is started for it."""
    t = token_at(w, token)
    node = node_at(w, t.node)
    begin = w.now + start_own(w, token)
    stands_ready(w, token, begin)
    replica_at(w, t.replica).idle_since_s = begin
    if node.cold != node.service:
        t.work_s = draw(w, node.cold, t.key)
    return begin
