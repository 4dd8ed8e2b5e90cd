"""A request reaches a station."""

# mypy: no-warn-return-any

from simulators.engines._kernel.ahead import visit_ahead
from simulators.engines._kernel.balancing import choose
from simulators.engines._kernel.books import (
    ARRIVED,
    tally,
)
from simulators.engines._kernel.functions import arrive_at_function
from simulators.engines._kernel.functions_ahead import function_ahead
from simulators.engines._kernel.jit import inlined
from simulators.engines._kernel.lines import enter, free_desk, place, start_due, wait
from simulators.engines._kernel.memory import (
    W,
    desk_at,
    line_at,
    node_at,
    replica_at,
    station_at,
    token_at,
    unit_at,
)
from simulators.engines._kernel.queue import plan_event
from simulators.engines._kernel.records import (
    AT_WAITED,
    DRAINING,
    E_WAITED,
    IN_LINE,
    MICRO_BATCH,
    NONE,
    ONE,
    PER_REQUEST,
    READY,
    SINGLY,
)
from simulators.engines._kernel.serving import at_the_door, refuse, start

_REJECTED, _ERROR = 1, 3


@inlined
def arrive(w: W, token: int) -> float:
    """The token is at the door of its step's station. Returns when its answer is back, where that is known already and
    the answer is good, or when service ends that holds its worker; otherwise -1, and an event was planned."""
    t = token_at(w, token)
    node = node_at(w, t.node)
    s = station_at(w, node.station)
    if s.ahead != 0:
        return visit_ahead(w, token) if s.areas == 0 else function_ahead(w, token)
    at_the_door(w, token)
    tally(w, node.station, ARRIVED, w.now)
    if unit_at(w, node.unit).scaling == PER_REQUEST:
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
            start(w, desk, token, ONE)
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
            plan_event(w, at_s, AT_WAITED | t.who_where, t.key, E_WAITED, token, t.stamp)
