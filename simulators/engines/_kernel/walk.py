"""How a strand goes on through the tree of calls, and what happens when something ends badly.

When the end of a visit is known ahead (see `serve_ahead`), the strand goes on ahead of the clock through all steps that
touch nothing shared: it chooses, forks, joins, passes guards whose deadline it keeps, and ends, all without an event. At
the first step that reads or changes shared state (a breaker, a budget, a held worker) it stops and plans the moment at
which it will be there. The outcome is the same as if every answer were an event of its own.
"""

# mypy: no-warn-return-any

import math

from simulators.engines._draws import uniform
from simulators.engines._kernel.arriving import arrive
from simulators.engines._kernel.books import at_time, count_end
from simulators.engines._kernel.draw import draw
from simulators.engines._kernel.guarding import begin_try, plan_retry, record
from simulators.engines._kernel.jit import compiled, inlined
from simulators.engines._kernel.memory import (
    NO_KEY,
    Key,
    W,
    arrival_at,
    branch_at,
    event_at,
    frame_at,
    guard_at,
    node_at,
    piled_at,
    replica_at,
    slot_at,
    station_at,
    thought_at,
    token_at,
)
from simulators.engines._kernel.queue import earlier, plan_event
from simulators.engines._kernel.records import (
    AHEAD,
    AT_ARRIVE,
    AT_DOOR,
    AT_RESUME,
    AT_START,
    BRANCHES,
    CACHE,
    CHOICE,
    DETACHED,
    E_ARRIVE,
    E_NONE,
    E_RESUME,
    E_START,
    FORK,
    GUARD,
    HOLD,
    JOIN,
    NONE,
    ONE,
    RELEASE,
    ROOT,
    SPAWN,
    TRY,
    UNGUARD,
    VISIT,
    WHO,
    ZERO,
)
from simulators.engines._kernel.serving import answer, free_worker, note_visit, way_back
from simulators.engines._kernel.tokens import (
    arm,
    free_frame,
    free_token,
    new_frame,
    new_token,
    plan_token,
    step_out,
)

_ERROR = 3


@inlined
def go_on(w: W, n: int, token: int, at_s: float, at_order: int, key: Key, at_moment: int) -> int:
    """Put a strand on the pile of those that go on; returns the pile's new height."""
    work = piled_at(w, n)
    work.token = token
    work.at_s = at_s
    work.order = at_order
    work.key = key
    work.at_moment = at_moment
    return n + 1


@inlined
def be_there(w: W, token: int, at_s: float, at_order: int, key: Key) -> None:
    """Plan the moment at which the strand reaches its present step."""
    t = token_at(w, token)
    if at_s > t.deadline_s:
        arm(w, token, at_s)
    plan_event(w, at_s, at_order, key, E_RESUME, token, t.stamp)


@inlined
def is_next(w: W, token: int, at_s: float) -> bool:
    """Whether nothing else happens until then, the strand's own deadlines included: then it need not be planned."""
    return (
        at_s <= token_at(w, token).deadline_s
        and (w.front_kind == E_NONE or at_s < w.front_s)
        and (w.heap_used == 0 or at_s < event_at(w, ZERO).at_s)
        and (w.next == w.arrivals_n or at_s < arrival_at(w, w.next)[0])
        and at_s < w.limit_s
    )


