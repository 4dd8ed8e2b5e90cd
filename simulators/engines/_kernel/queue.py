"""The events to come: a binary event_at, with the earliest of the newly planned in front of it.

At low load most events are planned and then are the very next to happen; the place in front saves them the heap.
"""

# mypy: no-warn-return-any

from simulators.engines._kernel.jit import compiled, inlined
from simulators.engines._kernel.memory import Key, W, event_at
from simulators.engines._kernel.records import E_NONE


@inlined
def earlier(at_s: float, order: int, key: Key, other_s: float, other_order: int, other_key: Key) -> bool:
    """The order of moments that the contract fixes."""
    if at_s != other_s:
        return at_s < other_s
    if order != other_order:
        return order < other_order
    return key < other_key


@inlined
def copy_event(w: W, to: int, source: int) -> None:
    event, other = event_at(w, to), event_at(w, source)
    event.at_s = other.at_s
    event.order = other.order
    event.key = other.key
    event.stamp = other.stamp
    event.kind = other.kind
    event.who = other.who


@compiled
def sift_in(w: W, at_s: float, order: int, key: Key, kind: int, who: int, stamp: int) -> None:
    """Add an event to the heap."""
    at = w.heap_used
    w.heap_used += 1
    while at > 0:
        up = (at - 1) >> 1
        if not earlier(at_s, order, key, event_at(w, up).at_s, event_at(w, up).order, event_at(w, up).key):
            break
        copy_event(w, at, up)
        at = up
    event = event_at(w, at)
    event.at_s = at_s
    event.order = order
    event.key = key
    event.kind = kind
    event.who = who
    event.stamp = stamp


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
        copy_event(w, at, down)
        at = down
    copy_event(w, at, n)


@inlined
def plan_event(w: W, at_s: float, order: int, key: Key, kind: int, who: int, stamp: int) -> None:
    """Plan a moment."""
    w.next_s = min(w.next_s, at_s)
    if w.front_kind == E_NONE:
        set_front(w, at_s, order, key, kind, who, stamp)
    else:
        _plan_beside(w, at_s, order, key, kind, who, stamp)


@compiled
def _plan_beside(w: W, at_s: float, order: int, key: Key, kind: int, who: int, stamp: int) -> None:
    """Plan a moment while another is in front."""
    if earlier(at_s, order, key, w.front_s, w.front_order, w.front_key):
        sift_in(w, w.front_s, w.front_order, w.front_key, w.front_kind, w.front_who, w.front_stamp)
        set_front(w, at_s, order, key, kind, who, stamp)
    else:
        sift_in(w, at_s, order, key, kind, who, stamp)


@inlined
def set_front(w: W, at_s: float, order: int, key: Key, kind: int, who: int, stamp: int) -> None:
    w.front_s = at_s
    w.front_order = order
    w.front_key = key
    w.front_kind = kind
    w.front_who = who
    w.front_stamp = stamp
