"""Strands, frames and requests: taken from their free lists and given back."""

# mypy: no-warn-return-any

import math

from simulators.engines._draws import uniform
from simulators.engines._kernel.jit import compiled, inlined
from simulators.engines._kernel.memory import Key, W, as_key, frame_at, node_at, share_at, slot_at, token_at, watched_at
from simulators.engines._kernel.queue import plan_event
from simulators.engines._kernel.records import (
    AT_TIMEOUT,
    AWAY,
    BRANCHES,
    E_TIMEOUT,
    NONE,
    ROOT,
    TRY,
    WHO,
)


@inlined
def new_token(w: W, slot: int, key: Key, scope: int, node: int) -> int:
    """A strand of a request's work."""
    token = w.token_free
    t = token_at(w, token)
    w.token_free = t.next
    w.tokens_used += 1
    t.slot = slot
    t.key = key
    t.scope = scope
    t.node = node
    t.deadline_s = math.inf
    t.place = NONE
    t.life = 0
    t.status = 0
    t.deliveries = 1
    t.at = AWAY
    t.live = 1
    slot_at(w, slot).refs += 1
    return token


@inlined
def free_token(w: W, token: int) -> None:
    """The strand is over; so is the request's record, if it was the last."""
    t = token_at(w, token)
    t.stamp += 1
    t.live = 0
    t.next = w.token_free
    w.token_free = token
    w.tokens_used -= 1
    s = slot_at(w, t.slot)
    s.refs -= 1
    if s.refs == 0:
        s.next = w.slot_free
        w.slot_free = t.slot
        w.slots_used -= 1


@inlined
def new_frame(w: W, kind: int, node: int, token: int) -> int:
    """What the token will come back to; it remembers what the token is like outside."""
    frame = w.frame_free
    f = frame_at(w, frame)
    t = token_at(w, token)
    w.frame_free = f.next
    w.frames_used += 1
    f.kind = kind
    f.node = node
    f.parent = t.scope
    f.key = t.key
    f.place = t.place
    f.life = t.life
    f.saved_s = t.deadline_s
    f.slot = t.slot
    f.gone = 0
    f.armed = 0
    f.lost = 0
    f.ok = 0
    f.bad = 0
    f.live = 1
    f.deadline_s = math.inf
    return frame


@inlined
def free_frame(w: W, frame: int) -> None:
    f = frame_at(w, frame)
    f.stamp += 1
    f.live = 0
    f.next = w.frame_free
    w.frame_free = frame
    w.frames_used -= 1


@inlined
def step_out(w: W, token: int, frame: int) -> None:
    """The token is again what it was outside the frame."""
    t = token_at(w, token)
    f = frame_at(w, frame)
    t.scope = f.parent
    t.key = f.key
    t.place = f.place
    t.life = f.life
    t.deadline_s = f.saved_s


@inlined
def new_slot(w: W, number: int, at_s: float) -> int:
    """A request begins."""
    slot = w.slot_free
    s = slot_at(w, slot)
    w.slot_free = s.next
    w.slots_used += 1
    s.number = number
    s.scheduled_s = at_s
    s.end_s = math.nan
    s.start_s = math.inf
    s.start_where = 0
    s.cold_s = math.inf
    s.older_s = -1.0
    s.age_s = -1.0
    s.aged_s = -1.0
    s.bin = w.bin
    s.batch = next_batch(w)
    s.replica = NONE
    s.attempts = 1
    s.refs = 0
    s.status = 0
    s.done = 0
    s.version = version_of(w, number)
    s.watched = is_watched(w, number)
    w.arrived += 1
    return slot


@inlined
def next_batch(w: W) -> int:
    """The batch of the next request in order of arrival."""
    if w.batch_left == 0:
        w.batch_left = w.batch_size
        w.batch += 1
    w.batch_left -= 1
    return w.batch


@inlined
def version_of(w: W, number: int) -> int:
    """The version that answers: by the shares of now and the request's own draw."""
    version = 0
    if w.versions > 1:
        u = uniform(w.release, as_key(number))
        while version < w.versions - 1 and u >= share_at(w, version)[0]:
            version += 1
    return version


@inlined
def is_watched(w: W, number: int) -> int:
    return 0 if w.watch_n == 0 else _is_watched(w, number)


@compiled
def _is_watched(w: W, number: int) -> int:
    low, high = 0, w.watch_n
    while low < high:
        middle = (low + high) >> 1
        if watched_at(w, middle)[0] < number:
            low = middle + 1
        else:
            high = middle
    return 1 if low < w.watch_n and watched_at(w, low)[0] == number else 0


@compiled
def abandoned(w: W, token: int) -> bool:
    """Whether the strand, or anything that waits for it, was given up."""
    frame = token_at(w, token).scope
    while frame > ROOT:
        if frame_at(w, frame).gone != 0:
            return True
        frame = frame_at(w, frame).parent
    return False


@inlined
def plan_token(w: W, token: int, at_s: float, first_word: int, kind: int) -> None:
    """Plan the token's next moment, at its present step and key."""
    t = token_at(w, token)
    if at_s > t.deadline_s:
        arm(w, token, at_s)
    plan_event(w, at_s, first_word | t.who_where, t.key, kind, token, t.stamp)


@compiled
def arm(w: W, token: int, until_s: float) -> None:
    """Plan the deadlines of the tries around the token that pass before `until_s`.

    A deadline is planned only once nothing else can happen to the strand before it: most tries end first, and theirs
    never is.
    """
    frame = token_at(w, token).scope
    while frame > ROOT:
        f = frame_at(w, frame)
        if f.kind == BRANCHES and f.gone != 0:
            return
        if f.kind == TRY:
            if f.gone != 0:
                return
            if f.armed == 0 and f.deadline_s < until_s:
                f.armed = 1
                who_where = (slot_at(w, f.slot).number << WHO) | node_at(w, f.node).where
                at = AT_TIMEOUT | who_where
                plan_event(w, f.deadline_s, at, f.at_key, E_TIMEOUT, frame, f.stamp)
        frame = f.parent
