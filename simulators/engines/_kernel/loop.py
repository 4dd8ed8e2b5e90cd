"""The event loop."""

# mypy: no-warn-return-any

import numpy as np

from simulators.engines._kernel.autoscale import free_place, retire_youngest, sync
from simulators.engines._kernel.blocks import draw_block
from simulators.engines._kernel.books import at_time, levels, unit_levels, write_row
from simulators.engines._kernel.cpu import leave_cores
from simulators.engines._kernel.draw import draw
from simulators.engines._kernel.ending import fail, finish, time_out
from simulators.engines._kernel.functions import after_function, expire, instance_started, settle
from simulators.engines._kernel.guarding import begin_try
from simulators.engines._kernel.holding import hold
from simulators.engines._kernel.jit import compiled, entry, inlined
from simulators.engines._kernel.lane import along
from simulators.engines._kernel.lines import pull, start_due, tick
from simulators.engines._kernel.memory import (
    NO_KEY,
    Key,
    W,
    arrival_at,
    as_key,
    desk_at,
    frame_at,
    kill_at,
    near_at,
    node_at,
    replica_at,
    slot_at,
    station_at,
    token_at,
    unit_at,
)
from simulators.engines._kernel.queue import drop_next, earlier, plan_event, refill
from simulators.engines._kernel.records import (
    AHEAD,
    AT_DOOR,
    AT_MOMENT,
    AT_RESUME,
    AT_START,
    AT_TICK,
    AWAY,
    BOUNDARY,
    DONE,
    DOWN,
    E_ARRIVE,
    E_COMPLETE,
    E_CPU,
    E_CRASH,
    E_INSTANCE,
    E_KILL,
    E_READY,
    E_RESUME,
    E_RETRY,
    E_SCALE,
    E_START,
    E_STARTED,
    E_TICK,
    E_TIMEOUT,
    E_WAITED,
    END,
    FULL,
    GIVEN_UP,
    IN_LINE,
    NONE,
    PAUSED,
    PER_REQUEST,
    ROOT,
    STARTING,
    WHO,
    ZERO,
)
from simulators.engines._kernel.replicas import crash, left, open_replica, start_replica
from simulators.engines._kernel.serving import answer, ends_badly, free_worker, note_age, note_visit, way_back
from simulators.engines._kernel.starting import leave_starts
from simulators.engines._kernel.strands import go_on
from simulators.engines._kernel.tokens import new_slot, new_token
from simulators.engines._kernel.walk import walk