@inlined
def walk(w: W, n: int) -> int:
    """Let the n strands on the pile go on until each has planned an event or is over.

    Returns the desk whose worker was freed on the way, or NONE.
    """
    freed = NONE
    while n > 0:
        n -= 1
        work = piled_at(w, n)
        token, at_s, at_order, key, at_moment = work.token, work.at_s, work.order, work.key, work.at_moment
        t = token_at(w, token)
        while True:
            node = node_at(w, t.node)
            if node.kind == VISIT:
                if at_moment != AT_DOOR:
                    t.who_where = (slot_at(w, t.slot).number << WHO) | node.where
                    t.sent_s = at_s
                    t.status = 0
                    t.deliveries = 1
                    # All that the visit needs is drawn at once: the draws then overlap in the processor.
                    at_s += draw(w, node.hop_out, t.key)
                    t.work_s = draw(w, node.service, t.key)
                    t.back_s = draw(w, node.hop_back, t.key)
                    if n > 0 or freed != NONE or not is_next(w, token, at_s):
                        plan_token(w, token, at_s, AT_ARRIVE, E_ARRIVE)
                        break
                    at_time(w, at_s)
                at_s = arrive(w, token)
                if at_s < 0.0:
                    break
                at_order = AT_RESUME | t.who_where
                key = t.key
                at_moment = AHEAD
                t.node = node.next
                continue
            if node.kind == CHOICE:
                u = uniform(node.choice, t.key)
                t.node = node.next
                for i in range(node.first, node.first + node.count):
                    if u < branch_at(w, i).upto:
                        t.node = branch_at(w, i).entry
                        break
            elif node.kind == CACHE:
                if node.lookup != NONE:
                    at_s += draw(w, node.lookup, t.key)
                    at_order = AT_RESUME | slot_at(w, t.slot).number << WHO | node.where
                    key = t.key
                    at_moment = AHEAD
                t.node = node.next if uniform(node.choice, t.key) < node.hit else node.inner
            elif node.kind == SPAWN:
                child = new_token(w, t.slot, t.key, DETACHED, node.inner)
                token_at(w, child).place = t.place
                token_at(w, child).life = t.life
                n = go_on(w, n, child, at_s, at_order, key, at_moment)
                t.node = node.next
            elif node.kind == FORK:
                n = fork(w, n, token, at_s, at_order, key, at_moment)
                break
            elif node.kind == JOIN:
                f = frame_at(w, t.scope)
                fan = node.count
                if f.gone == 0 and node.need < fan and at_moment == AHEAD:
                    be_there(w, token, at_s, at_order, key)
                    break
                f.ok += 1
                if f.gone != 0 or f.ok < node.need:
                    if earlier(f.at_s, f.order, f.at_key, at_s, at_order, key):
                        f.at_s = at_s
                        f.order = at_order
                        f.at_key = key
                    end_strand(w, token, at_s, fan)
                    break
                frame = t.scope
                if earlier(at_s, at_order, key, f.at_s, f.order, f.at_key):
                    at_s = f.at_s
                    at_order = f.order
                    key = f.at_key
                    at_moment = AHEAD
                step_out(w, token, frame)
                f.gone = 1
                if f.ok + f.bad == fan:
                    free_frame(w, frame)
                t.node = node.next
            elif node.kind == GUARD:
                g = guard_at(w, node.guard)
                if node.pure == 0 and at_moment == AHEAD:
                    be_there(w, token, at_s, at_order, key)
                    break
                if g.budget >= 0:
                    g.tokens = min(g.burst, g.tokens + g.budget)
                if not begin_try(w, token, at_s, ZERO):
                    break
            elif node.kind == UNGUARD:
                frame = t.scope
                f = frame_at(w, frame)
                if f.gone != 0:
                    free_frame(w, frame)
                    over(w, token, at_s)
                    break
                if at_moment == AHEAD and (node.pure == 0 or at_s > f.deadline_s):
                    be_there(w, token, at_s, at_order, key)
                    break
                record(w, node.guard, f.epoch, True)
                step_out(w, token, frame)
                free_frame(w, frame)
                t.node = node.next
            elif node.kind == RELEASE:
                if at_moment == AHEAD:
                    be_there(w, token, at_s, at_order, key)
                    break
                freed = release(w, token)
                if t.status != 0:
                    break
                at_s += way_back(w, token)
                note_visit(w, token, at_s)
                at_order = AT_RESUME | t.who_where
                key = t.key
                at_moment = AHEAD
                t.node = node_at(w, t.node).next
            else:  # END or DIE
                if t.scope == ROOT:
                    end_request(w, token, at_s, ZERO)
                over(w, token, at_s)
                break
    return freed


@inlined
def fork(w: W, n: int, token: int, at_s: float, at_order: int, key: Key, at_moment: int) -> int:
    """All branches begin at once, each a strand."""
    t = token_at(w, token)
    node = node_at(w, t.node)
    frame = new_frame(w, BRANCHES, t.node, token)
    frame_at(w, frame).at_s = -math.inf
    frame_at(w, frame).order = 0
    frame_at(w, frame).at_key = 0
    for i in range(node.first + node.count - 1, node.first, -1):
        child = new_token(w, t.slot, t.key, frame, branch_at(w, i).entry)
        token_at(w, child).place = t.place
        token_at(w, child).life = t.life
        token_at(w, child).deadline_s = t.deadline_s
        n = go_on(w, n, child, at_s, at_order, key, at_moment)
    t.scope = frame
    t.node = branch_at(w, node.first).entry
    return go_on(w, n, token, at_s, at_order, key, at_moment)


@inlined
def end_strand(w: W, token: int, at_s: float, fan: int) -> None:
    """A branch is over, and its fork has no use for the strand."""
    frame = token_at(w, token).scope
    f = frame_at(w, frame)
    if f.ok + f.bad == fan:
        free_frame(w, frame)
    over(w, token, at_s)


@inlined
def over(w: W, token: int, at_s: float) -> None:
    w.last_s = max(w.last_s, at_s)
    free_token(w, token)


