"""Strands on their way: put on the pile of those that go on, planned, or over."""

# mypy: no-warn-return-any

from simulators.engines._kernel.books import at_time
from simulators.engines._kernel.jit import inlined
from simulators.engines._kernel.memory import Key, W, frame_at, piled_at, token_at
from simulators.engines._kernel.queue import plan_event
from simulators.engines._kernel.records import E_RESUME, NONE
from simulators.engines._kernel.tokens import arm, free_frame, free_token


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
def arrives_next(w: W, waiting: int, freed: int, token: int, at_s: float) -> bool:
    """Whether nothing else happens until then, the strand's own deadlines included: then it need not be planned, and
    the clock moves on to it. waiting, freed: what still has to be done at the present moment, if anything."""
    if waiting > 0 or freed != NONE or at_s >= w.next_s or at_s > token_at(w, token).deadline_s:
        return False
    at_time(w, at_s)
    return True


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
