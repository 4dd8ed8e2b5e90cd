"""How a request finds a replica."""

# mypy: no-warn-return-any

from simulators.engines._draws import further_key, uniform
from simulators.engines._kernel.jit import compiled, inlined
from simulators.engines._kernel.memory import NO_KEY, Key, W, replica_at, unit_at
from simulators.engines._kernel.records import (
    DOWN,
    LEAST_CONNECTIONS,
    NONE,
    RANDOM,
    READY,
    ROUND_ROBIN,
)


@inlined
def choose(w: W, unit: int, stream: int, key: Key) -> int:
    """The replica that the balancer sends to; NONE when there is none to choose from."""
    u = unit_at(w, unit)
    return u.slots if u.steady != 0 and u.count == 1 else _choose(w, unit, stream, key)


@compiled
def _choose(w: W, unit: int, stream: int, key: Key) -> int:
    u = unit_at(w, unit)
    if u.balancing == ROUND_ROBIN:
        return next_in_turn(w, unit)
    n = u.count if u.steady != 0 else open_count(w, unit)
    if n == 0:
        return NONE
    if u.balancing == RANDOM:
        return nth_open(w, unit, int(uniform(stream, key) * n))
    if u.balancing == LEAST_CONNECTIONS:
        return least(w, unit)
    first = int(uniform(stream, key) * n)  # power of two choices
    if n == 1:
        return nth_open(w, unit, first)
    second = int(uniform(stream, further_key(key, NO_KEY)) * (n - 1))
    second += 1 if second >= first else 0
    one, two = nth_open(w, unit, first), nth_open(w, unit, second)
    return two if replica_at(w, two).in_flight < replica_at(w, one).in_flight else one


@inlined
def is_open(w: W, replica: int) -> bool:
    """Whether the balancer sends there: it is ready, or down and not noticed yet."""
    r = replica_at(w, replica)
    return r.state == READY or (r.state == DOWN and w.now < r.noticed_s)


@compiled
def open_count(w: W, unit: int) -> int:
    u = unit_at(w, unit)
    n = 0
    for replica in range(u.slots, u.slots + u.reached):
        n += 1 if is_open(w, replica) else 0
    return n


@compiled
def nth_open(w: W, unit: int, nth: int) -> int:
    """The nth replica open to requests, counted from 0."""
    u = unit_at(w, unit)
    if u.steady != 0:
        return u.slots + nth
    for replica in range(u.slots, u.slots + u.reached):
        if is_open(w, replica):
            if nth == 0:
                return replica
            nth -= 1
    return NONE


@compiled
def least(w: W, unit: int) -> int:
    """The replica with the fewest jobs, the first of several."""
    u = unit_at(w, unit)
    best = NONE
    for replica in range(u.slots, u.slots + u.reached):
        if is_open(w, replica) and (best == NONE or replica_at(w, replica).in_flight < replica_at(w, best).in_flight):
            best = replica
    return best


@compiled
def next_in_turn(w: W, unit: int) -> int:
    """The next after the last one chosen, or the first again."""
    u = unit_at(w, unit)
    slot = u.last
    for _ in range(u.reached):
        slot = slot + 1 if slot + 1 < u.reached else 0
        if is_open(w, u.slots + slot):
            u.last = slot
            return u.slots + slot
    return NONE
