"""Start-ups that share processors: with n under way on c processors each progresses at rate min(1, c/n).

By virtual time, as in `cpu`. There are few at a time, so that the next to be done is looked for among all instances.
"""

# mypy: no-warn-return-any

from simulators.engines._kernel.cpu import rate_of
from simulators.engines._kernel.jit import compiled
from simulators.engines._kernel.memory import NO_KEY, W, replica_at, unit_at
from simulators.engines._kernel.queue import plan_event
from simulators.engines._kernel.records import AT_READY, E_STARTED, NONE, WHO


@compiled
def join_starts(w: W, unit: int, replica: int, token: int, work_s: float) -> None:
    """An instance begins to start for this request, and needs so much processor time."""
    run_starts(w, unit)
    u, r = unit_at(w, unit), replica_at(w, replica)
    if u.start_n == 0:
        u.start_virtual = 0.0
        u.start_planned = NONE
    r.start_finish = u.start_virtual + work_s
    r.start_token = token
    if u.start_n == 0 or sooner(w, replica, u.start_first):
        u.start_first = replica
    u.start_n += 1
    plan_start(w, unit)


@compiled
def leave_starts(w: W, unit: int) -> int:
    """The request whose instance has started now."""
    run_starts(w, unit)
    u = unit_at(w, unit)
    first = replica_at(w, u.start_first)
    token = first.start_token
    first.start_token = NONE
    u.start_virtual = first.start_finish
    u.start_planned = NONE
    u.start_n -= 1
    if u.start_n > 0:
        u.start_first = NONE
        for replica in range(u.slots, u.slots + u.count):
            if replica_at(w, replica).start_token != NONE and (
                u.start_first == NONE or sooner(w, replica, u.start_first)
            ):
                u.start_first = replica
        plan_start(w, unit)
    return token


@compiled
def sooner(w: W, one: int, two: int) -> bool:
    a, b = replica_at(w, one), replica_at(w, two)
    return a.start_finish < b.start_finish or (a.start_finish == b.start_finish and a.slot < b.slot)


@compiled
def run_starts(w: W, unit: int) -> None:
    """Let virtual time run until now."""
    u = unit_at(w, unit)
    u.start_virtual += (w.now - u.start_since_s) * rate_of(u.start_n, u.start_cores)
    u.start_since_s = w.now


@compiled
def plan_start(w: W, unit: int) -> None:
    """Plan the next start-up to be done, if it is another or the rate is."""
    u = unit_at(w, unit)
    rate = rate_of(u.start_n, u.start_cores)
    if u.start_planned == u.start_first and u.start_rate == rate:
        return
    u.start_planned = u.start_first
    u.start_rate = rate
    u.start_plan += 1
    r = replica_at(w, u.start_first)
    at_s = w.now + max(0.0, r.start_finish - u.start_virtual) / rate
    plan_event(w, at_s, AT_READY | unit << WHO | r.slot, NO_KEY, E_STARTED, unit, u.start_plan)
