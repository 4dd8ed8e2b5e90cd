"""A caller's protection at work: deadline, retries with a budget, circuit breaker."""

# mypy: no-warn-return-any

from simulators.engines._draws import further_key, uniform
from simulators.engines._kernel.jit import compiled
from simulators.engines._kernel.memory import W, as_key, frame_at, guard_at, node_at, outcome_at, slot_at, token_at
from simulators.engines._kernel.records import (
    AT_RESUME,
    AT_RETRY,
    CLOSED,
    E_RESUME,
    E_RETRY,
    HALF_OPEN,
    OPEN,
    TRY,
    WHO,
)
from simulators.engines._kernel.tokens import new_frame, plan_token

_TRIES = 128
_REJECTED = 1


@compiled
def begin_try(w: W, token: int, at_s: float, number: int) -> bool:
    """A try begins, counted from 0; False if the breaker refuses it (which its caller learns in a moment)."""
    t = token_at(w, token)
    node = node_at(w, t.node)
    g = guard_at(w, node.guard)
    frame = new_frame(w, TRY, t.node, token)
    f = frame_at(w, frame)
    f.tries = number
    f.epoch = -1
    t.scope = frame
    t.status = 0
    if number > 0:
        t.key = further_key(t.key, as_key(node.where * _TRIES + number))
    f.at_key = t.key
    if g.breaks != 0 and not admits(w, node.guard, at_s):
        t.status = _REJECTED
        t.who_where = (slot_at(w, t.slot).number << WHO) | node.where
        plan_token(w, token, at_s, AT_RESUME, E_RESUME)
        return False
    f.epoch = g.epoch
    if g.timeout_s > 0:
        f.deadline_s = at_s + g.timeout_s
        t.deadline_s = min(t.deadline_s, f.deadline_s)
    t.node = node.inner
    return True


@compiled
def plan_retry(w: W, token: int, guard_node: int, number: int) -> bool:
    """After try `number` ended with the token's status: plan another, if the rules allow it."""
    t = token_at(w, token)
    node = node_at(w, guard_node)
    g = guard_at(w, node.guard)
    if number >= g.max_retries or (g.on >> t.status) & 1 == 0:
        return False
    if g.budget >= 0:
        if g.tokens < 1.0:
            return False
        g.tokens -= 1.0
    longest_s = min(g.cap_s, g.base_s * g.factor**number)
    u = uniform(node.choice, further_key(t.key, as_key(number)))
    t.node = guard_node
    t.tries = number + 1
    t.who_where = (slot_at(w, t.slot).number << WHO) | node.where
    plan_token(w, token, w.now + longest_s * (1.0 - g.jitter * u), AT_RETRY, E_RETRY)
    return True


@compiled
def admits(w: W, guard: int, now: float) -> bool:
    """Whether the breaker lets a try through."""
    g = guard_at(w, guard)
    if g.circuit == OPEN and now >= g.until_s:
        turn(w, guard, HALF_OPEN)
    if g.circuit == HALF_OPEN:
        g.admitted += 1
        return g.admitted <= g.probes
    return g.circuit == CLOSED


@compiled
def record(w: W, guard: int, epoch: int, good: bool) -> None:
    """A try that was admitted in `epoch` has ended now."""
    g = guard_at(w, guard)
    if g.breaks == 0 or epoch != g.epoch:
        return
    if g.circuit == HALF_OPEN:
        if not good:
            open_circuit(w, guard)
        else:
            g.good += 1
            if g.good == g.probes:
                turn(w, guard, CLOSED)
        return
    place = g.outcomes + g.head
    if g.seen == g.window:
        g.bad -= outcome_at(w, place)[0]
    else:
        g.seen += 1
    outcome_at(w, place)[0] = 0 if good else 1
    g.bad += outcome_at(w, place)[0]
    g.head = (g.head + 1) % g.window
    if g.seen == g.window and g.bad >= g.failure_share * g.window:
        open_circuit(w, guard)


@compiled
def open_circuit(w: W, guard: int) -> None:
    guard_at(w, guard).until_s = w.now + guard_at(w, guard).open_s
    turn(w, guard, OPEN)


@compiled
def turn(w: W, guard: int, circuit: int) -> None:
    g = guard_at(w, guard)
    g.circuit = circuit
    g.epoch += 1
    g.seen = 0
    g.bad = 0
    g.head = 0
    g.admitted = 0
    g.good = 0
