"""Workers that stay occupied while what is inside their visit goes on elsewhere."""

# mypy: no-warn-return-any

from simulators.engines._kernel.draw import draw
from simulators.engines._kernel.jit import inlined
from simulators.engines._kernel.memory import W, frame_at, node_at, replica_at, slot_at, station_at, token_at
from simulators.engines._kernel.records import HOLD, NONE, ONE, WHO
from simulators.engines._kernel.serving import answer, free_worker
from simulators.engines._kernel.tokens import free_frame, new_frame, step_out

_ERROR = 3


@inlined
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


@inlined
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
