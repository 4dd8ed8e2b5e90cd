"""Lines in front of desks: who waits, and who is next."""

# mypy: no-warn-return-any

import math

from simulators.engines._kernel.books import levels, occupy
from simulators.engines._kernel.jit import compiled, inlined
from simulators.engines._kernel.memory import W, desk_at, line_at, node_at, replica_at, station_at, token_at, unit_at
from simulators.engines._kernel.records import DRAINING, IN_LINE, MICRO_BATCH, NONE, ONE, READY, SINGLY, ZERO
from simulators.engines._kernel.serving import lose, start_later
from simulators.engines._kernel.tokens import abandoned, arm


@compiled
def wait(w: W, line: int, token: int) -> None:
    """Join the line."""
    t = token_at(w, token)
    queue = line_at(w, line)
    t.at = IN_LINE
    t.next = NONE
    if queue.count == 0:
        queue.head = token
    else:
        token_at(w, queue.tail).next = token
    queue.tail = token
    queue.count += 1
    levels(w, node_at(w, t.node).station, ONE, ZERO, ZERO)
    if t.replica != NONE:
        occupy(w, t.replica, ONE, ZERO)
    if t.deadline_s < math.inf:
        arm(w, token, math.inf)


@inlined
def enter(w: W, token: int, replica: int) -> None:
    """Straight to a worker, without waiting."""
    place(w, token, replica)
    occupy(w, replica, ONE, ZERO)


@inlined
def place(w: W, token: int, replica: int) -> None:
    t = token_at(w, token)
    t.replica = replica
    t.place = replica
    t.life = replica_at(w, replica).life


@compiled
def next_in_line(w: W, line: int, station: int, replica: int) -> int:
    """The head of the line, on its way to a worker; NONE if it was dropped."""
    queue = line_at(w, line)
    token = queue.head
    t = token_at(w, token)
    queue.head = t.next
    queue.count -= 1
    levels(w, station, -ONE, ZERO, ZERO)
    if station_at(w, station).drop != 0 and abandoned(w, token):
        held = t.replica
        lose(w, token, station)
        if held != NONE:
            occupy(w, held, -ONE, ZERO)
        return NONE
    if t.replica == NONE:
        enter(w, token, replica)
    t.batch = NONE
    return token


@inlined
def free_desk(w: W, station: int, replica: int) -> int:
    """A desk with a free worker: the replica's own, or for a shared line the lowest-numbered that is ready."""
    s = station_at(w, station)
    u = unit_at(w, s.unit)
    if replica != NONE:
        desk = s.desk + replica_at(w, replica).slot
        return desk if desk_at(w, desk).free > 0 else NONE
    for slot in range(u.count):
        if desk_at(w, s.desk + slot).free > 0 and replica_at(w, u.slots + slot).state == READY:
            return s.desk + slot
    return NONE


@inlined
def works(w: W, station: int, replica: int) -> bool:
    """One that drains finishes its own line, and takes nothing more from a shared one."""
    state = replica_at(w, replica).state
    return state == READY or (state == DRAINING and station_at(w, station).shared == 0)


@inlined
def pull(w: W, desk: int, station: int) -> None:
    """The desk's free workers take from its line what is there."""
    s = station_at(w, station)
    d = desk_at(w, desk)
    if s.batching == SINGLY:
        while d.free > 0 and line_at(w, d.line).count > 0 and works(w, station, d.replica):
            token = next_in_line(w, d.line, station, d.replica)
            if token != NONE:
                start_later(w, desk, token, ONE)
    elif s.batching == MICRO_BATCH:
        start_due(w, station, NONE if s.shared != 0 else d.replica, d.line)


@compiled
def start_due(w: W, station: int, replica: int, line: int) -> None:
    """Begin batches while a worker is free and enough jobs wait, or the first has waited long enough."""
    s = station_at(w, station)
    while line_at(w, line).count > 0:
        desk = free_desk(w, station, replica)
        if desk == NONE or not works(w, station, desk_at(w, desk).replica):
            return
        first = token_at(w, line_at(w, line).head)
        if line_at(w, line).count < s.max_size and first.arrive_s + s.max_wait_s > w.now:
            return
        start_batch(w, station, desk, s.max_size)


@compiled
def start_batch(w: W, station: int, desk: int, most: int) -> None:
    """A free worker takes up to `most` from the line as one batch."""
    d = desk_at(w, desk)
    first, last, size = NONE, NONE, 0
    for _ in range(min(most, line_at(w, d.line).count)):
        token = next_in_line(w, d.line, station, d.replica)
        if token == NONE:
            continue
        if first == NONE:
            first = token
        else:
            token_at(w, last).batch = token
        last = token
        size += 1
    if size > 0:
        start_later(w, desk, first, size)


@compiled
def tick(w: W, station: int) -> None:
    """Scheduled batch: in each replica a free worker takes all that waits."""
    s = station_at(w, station)
    for slot in range(unit_at(w, s.unit).count):
        d = desk_at(w, s.desk + slot)
        if d.free > 0 and line_at(w, d.line).count > 0 and replica_at(w, d.replica).state == READY:
            start_batch(w, station, s.desk + slot, line_at(w, d.line).count)
