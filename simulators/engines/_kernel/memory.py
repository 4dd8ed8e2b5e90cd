"""Access to the tables from compiled code.

The world is one record that holds the address and length of every table. So a function takes one pointer, not forty
arrays, and most functions need not be inlined, which keeps compiling short. `state.World` keeps the tables alive.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import carray, types
from numba.extending import intrinsic

from simulators.engines._kernel.jit import inlined
from simulators.engines._kernel.records import (
    BRANCH,
    DESK,
    EVENT,
    FRAME,
    GUARDING,
    LINE,
    NODE,
    PILED,
    REPLICA,
    RINGED,
    ROW,
    SIZE,
    SLOT,
    SLOW,
    STATION,
    TERM,
    TOKEN,
    UNIT,
    WAKE,
)
from simulators.engines._kernel.state import Records
from simulators.engines._sketch import BUCKETS
from simulators.engines.contract import SPAN

W = Any
"""The world: a record of `records.MAIN`."""


@intrinsic  # type: ignore[untyped-decorator]
def _pointer(_context: Any, _address: Any) -> Any:
    """An address as a pointer."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], ir.IntType(8).as_pointer())

    return types.voidptr(types.int64), generate


@inlined
def nodes(w: W) -> Records:
    return carray(_pointer(w.nodes_at), w.nodes_n, NODE)


@inlined
def terms(w: W) -> Records:
    return carray(_pointer(w.terms_at), w.terms_n, TERM)


@inlined
def samples(w: W) -> Records:
    return carray(_pointer(w.samples_at), w.samples_n, np.float64)


@inlined
def branches(w: W) -> Records:
    return carray(_pointer(w.branches_at), w.branches_n, BRANCH)


@inlined
def sizes(w: W) -> Records:
    return carray(_pointer(w.sizes_at), w.sizes_n, SIZE)


@inlined
def wakes(w: W) -> Records:
    return carray(_pointer(w.wakes_at), w.wakes_n, WAKE)


@inlined
def slows(w: W) -> Records:
    return carray(_pointer(w.slows_at), w.slows_n, SLOW)


@inlined
def factors(w: W) -> Records:
    return carray(_pointer(w.factors_at), (w.versions, w.stations_n, 2), np.float64)


@inlined
def guards(w: W) -> Records:
    return carray(_pointer(w.guards_at), w.guards_n, GUARDING)


@inlined
def outcomes(w: W) -> Records:
    return carray(_pointer(w.outcomes_at), w.outcomes_n, np.uint8)


@inlined
def stations(w: W) -> Records:
    return carray(_pointer(w.stations_at), w.stations_n, STATION)


@inlined
def units(w: W) -> Records:
    return carray(_pointer(w.units_at), w.units_n, UNIT)


@inlined
def kills(w: W) -> Records:
    return carray(_pointer(w.kills_at), w.kills_n, RINGED)


@inlined
def replicas(w: W) -> Records:
    return carray(_pointer(w.replicas_at), w.replicas_n, REPLICA)


@inlined
def desks(w: W) -> Records:
    return carray(_pointer(w.desks_at), w.desks_n, DESK)


@inlined
def lines(w: W) -> Records:
    return carray(_pointer(w.lines_at), w.lines_n, LINE)


@inlined
def ends(w: W) -> Records:
    return carray(_pointer(w.ends_at), w.ends_n, np.float64)


@inlined
def starts(w: W) -> Records:
    return carray(_pointer(w.starts_at), w.starts_n, np.float64)


@inlined
def vacant(w: W) -> Records:
    return carray(_pointer(w.vacant_at), w.vacant_n, np.int64)


@inlined
def idle(w: W) -> Records:
    return carray(_pointer(w.idle_at), w.idle_n, np.int64)


@inlined
def wishes(w: W) -> Records:
    return carray(_pointer(w.wishes_at), w.wishes_n, RINGED)


@inlined
def changes(w: W) -> Records:
    return carray(_pointer(w.changes_at), w.changes_n, RINGED)


@inlined
def tokens(w: W) -> Records:
    return carray(_pointer(w.tokens_at), w.tokens_n, TOKEN)


@inlined
def frames(w: W) -> Records:
    return carray(_pointer(w.frames_at), w.frames_n, FRAME)


@inlined
def slots(w: W) -> Records:
    return carray(_pointer(w.slots_at), w.slots_n, SLOT)


@inlined
def heap(w: W) -> Records:
    return carray(_pointer(w.heap_at), w.heap_n, EVENT)


@inlined
def pile(w: W) -> Records:
    return carray(_pointer(w.pile_at), w.pile_n, PILED)


@inlined
def shares(w: W) -> Records:
    return carray(_pointer(w.shares_at), w.shares_n, np.float64)


@inlined
def arrivals(w: W) -> Records:
    return carray(_pointer(w.arrivals_at), w.arrivals_n, np.float64)


@inlined
def think_s(w: W) -> Records:
    return carray(_pointer(w.think_s_at), w.think_s_n, np.float64)


@inlined
def watch(w: W) -> Records:
    return carray(_pointer(w.watch_at), w.watch_n, np.int64)


@inlined
def rows(w: W) -> Records:
    return carray(_pointer(w.rows_at), w.rows_n, ROW)


@inlined
def requests(w: W) -> Records:
    return carray(_pointer(w.requests_at), (w.bins + 1, 8), np.float64)


@inlined
def sketch(w: W) -> Records:
    return carray(_pointer(w.sketch_at), (w.bins + 1, BUCKETS), np.int32)


@inlined
def batch_sum_s(w: W) -> Records:
    return carray(_pointer(w.batch_sum_s_at), w.batch_sum_s_n, np.float64)


@inlined
def batch_count(w: W) -> Records:
    return carray(_pointer(w.batch_count_at), w.batch_count_n, np.int64)


@inlined
def station_bins(w: W) -> Records:
    return carray(_pointer(w.station_bins_at), (w.stations_n, w.bins + 1, 7), np.float64)


@inlined
def totals(w: W) -> Records:
    return carray(_pointer(w.totals_at), (w.stations_n, 4), np.float64)


@inlined
def unit_bins(w: W) -> Records:
    return carray(_pointer(w.unit_bins_at), (w.units_n, w.bins + 1, 6), np.float64)


@inlined
def spans(w: W) -> Records:
    return carray(_pointer(w.spans_at), w.spans_n, SPAN)
