"""Kubernetes' HorizontalPodAutoscaler at work on one unit."""

# mypy: no-warn-return-any

from simulators.engines._hpa import limited, stabilised, wanted
from simulators.engines._kernel.ahead import busy_until, left_to_do
from simulators.engines._kernel.books import occupy
from simulators.engines._kernel.cpu import run_cores
from simulators.engines._kernel.jit import compiled
from simulators.engines._kernel.memory import NO_KEY, W, change_at, replica_at, unit_at, wish_at
from simulators.engines._kernel.queue import plan_event
from simulators.engines._kernel.records import (
    ABSENT,
    AT_SCALE,
    DOWN,
    DRAINING,
    E_SCALE,
    NONE,
    READY,
    STARTING,
    WHO,
    ZERO,
)
from simulators.engines._kernel.replicas import retire


@compiled
def sync(w: W, unit: int) -> int:
    """Compare the metric with its target; how many replicas to start, or minus how many to retire."""
    u = unit_at(w, unit)
    now = w.now
    plan_event(w, now + u.sync_s, AT_SCALE | unit << WHO, NO_KEY, E_SCALE, unit, ZERO)
    ready, unready, total = 0, 0, 0.0
    for replica in range(u.slots, u.slots + u.count):
        state = replica_at(w, replica).state
        if state == DRAINING and u.ahead != 0 and busy_until(w, replica) <= now:
            replica_at(w, replica).state = ABSENT
        elif state == READY:
            ready += 1
            total += metric(w, replica)
        elif state == STARTING or state == DOWN:  # noqa: SIM109 - two comparisons compile to less than a tuple
            unready += 1
    current = ready + unready
    wish = wanted(total, ready, unready, u.target, u.tolerance)
    wish_at(w, u.wishes + u.wishes_n % u.wishes_size).at_s = now
    wish_at(w, u.wishes + u.wishes_n % u.wishes_size).value = wish
    u.wishes_n += 1
    lowest, highest = wish, wish
    for i in range(min(u.wishes_n, u.wishes_size)):
        past = wish_at(w, u.wishes + i)
        if past.at_s >= now - u.up_s:
            lowest = min(lowest, past.value)
        if past.at_s >= now - u.down_s:
            highest = max(highest, past.value)
    wish = stabilised(current, lowest, highest)
    begin = current
    for i in range(min(u.changes_n, u.changes_size)):
        if change_at(w, u.changes + i).at_s > now - u.period_s:
            begin -= change_at(w, u.changes + i).value
    goal = limited(current, wish, begin, u.up_replicas, u.up_share, u.minimum, u.maximum)
    if goal != current:
        change_at(w, u.changes + u.changes_n % u.changes_size).at_s = now
        change_at(w, u.changes + u.changes_n % u.changes_size).value = goal - current
        u.changes_n += 1
    return goal - current


@compiled
def metric(w: W, replica: int) -> float:
    """Mean over the time since the last sync in which the replica was ready; then begin anew."""
    r = replica_at(w, replica)
    u = unit_at(w, r.unit)
    left_s = 0.0
    occupy(w, replica, ZERO, ZERO)
    if u.on_flight != 0:
        mean = r.flight_area / u.sync_s
    elif u.cores > 0:
        run_cores(w, replica)
        mean = r.used_s / u.sync_s / u.capacity
        r.used_s = 0.0
    else:
        if u.ahead != 0:
            left_s = left_to_do(w, replica)
        mean = (r.busy_area - left_s) / u.sync_s / u.capacity
    r.flight_area = 0.0
    r.busy_area = left_s
    return mean


@compiled
def free_place(w: W, unit: int) -> int:
    """The lowest place without a replica."""
    u = unit_at(w, unit)
    for replica in range(u.slots, u.slots + u.count):
        if replica_at(w, replica).state == ABSENT:
            return replica
    return NONE


@compiled
def retire_youngest(w: W, unit: int) -> None:
    """Those that do not serve yet go first, then the one begun last."""
    u = unit_at(w, unit)
    chosen, chosen_unready = NONE, False
    for replica in range(u.slots, u.slots + u.count):
        r = replica_at(w, replica)
        unready = r.state == STARTING or r.state == DOWN
        if not unready and (r.state != READY or chosen_unready):
            continue
        if chosen == NONE or (unready and not chosen_unready) or r.serial > replica_at(w, chosen).serial:
            chosen, chosen_unready = replica, unready
    if chosen != NONE:
        retire(w, chosen)
