"""The events to come: a binary heap, with the earliest of the newly planned in front of it.

At low load most events are planned and then are the very next to happen; the place in front saves them the heap.
"""

# mypy: no-warn-return-any

from simulators.engines._kernel.jit import compiled, inlined
from simulators.engines._kernel.memory import Key, W, heap
from simulators.engines._kernel.records import E_NONE


@inlined
def earlier(at_s: float, order: int, key: Key, other_s: float, other_order: int, other_key: Key) -> bool:
    """The order of moments that the contract fixes."""
    if at_s != other_s:
        return at_s < other_s
    if order != other_order:
        return order < other_order
    return key < other_key


@compiled
def sift_in(w: W, at_s: float, order: int, key: Key, kind: int, who: int, stamp: int) -> None:
    """Add an event to the heap."""
    events = heap(w)
    at = w.heap_used
    w.heap_used += 1
    while at > 0:
        up = (at - 1) >> 1
        if not earlier(at_s, order, key, events[up].at_s, events[up].order, events[up].key):
            break
        events[at] = events[up]
        at = up
    event = events[at]
    event.at_s = at_s
    event.order = order
    event.key = key
    event.kind = kind
    event.who = who
    event.stamp = stamp


@compiled
def drop_first(w: W) -> None:
    """Take the first event out of the heap."""
    events = heap(w)
    w.heap_used -= 1
    n = w.heap_used
    last = events[n]
    at_s, order, key = last.at_s, last.order, last.key
    at = 0
    while True:
        down = 2 * at + 1
        if down >= n:
            break
        one = events[down]
        if down + 1 < n:
            two = events[down + 1]
            if earlier(two.at_s, two.order, two.key, one.at_s, one.order, one.key):
                down += 1
                one = two
        if not earlier(one.at_s, one.order, one.key, at_s, order, key):
            break
        events[at] = events[down]
        at = down
    events[at] = events[n]


@compiled
def plan_event(w: W, at_s: float, order: int, key: Key, kind: int, who: int, stamp: int) -> None:
    """Plan a moment."""
    if w.front_kind == E_NONE:
        pass
    elif earlier(at_s, order, key, w.front_s, w.front_order, w.front_key):
        sift_in(w, w.front_s, w.front_order, w.front_key, w.front_kind, w.front_who, w.front_stamp)
    else:
        sift_in(w, at_s, order, key, kind, who, stamp)
        return
    w.front_s = at_s
    w.front_order = order
    w.front_key = key
    w.front_kind = kind
    w.front_who = who
    w.front_stamp = stamp
