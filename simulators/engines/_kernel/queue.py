"""The events to come: the next few in order, and a binary heap of all the others.

Most events are among the very next to happen when they are planned: a place among the few spares them the heap. The few
are kept with the next one last; none of them comes after any of the heap, and there are some whenever there is any.
"""

# mypy: no-warn-return-any

from simulators.engines._kernel.jit import compiled, inlined
from simulators.engines._kernel.memory import Key, W, event_at, near_at
from simulators.engines._kernel.records import NEAR, ZERO

_AT_ONCE = 4
"""So many come out of the heap together."""


@inlined
def earlier(at_s: float, order: int, key: Key, other_s: float, other_order: int, other_key: Key) -> bool:
    """The order of moments that the contract fixes."""
    if at_s != other_s:
        return at_s < other_s
    if order != other_order:
        return order < other_order
    return key < other_key


@inlined
def plan_event(w: W, at_s: float, order: int, key: Key, kind: int, who: int, stamp: int) -> None:
    """Plan a moment."""
    w.next_s = min(w.next_s, at_s)
    if w.near_used == 0:
        write_event(near_at(w, ZERO), at_s, order, key, kind, who, stamp)
        w.near_used = 1
    else:
        _plan_beside(w, at_s, order, key, kind, who, stamp)


@compiled
def _plan_beside(w: W, at_s: float, order: int, key: Key, kind: int, who: int, stamp: int) -> None:
    """Plan a moment while others are planned."""
    n, last = w.near_used, near_at(w, ZERO)
    if (n == NEAR or w.heap_used > 0) and not earlier(at_s, order, key, last.at_s, last.order, last.key):
        sift_in(w, at_s, order, key, kind, who, stamp)
        return
    if n < NEAR:
        at = n
        w.near_used += 1
        while at > 0:
            other = near_at(w, at - 1)
            if earlier(at_s, order, key, other.at_s, other.order, other.key):
                break
            copy_event(near_at(w, at), other)
            at -= 1
    else:  # the last of the few makes room
        sift_in(w, last.at_s, last.order, last.key, last.kind, last.who, last.stamp)
        at = 0
        while at + 1 < n:
            other = near_at(w, at + 1)
            if not earlier(at_s, order, key, other.at_s, other.order, other.key):
                break
            copy_event(near_at(w, at), other)
            at += 1
    write_event(near_at(w, at), at_s, order, key, kind, who, stamp)


@inlined
def drop_next(w: W) -> None:
    """The next event is no longer to come."""
    w.near_used -= 1
    if w.near_used == 0:
        refill(w)


@compiled
def refill(w: W) -> None:
    """Take the next few out of the heap."""
    n = min(w.heap_used, _AT_ONCE)
    for at in range(n - 1, -1, -1):
        copy_event(near_at(w, at), event_at(w, ZERO))
        drop_first(w)
    w.near_used = n


@inlined
def write_event(event: W, at_s: float, order: int, key: Key, kind: int, who: int, stamp: int) -> None:
    event.at_s = at_s
    event.order = order
    event.key = key
    event.kind = kind
    event.who = who
    event.stamp = stamp


@inlined
def copy_event(event: W, other: W) -> None:
    write_event(event, other.at_s, other.order, other.key, other.kind, other.who, other.stamp)


@compiled
def sift_in(w: W, at_s: float, order: int, key: Key, kind: int, who: int, stamp: int) -> None:
    """Add an event to the heap."""
    at = w.heap_used
    w.heap_used += 1
    while at > 0:
        up = (at - 1) >> 1
        if not earlier(at_s, order, key, event_at(w, up).at_s, event_at(w, up).order, event_at(w, up).key):
            break
        copy_event(event_at(w, at), event_at(w, up))
        at = up
    write_event(event_at(w, at), at_s, order, key, kind, who, stamp)


@compiled
def drop_first(w: W) -> None:
    """Take the first event out of the heap."""
    w.heap_used -= 1
    n = w.heap_used
    last = event_at(w, n)
    at_s, order, key = last.at_s, last.order, last.key
    at = 0
    while True:
        down = 2 * at + 1
        if down >= n:
            break
        one = event_at(w, down)
        if down + 1 < n:
            two = event_at(w, down + 1)
            if earlier(two.at_s, two.order, two.key, one.at_s, one.order, one.key):
                down += 1
                one = two
        if not earlier(one.at_s, one.order, one.key, at_s, order, key):
            break
        copy_event(event_at(w, at), one)
        at = down
    copy_event(event_at(w, at), event_at(w, n))
