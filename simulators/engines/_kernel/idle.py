"""Instances of a function that nobody uses, the newest last, and those whose service ends at a known time.

An instance that will be idle at a known time joins the idle ones the next time that somebody looks for one: until then
nobody can tell the difference, and it takes no event.
"""

# mypy: no-warn-return-any

from simulators.engines._kernel.jit import compiled, inlined
from simulators.engines._kernel.memory import W, idle_at, replica_at, serving_at, unit_at
from simulators.engines._kernel.records import NONE, ZERO


@inlined
def newest_idle(w: W, unit: int) -> int:
    """Take the newest idle instance; NONE when there is none."""
    u = unit_at(w, unit)
    if u.idle_n == 0:
        return NONE
    u.idle_n -= 1
    return idle_at(w, u.slots + u.idle_n).replica


@inlined
def now_idle(w: W, replica: int) -> None:
    """Put it where it belongs. Those that were used last are among the newest, so that it is not far."""
    r = replica_at(w, replica)
    u = unit_at(w, r.unit)
    at = u.slots + u.idle_n
    u.idle_n += 1
    while at > u.slots and idle_at(w, at - 1).serial > r.serial:
        idle_at(w, at).serial = idle_at(w, at - 1).serial
        idle_at(w, at).replica = idle_at(w, at - 1).replica
        at -= 1
    idle_at(w, at).serial = r.serial
    idle_at(w, at).replica = replica


@compiled
def no_longer_idle(w: W, replica: int) -> None:
    """Take it out from among the others."""
    u = unit_at(w, replica_at(w, replica).unit)
    u.idle_n -= 1
    at = u.slots
    while idle_at(w, at).replica != replica:
        at += 1
    while at < u.slots + u.idle_n:
        idle_at(w, at).serial = idle_at(w, at + 1).serial
        idle_at(w, at).replica = idle_at(w, at + 1).replica
        at += 1


@compiled
def serves_until(w: W, replica: int, end_s: float) -> None:
    """Note when the instance will be idle: in the unit's binary heap, the earliest on top."""
    r = replica_at(w, replica)
    u = unit_at(w, r.unit)
    r.idle_since_s = end_s
    at = u.serving_n
    u.serving_n += 1
    while at > 0:
        up = (at - 1) >> 1
        above = serving_at(w, u.slots + up)
        if above.at_s <= end_s:
            break
        here = serving_at(w, u.slots + at)
        here.at_s = above.at_s
        here.value = above.value
        at = up
    here = serving_at(w, u.slots + at)
    here.at_s = end_s
    here.value = replica


@inlined
def take_back(w: W, unit: int) -> None:
    """Whoever has ended service by now is idle."""
    u = unit_at(w, unit)
    while u.serving_n > 0 and serving_at(w, u.slots).at_s <= w.now:
        now_idle(w, serving_at(w, u.slots).value)
        _drop_first(w, unit)


@compiled
def _drop_first(w: W, unit: int) -> None:
    u = unit_at(w, unit)
    u.serving_n -= 1
    n, at = u.serving_n, ZERO
    last = serving_at(w, u.slots + n)
    end_s = last.at_s
    while True:
        down = 2 * at + 1
        if down >= n:
            break
        if down + 1 < n and serving_at(w, u.slots + down + 1).at_s < serving_at(w, u.slots + down).at_s:
            down += 1
        below = serving_at(w, u.slots + down)
        if end_s <= below.at_s:
            break
        here = serving_at(w, u.slots + at)
        here.at_s = below.at_s
        here.value = below.value
        at = down
    here = serving_at(w, u.slots + at)
    here.at_s = end_s
    here.value = last.value
