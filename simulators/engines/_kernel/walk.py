"""How a strand goes on through the tree of calls, and what happens when something ends badly.

When the end of a visit is known ahead (see `ahead`), the strand goes on ahead of the clock through all steps that touch
nothing shared: it chooses, forks, joins, passes guards whose deadline it keeps, and ends, all without an event. At the
first step that reads or changes shared state (a breaker, a budget, a held worker) it stops and plans the moment at
which it will be there. The outcome is the same as if every answer were an event of its own.
"""

# mypy: no-warn-return-any

import math

from simulators.engines._draws import uniform
from simulators.engines._kernel.arriving import arrive
from simulators.engines._kernel.draw import draw, draw_in, row_of
from simulators.engines._kernel.ending import finish
from simulators.engines._kernel.guarding import begin_try, record
from simulators.engines._kernel.holding import release
from simulators.engines._kernel.jit import inlined
from simulators.engines._kernel.lane import along
from simulators.engines._kernel.memory import (
    Key,
    W,
    branch_at,
    frame_at,
    guard_at,
    node_at,
    piled_at,
    slot_at,
    token_at,
)
from simulators.engines._kernel.queue import earlier
from simulators.engines._kernel.records import (
    AHEAD,
    AT_ARRIVE,
    AT_COMPLETE,
    AT_DOOR,
    AT_MOMENT,
    AT_RESUME,
    BRANCHES,
    CACHE,
    CHOICE,
    DETACHED,
    E_ARRIVE,
    FORK,
    GUARD,
    JOIN,
    NONE,
    RELEASE,
    SPAWN,
    UNGUARD,
    VISIT,
    WHO,
    ZERO,
)
from simulators.engines._kernel.serving import note_visit, way_back
from simulators.engines._kernel.strands import arrives_next, be_there, end_strand, go_on, over
from simulators.engines._kernel.tokens import free_frame, new_frame, new_token, plan_token, step_out


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
                if node.lane != 0:
                    at_s = along(w, token, at_s, at_moment == AT_DOOR, n == 0 and freed == NONE)
                    if at_s < 0.0:
                        break
                    at_order = AT_RESUME | t.who_where
                    key = t.key
                    at_moment = AHEAD
                    continue
                if at_moment != AT_DOOR:
                    t.who_where = (slot_at(w, t.slot).number << WHO) | node.where
                    t.sent_s = at_s
                    row = row_of(w, t.key)
                    at_s += draw_in(w, node.hop_out, t.key, row)
                    t.work_s = draw_in(w, node.service, t.key, row)
                    t.back_s = draw_in(w, node.hop_back, t.key, row)
                    if not arrives_next(w, n, freed, token, at_s):
                        plan_token(w, token, at_s, AT_ARRIVE, E_ARRIVE)
                        break
                at_s = arrive(w, token)
                if at_s < 0.0:
                    break
                at_order = AT_RESUME | t.who_where
                if node.holds != 0:  # its service is over, and it goes on inside
                    at_order = AT_COMPLETE | t.who_where
                else:
                    t.node = node.next
                key = t.key
                at_moment = AHEAD
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
                    if not arrives_next(w, n, freed, token, at_s):
                        be_there(w, token, at_s, at_order, key)
                        break
                    at_moment = AT_MOMENT
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
                    if not arrives_next(w, n, freed, token, at_s):
                        be_there(w, token, at_s, at_order, key)
                        break
                    at_moment = AT_MOMENT
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
                    if not arrives_next(w, n, freed, token, at_s):
                        be_there(w, token, at_s, at_order, key)
                        break
                    at_moment = AT_MOMENT
                record(w, node.guard, f.epoch, True)
                step_out(w, token, frame)
                free_frame(w, frame)
                t.node = node.next
            elif node.kind == RELEASE:
                if at_moment == AHEAD:
                    if not arrives_next(w, n, freed, token, at_s):
                        be_there(w, token, at_s, at_order, key)
                        break
                    at_moment = AT_MOMENT
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
                finish(w, token, at_s)
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
