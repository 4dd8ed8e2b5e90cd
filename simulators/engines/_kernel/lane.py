"""Visits one after the other that are all worked out on arrival, in one go.

A strand that comes to a station of one replica, whose visits are worked out ahead and are nothing but what their laws
and wakes say, stays in this loop for as long as such stations follow and nothing else happens before it is there. It
does what `walk` and `ahead` do; on its own it has the processor's registers to itself.
"""

# mypy: no-warn-return-any

from simulators.engines._kernel.ahead import joins, occupied_until
from simulators.engines._kernel.books import (
    ARRIVED,
    COMPLETED,
    SERVED,
    SOJOURN,
    WAITING,
    at_time,
    spread,
    taken_up,
    tally,
)
from simulators.engines._kernel.draw import draw, row_of
from simulators.engines._kernel.jit import compiled
from simulators.engines._kernel.memory import (
    W,
    desk_at,
    drawn_at,
    end_at,
    node_at,
    slot_at,
    station_bin,
    token_at,
    total_of,
)
from simulators.engines._kernel.queue import plan_event
from simulators.engines._kernel.records import AT_ARRIVE, E_ARRIVE, NONE, WHO, ZERO
from simulators.engines._kernel.serving import at_the_door, note_visit, refuse, wake
from simulators.engines._kernel.tokens import plan_token

_REJECTED = 1


@compiled
def along(w: W, token: int, at_s: float, at_door: bool, alone: bool) -> float:
    """Go on through visits from `at_s` on; returns when the strand is at a step of another kind, or -1 if an event was
    planned. alone: whether no other strand goes on at this moment."""
    t = token_at(w, token)
    key, deadline_s, next_s = t.key, t.deadline_s, w.next_s
    row = row_of(w, key)
    slot = slot_at(w, t.slot)
    who = slot.number << WHO
    while True:
        node = node_at(w, t.node)
        if node.lane == 0:
            return at_s
        if at_door:
            at_door = False
            work_s, back_s = t.work_s, t.back_s
        else:
            t.who_where = who | node.where
            t.sent_s = at_s
            if row != NONE:
                at_s += drawn_at(w, node.hop_out_at + row)[0]
                work_s = drawn_at(w, node.service_at + row)[0]
                back_s = drawn_at(w, node.hop_back_at + row)[0]
            else:
                at_s += draw(w, node.hop_out, key)
                work_s = draw(w, node.service, key)
                back_s = draw(w, node.hop_back, key)
            if not alone or at_s >= next_s or at_s > deadline_s:
                t.work_s, t.back_s = work_s, back_s
                if at_s > deadline_s:
                    plan_token(w, token, at_s, AT_ARRIVE, E_ARRIVE)
                else:
                    plan_event(w, at_s, AT_ARRIVE | t.who_where, key, E_ARRIVE, token, t.stamp)
                return -1.0
            at_time(w, at_s)
        t.place = node.place
        t.life = 0
        begin = at_s
        bins = station_bin(w, node.station, w.bin)
        bins[ARRIVED] += 1.0
        if node.workers > 0 and end_at(w, node.ends)[0] > at_s:
            begin = end_at(w, node.ends)[0]
            if node.queue_limit >= 0 and not joins(w, node.desk, node.queue_limit, at_s, begin):
                at_the_door(w, token)
                t.back_s = back_s
                t.replica = node.place
                refuse(w, token, _REJECTED)
                return -1.0
        taken_up(w, t.slot, begin, node.where, 0)
        extra_s = 0.0
        d = desk_at(w, node.desk)
        if begin - d.last_end_s >= node.least_idle_s:
            t.extra_s = 0.0
            work_s += wake(w, token, node.station, ZERO, begin - d.last_end_s)
            extra_s = t.extra_s
        done = begin + work_s
        d.last_end_s = max(d.last_end_s, done)
        if node.workers > 0:
            occupied_until(w, node.ends, node.workers, done)
        if done < w.bin_end_s:
            bins[WAITING] += begin - at_s
            bins[SERVED] += work_s
            bins[COMPLETED] += 1.0
        else:
            spread(w, node.station, WAITING, 1.0, at_s, begin)
            spread(w, node.station, SERVED, 1.0, begin, done)
            tally(w, node.station, COMPLETED, done)
        total_of(w, node.station)[SOJOURN] += done - at_s
        delay_s = drawn_at(w, node.delay_at + row)[0] if row != NONE else draw(w, node.delay, key)
        answered_s = done + (delay_s + extra_s + back_s)
        if slot.watched != 0:
            t.arrive_s, t.start_s, t.end_s = at_s, begin, done
            t.cold = 0
            t.replica = node.place
            note_visit(w, token, answered_s)
        at_s = answered_s
        t.node = node.next
