"""Cores that all jobs in service in a replica share equally: processor sharing by virtual time.

The jobs are a pairing heap by the virtual time at which they are done (Fredman, Sedgewick, Sleator and Tarjan, "The
pairing heap", Algorithmica 1986): any number of them, linked through the tokens.
"""

# mypy: no-warn-return-any

from simulators.engines._kernel.books import unit_levels
from simulators.engines._kernel.jit import compiled, inlined
from simulators.engines._kernel.memory import W, replica_at, token_at, unit_at
from simulators.engines._kernel.queue import earlier, plan_event
from simulators.engines._kernel.records import AT_COMPLETE, E_CPU, NONE, ONE, ZERO


@compiled
def meld(w: W, one: int, two: int) -> int:
    """The top of two heaps made one."""
    if one == NONE:
        return two
    if two == NONE:
        return one
    a, b = token_at(w, one), token_at(w, two)
    if earlier(b.finish, b.who_where, b.key, a.finish, a.who_where, a.key):
        one, two = two, one
    token_at(w, two).sibling = token_at(w, one).child
    token_at(w, one).child = two
    return one


@compiled
def without_top(w: W, top: int) -> int:
    """What is the top when the top is taken out: pair the children up, then meld the pairs from the last."""
    child = token_at(w, top).child
    token_at(w, top).child = NONE
    pairs = NONE
    while child != NONE:
        second = token_at(w, child).sibling
        token_at(w, child).sibling = NONE
        following = NONE
        if second != NONE:
            following = token_at(w, second).sibling
            token_at(w, second).sibling = NONE
        pair = meld(w, child, second)
        token_at(w, pair).sibling = pairs
        pairs = pair
        child = following
    whole = NONE
    while pairs != NONE:
        following = token_at(w, pairs).sibling
        token_at(w, pairs).sibling = NONE
        whole = meld(w, whole, pairs)
        pairs = following
    return whole


@inlined
def rate_of(jobs: int, cores: float) -> float:
    return 1.0 if jobs <= cores else cores / jobs


@inlined
def run_cores(w: W, replica: int) -> None:
    """Let virtual time run until now."""
    r = replica_at(w, replica)
    cores = unit_at(w, r.unit).cores
    passed = w.now - r.cpu_since_s
    r.used_s += passed * min(float(r.jobs), cores)
    r.virtual += passed * rate_of(r.jobs, cores)
    r.cpu_since_s = w.now


@inlined
def cores_changed(w: W, replica: int, by: int) -> None:
    """Jobs came or went: plan the next to be done anew, if it is another or the rate is."""
    r = replica_at(w, replica)
    cores = unit_at(w, r.unit).cores
    unit_levels(w, r.unit, ZERO, ZERO, min(float(r.jobs), cores) - min(float(r.jobs - by), cores))
    if r.top == NONE:
        r.planned = NONE
        return
    rate = rate_of(r.jobs, cores)
    if r.planned == r.top and r.rate == rate:
        return
    r.planned = r.top
    r.rate = rate
    r.plan += 1
    t = token_at(w, r.top)
    at_s = w.now + max(0.0, t.finish - r.virtual) / rate
    plan_event(w, at_s, AT_COMPLETE | t.who_where, t.key, E_CPU, replica, r.plan)


@inlined
def join_cores(w: W, replica: int, token: int, work_s: float) -> None:
    """A service begins that needs this much processor time."""
    run_cores(w, replica)
    r = replica_at(w, replica)
    if r.top == NONE:
        r.virtual = 0.0
    t = token_at(w, token)
    t.finish = r.virtual + work_s
    t.child = NONE
    t.sibling = NONE
    r.top = meld(w, r.top, token)
    r.jobs += 1
    cores_changed(w, replica, ONE)


@inlined
def leave_cores(w: W, replica: int) -> int:
    """The token whose service is done now."""
    run_cores(w, replica)
    r = replica_at(w, replica)
    token = r.top
    r.virtual = token_at(w, token).finish
    r.top = without_top(w, token)
    r.jobs -= 1
    r.planned = NONE
    cores_changed(w, replica, -ONE)
    return token


@compiled
def clear_cores(w: W, replica: int) -> None:
    """Everything in service is lost."""
    run_cores(w, replica)
    r = replica_at(w, replica)
    lost = r.jobs
    r.top = NONE
    r.jobs = 0
    r.plan += 1
    cores_changed(w, replica, -lost)