@entry
def run(main: W, most: int) -> int:
    """Process up to `most` events; returns why it stopped."""
    w = main[0]
    w.limit_s = min(w.boundary_s, w.given_up_s)
    if w.near_used == 0:
        refill(w)
    credit = 0
    while most > 0:
        most -= 1
        if credit == 0:
            credit = room(w)
            if credit <= 0:
                return FULL
        credit -= 1
        # The next moment: the next that is planned, or the next arrival of the schedule.
        planned_s, coming_s = next_planned(w), next_arrival(w)
        at_s = min(planned_s, coming_s)
        if at_s == np.inf:
            return the_end(w)
        if w.tokens_used == 0 and coming_s == np.inf and w.pending == 0 and at_s >= max(w.duration_s, w.last_s):
            return the_end(w)
        if at_s >= w.limit_s:
            return BOUNDARY if w.limit_s == w.boundary_s else GIVEN_UP
        if coming_s < planned_s or (coming_s == planned_s and comes_first(w)):
            kind, who, stamp, at_order, key = E_START, w.next, 0, AT_START | w.next << WHO, NO_KEY
            w.next += 1
            coming_s = next_arrival(w)
        else:
            event = near_at(w, w.near_used - 1)
            kind, who, stamp, at_order, key = event.kind, event.who, event.stamp, event.order, event.key
            drop_next(w)
            planned_s = next_planned(w)
        at_time(w, at_s)
        w.next_s = min(min(planned_s, coming_s), w.limit_s)

        n, desk, opened, failing = 0, NONE, NONE, NONE
        if kind == E_START or kind == E_ARRIVE:  # noqa: SIM109 - two comparisons compile to less than a tuple
            token = begin_request(w, who) if kind == E_START else who
            if node_at(w, token_at(w, token).node).lane == 0:
                n = go_on(w, ZERO, token, at_s, at_order, key, AT_MOMENT if kind == E_START else AT_DOOR)
            else:
                back_s = along(w, token, at_s, kind == E_ARRIVE, True)
                if back_s < 0.0:
                    continue
                t = token_at(w, token)
                if node_at(w, t.node).kind == END:
                    finish(w, token, back_s)
                    continue
                n = go_on(w, ZERO, token, back_s, AT_RESUME | t.who_where, t.key, AHEAD)
        elif kind == E_RESUME:
            if token_at(w, who).status == 0:
                n = go_on(w, ZERO, who, at_s, at_order, key, AT_MOMENT)
            else:
                failing = who
        elif kind == E_COMPLETE or kind == E_CPU:  # noqa: SIM109 - two comparisons compile to less than a tuple
            if kind == E_CPU:
                if replica_at(w, who).plan != stamp or replica_at(w, who).planned == NONE:
                    continue
                who = leave_cores(w, who)
            elif token_at(w, who).stamp != stamp:
                continue
            n, desk = complete(w, who, at_order, key)
        elif kind == E_RETRY:
            note_try(w, token_at(w, who).slot)
            if begin_try(w, who, at_s, token_at(w, who).tries):
                n = go_on(w, ZERO, who, at_s, at_order, key, AT_MOMENT)
        elif kind == E_TIMEOUT:
            if frame_at(w, who).stamp == stamp and frame_at(w, who).gone == 0:
                token, caught = time_out(w, who)
                if caught == 2:
                    n = go_on(w, ZERO, token, at_s, at_order, key, AT_MOMENT)
                elif caught == 0:
                    failing = token
        elif kind == E_WAITED:
            t = token_at(w, who)
            if t.stamp == stamp and t.at == IN_LINE:
                station = node_at(w, t.node).station
                line = station_at(w, station).line
                if t.replica != NONE:
                    line = desk_at(w, station_at(w, station).desk + replica_at(w, t.replica).slot).line
                start_due(w, station, t.replica, line)
        elif kind == E_TICK:
            plan_event(w, at_s + station_at(w, who).every_s, AT_TICK | who << WHO, NO_KEY, E_TICK, who, ZERO)
            tick(w, who)
        elif kind == E_SCALE:
            scale(w, who)
        elif kind == E_CRASH:
            if replica_at(w, who).serial == stamp:
                repair = unit_at(w, replica_at(w, who).unit).repair
                crash(w, who, draw(w, repair, as_key(stamp)))
        elif kind == E_KILL:
            crash(w, who, kill_at(w, stamp).at_s)
        elif kind == E_READY:
            r = replica_at(w, who)
            if r.serial == stamp and (r.state == STARTING or r.state == DOWN):
                open_replica(w, who)
                opened = who
        elif kind == E_INSTANCE:
            instance_started(w, who)
        elif kind == E_STARTED:
            if unit_at(w, who).start_plan == stamp and unit_at(w, who).start_n > 0:
                instance_started(w, leave_starts(w, who))
        else:
            expire(w, who)

        if failing != NONE:
            caught_up, desk = fail(w, failing)
            if caught_up:
                n = go_on(w, ZERO, failing, at_s, at_order, key, AT_MOMENT)
        while True:
            if desk != NONE or opened != NONE:
                take_next(w, desk, opened)
                desk, opened = NONE, NONE
            if n == 0:
                break
            desk = walk(w, n)
            n = 0
    return PAUSED


@inlined
def the_end(w: W) -> int:
    """Nothing more will happen; but what was worked out ahead may end later than the run is given up."""
    return DONE if w.last_s <= w.given_up_s else GIVEN_UP


@inlined
def next_planned(w: W) -> float:
    return near_at(w, w.near_used - 1).at_s if w.near_used > 0 else np.inf


@inlined
def next_arrival(w: W) -> float:
    return arrival_at(w, w.next)[0] if w.next < w.arrivals_n else np.inf


@compiled
def comes_first(w: W) -> bool:
    """Whether the next arrival is before what is planned for the same time."""
    event = near_at(w, w.near_used - 1)
    return earlier(event.at_s, AT_START | w.next << WHO, NO_KEY, event.at_s, event.order, event.key)


