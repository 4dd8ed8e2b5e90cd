"""How requests end, and what happens when a step ends badly."""

# mypy: no-warn-return-any

from simulators.engines._kernel.books import count_end
from simulators.engines._kernel.guarding import plan_retry, record
from simulators.engines._kernel.holding import release
from simulators.engines._kernel.jit import compiled, inlined
from simulators.engines._kernel.memory import NO_KEY, W, frame_at, guard_at, node_at, slot_at, thought_at, token_at
from simulators.engines._kernel.queue import plan_event
from simulators.engines._kernel.records import AT_START, BRANCHES, DETACHED, E_START, NONE, ROOT, TRY, WHO, ZERO
from simulators.engines._kernel.strands import end_strand, over
from simulators.engines._kernel.tokens import free_frame, new_token, step_out


@inlined
def end_request(w: W, token: int, at_s: float, status: int) -> None:
    """The request is over; in a closed loop its user thinks and asks again."""
    s = slot_at(w, token_at(w, token).slot)
    s.done = 1
    s.end_s = at_s
    s.status = status
    if at_s <= w.given_up_s:
        count_end(w, token_at(w, token).slot)
    if w.closed != 0:
        number = s.number + 1
        if number % w.per_user != 0:
            plan_user(w, number, at_s)
        elif at_s < w.duration_s:
            w.used_up = 1


@compiled
def finish(w: W, token: int, at_s: float) -> None:
    """The strand is through with all its steps; so is the request, if it is the request's own."""
    if token_at(w, token).scope == ROOT:
        end_request(w, token, at_s, ZERO)
    over(w, token, at_s)


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
        if frame == ROOT or frame == DETACHED:  # noqa: SIM109 - two comparisons compile to less than a tuple
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