@compiled
def release(w: W, token: int) -> int:
    """What the held worker waited for is done: it is free, unless it crashed meanwhile."""
    t = token_at(w, token)
    frame = t.scope
    f = frame_at(w, frame)
    step_out(w, token, frame)
    t.node = f.node
    t.who_where = (slot_at(w, t.slot).number << WHO) | node_at(w, f.node).where
    t.replica = f.replica
    t.arrive_s = f.arrive_s
    t.start_s = f.start_s
    t.sent_s = f.sent_s
    t.extra_s = f.extra_s
    t.cold = f.cold
    t.back_s = draw(w, node_at(w, f.node).hop_back, t.key)
    t.was_served = 1
    t.batch = NONE
    freed = NONE
    if f.lost != 0:
        t.status = _ERROR
        t.end_s = f.at_s
    else:
        station = node_at(w, f.node).station
        freed = station_at(w, station).desk + replica_at(w, f.replica).slot
        free_worker(w, freed, station, token, ONE)
    free_frame(w, frame)
    if t.status != 0:
        answer(w, token)
    return freed


@compiled
def hold(w: W, token: int) -> None:
    """Service is over, and the worker waits for what is inside."""
    t = token_at(w, token)
    frame = new_frame(w, HOLD, t.node, token)
    f = frame_at(w, frame)
    f.replica = t.replica
    f.own_life = replica_at(w, t.replica).life
    f.arrive_s = t.arrive_s
    f.start_s = t.start_s
    f.sent_s = t.sent_s
    f.extra_s = t.extra_s
    f.cold = t.cold
    t.scope = frame
    t.node = node_at(w, t.node).inner


@inlined
def end_request(w: W, token: int, at_s: float, status: int) -> None:
    """The request is over; in a closed loop its user thinks and asks again."""
    s = slot_at(w, token_at(w, token).slot)
    s.done = 1
    s.end_s = at_s
    s.status = status
    count_end(w, token_at(w, token).slot)
    if w.closed != 0:
        number = s.number + 1
        if number % w.per_user != 0:
            plan_user(w, number, at_s)
        elif at_s < w.duration_s:
            w.used_up = 1


@compiled
def plan_user(w: W, number: int, since_s: float) -> None:
    """A user's next request, after the pause to think."""
    at_s = since_s + thought_at(w, number)[0]
    if at_s < w.duration_s:
        w.pending += 1
        plan_event(w, at_s, AT_START | number << WHO, NO_KEY, E_START, number, ZERO)


@compiled
def fail(w: W, token: int) -> tuple[bool, int]:
    """The strand's step ended badly, with its status: undo what is around it until something catches that.

    Returns whether the strand goes on as if nothing had happened, and the desk whose worker was freed.
    """
    t = token_at(w, token)
    now = w.now
    while True:
        frame = t.scope
        if frame == ROOT:
            end_request(w, token, now, t.status)
        if frame == ROOT or frame == DETACHED:
            over(w, token, now)
            return False, NONE
        f = frame_at(w, frame)
        if f.kind == TRY:
            if f.gone != 0:
                free_frame(w, frame)
                over(w, token, now)
                return False, NONE
            node, number, epoch = f.node, f.tries, f.epoch
            step_out(w, token, frame)
            free_frame(w, frame)
            caught = failed_try(w, token, node, number, epoch)
            if caught > 0:
                return caught == 2, NONE
        elif f.kind == BRANCHES:
            node = node_at(w, f.node)
            f.bad += 1
            if f.gone != 0 or f.bad <= node.count - node.need:
                end_strand(w, token, now, node.count)
                return False, NONE
            f.gone = 1
            step_out(w, token, frame)
            if f.ok + f.bad == node.count:
                free_frame(w, frame)
        else:
            return False, release(w, token)


@compiled
def failed_try(w: W, token: int, guard_node: int, number: int, epoch: int) -> int:
    """A try ended badly. 0: so does the guard; 1: another is planned; 2: the guard lets it pass."""
    t = token_at(w, token)
    node = node_at(w, guard_node)
    record(w, node.guard, epoch, False)
    if plan_retry(w, token, guard_node, number):
        return 1
    if guard_at(w, node.guard).optional != 0:
        t.status = 0
        t.node = node.next
        return 2
    return 0


@compiled
def time_out(w: W, frame: int) -> tuple[int, int]:
    """A try's deadline passes: its work goes on as nobody's, and a new strand goes on in its caller's name.

    Returns that strand and what `failed_try` said.
    """
    f = frame_at(w, frame)
    f.gone = 1
    token = new_token(w, f.slot, f.key, f.parent, f.node)
    t = token_at(w, token)
    t.place = f.place
    t.life = f.life
    t.deadline_s = f.saved_s
    t.status = 2
    return token, failed_try(w, token, f.node, f.tries, f.epoch)