@compiled
def room(w: W) -> int:
    """For how many more events there surely is room in the arrays."""
    used = w.tokens_used + w.frames_used  # as many may be sent back by one crash
    events = (w.tokens_n - w.tokens_used) // w.steps
    events = min(events, (w.frames_n - w.frames_used) // w.steps)
    events = min(events, w.slots_n - w.slots_used - 1)
    events = min(events, (w.heap_n - w.heap_used - used) // (4 * w.steps))
    if w.watch_n > 0:
        events = min(events, (w.spans_n - w.spans_used - used) // (4 * w.steps))
    return events


@inlined
def begin_request(w: W, number: int) -> int:
    """The strand of a request that comes now."""
    if w.closed != 0:
        w.pending -= 1
    if number == w.drawn_upto:
        draw_block(w)
    slot = new_slot(w, number, w.now)
    return new_token(w, slot, as_key(number), ROOT, w.root)


@inlined
def answered(w: W, token: int, back_s: float) -> int:
    """The visit ends well, and its answer will be back then: the strand goes on ahead of the clock."""
    t = token_at(w, token)
    t.node = node_at(w, t.node).next
    return go_on(w, ZERO, token, back_s, AT_RESUME | t.who_where, t.key, AHEAD)


@inlined
def complete(w: W, first: int, at_order: int, key: Key) -> tuple[int, int]:
    """A service ends. Returns the strands that go on, and the desk whose worker is free."""
    t = token_at(w, first)
    node = node_at(w, t.node)
    s = station_at(w, node.station)
    now = w.now
    size, token = 0, first
    while token != NONE:
        each = token_at(w, token)
        each.status = 3 if ends_badly(w, token) else 0
        each.was_served = 1
        each.at = AWAY
        each.deliveries = 1
        if s.batching == 2:
            note_age(w, each.slot, now - each.start_s)
        size += 1
        token = each.batch
    if node.holds != 0 and t.status == 0:
        hold(w, first)
        return go_on(w, ZERO, first, now, at_order, key, AT_MOMENT), NONE
    desk = s.desk + replica_at(w, t.replica).slot
    free_worker(w, desk, node.station, first, size)
    if size == 1 and t.status == 0:
        back_s = now + way_back(w, first)
        note_visit(w, first, back_s)
        return answered(w, first, back_s), desk
    token = first
    while token != NONE:
        each = token_at(w, token)
        following = each.batch
        answer(w, token)
        if each.status == 0:
            each.node = node_at(w, each.node).next
        token = following
    return 0, desk


@compiled
def note_try(w: W, slot: int) -> None:
    """A retry begins: it counts if the request had not ended before."""
    s = slot_at(w, slot)
    if s.done == 0:
        s.attempts += 1
    elif w.now < s.end_s:  # its end was worked out ahead
        s.attempts += 1
        write_row(w, slot)


@compiled
def scale(w: W, unit: int) -> None:
    by = sync(w, unit)
    for _ in range(by):
        replica = free_place(w, unit)
        if replica == NONE:
            break
        start_replica(w, replica)
    for _ in range(-by):
        retire_youngest(w, unit)


@inlined
def take_next(w: W, desk: int, opened: int) -> None:
    """A worker is free, or a replica begins to serve: who waits for it is next."""
    replica = opened
    first, upto = 0, 0
    if desk != NONE:
        replica = desk_at(w, desk).replica
        first = desk_at(w, desk).station
        upto = first + 1
        if unit_at(w, replica_at(w, replica).unit).scaling == PER_REQUEST:
            after_function(w, desk, first)
            return
    else:
        u = unit_at(w, replica_at(w, replica).unit)
        first, upto = u.first_station, u.first_station + u.stations
    for station in range(first, upto):
        pull(w, station_at(w, station).desk + replica_at(w, replica).slot, station)
    left(w, replica)


@entry
def close(main: W, ended_s: float) -> None:
    """Bring the books up to the end."""
    w = main[0]
    at_time(w, ended_s)
    for station in range(w.stations_n):
        levels(w, station, ZERO, ZERO, ZERO)
    for unit in range(w.units_n):
        unit_levels(w, unit, ZERO, ZERO, 0.0)
        if unit_at(w, unit).scaling == PER_REQUEST:
            settle(w, unit)
