"""Access to the tables from compiled code.

The world is one record that holds the address and length of every table. So a function takes one pointer, not forty
arrays, and most functions need not be inlined, which keeps compiling short. `state.World` keeps the tables alive.
"""

# mypy: no-warn-return-any

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import carray, types  # type: ignore[attr-defined]
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
from simulators.engines._sketch import BUCKETS, LOWEST, PER_OCTAVE
from simulators.engines.contract import SPAN

W = Any
"""The world: a record of `records.MAIN`."""
Key = Any
"""A draw key: an unsigned word."""
NO_KEY: Key = np.uint64(0)


def _pointer_code(_context: Any, _address: Any) -> Any:
    """An address as a pointer."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], ir.IntType(8).as_pointer())

    return types.voidptr(types.int64), generate


_pointer: Any = intrinsic(_pointer_code)


def _bits_code(_context: Any, _value: Any) -> Any:
    """The bit pattern of a float."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.IntType(64))

    return types.int64(types.float64), generate


_bits: Any = intrinsic(_bits_code)


_BITS_BELOW = (1022 + LOWEST) * PER_OCTAVE
_BRANCH_BYTES = BRANCH.itemsize
_DESK_BYTES = DESK.itemsize
_EVENT_BYTES = EVENT.itemsize
_FRAME_BYTES = FRAME.itemsize
_GUARDING_BYTES = GUARDING.itemsize
_LINE_BYTES = LINE.itemsize
_NODE_BYTES = NODE.itemsize
_PILED_BYTES = PILED.itemsize
_REPLICA_BYTES = REPLICA.itemsize
_RINGED_BYTES = RINGED.itemsize
_ROW_BYTES = ROW.itemsize
_SIZE_BYTES = SIZE.itemsize
_SLOT_BYTES = SLOT.itemsize
_SLOW_BYTES = SLOW.itemsize
_SPAN_BYTES = SPAN.itemsize
_STATION_BYTES = STATION.itemsize
_TERM_BYTES = TERM.itemsize
_TOKEN_BYTES = TOKEN.itemsize
_UNIT_BYTES = UNIT.itemsize
_WAKE_BYTES = WAKE.itemsize


@inlined
def as_key(number: int) -> Key:
    return np.uint64(number)


@inlined
def samples(w: W) -> Records:
    return carray(_pointer(w.samples_at), w.samples_n, np.float64)


@inlined
def outcomes(w: W) -> Records:
    return carray(_pointer(w.outcomes_at), w.outcomes_n, np.uint8)


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
def heap(w: W) -> Records:
    return carray(_pointer(w.heap_at), w.heap_n, EVENT)


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
def batch_sum_s(w: W) -> Records:
    return carray(_pointer(w.batch_sum_s_at), w.batch_sum_s_n, np.float64)


@inlined
def batch_count(w: W) -> Records:
    return carray(_pointer(w.batch_count_at), w.batch_count_n, np.int64)


@inlined
def node_at(w: W, index: int) -> Any:
    return carray(_pointer(w.nodes_at + index * _NODE_BYTES), 1, NODE)[0]


@inlined
def term_at(w: W, index: int) -> Any:
    return carray(_pointer(w.terms_at + index * _TERM_BYTES), 1, TERM)[0]


@inlined
def branch_at(w: W, index: int) -> Any:
    return carray(_pointer(w.branches_at + index * _BRANCH_BYTES), 1, BRANCH)[0]


@inlined
def size_at(w: W, index: int) -> Any:
    return carray(_pointer(w.sizes_at + index * _SIZE_BYTES), 1, SIZE)[0]


@inlined
def wake_at(w: W, index: int) -> Any:
    return carray(_pointer(w.wakes_at + index * _WAKE_BYTES), 1, WAKE)[0]


@inlined
def slow_at(w: W, index: int) -> Any:
    return carray(_pointer(w.slows_at + index * _SLOW_BYTES), 1, SLOW)[0]


@inlined
def guard_at(w: W, index: int) -> Any:
    return carray(_pointer(w.guards_at + index * _GUARDING_BYTES), 1, GUARDING)[0]


@inlined
def station_at(w: W, index: int) -> Any:
    return carray(_pointer(w.stations_at + index * _STATION_BYTES), 1, STATION)[0]


@inlined
def unit_at(w: W, index: int) -> Any:
    return carray(_pointer(w.units_at + index * _UNIT_BYTES), 1, UNIT)[0]


@inlined
def kill_at(w: W, index: int) -> Any:
    return carray(_pointer(w.kills_at + index * _RINGED_BYTES), 1, RINGED)[0]


@inlined
def replica_at(w: W, index: int) -> Any:
    return carray(_pointer(w.replicas_at + index * _REPLICA_BYTES), 1, REPLICA)[0]


@inlined
def desk_at(w: W, index: int) -> Any:
    return carray(_pointer(w.desks_at + index * _DESK_BYTES), 1, DESK)[0]


@inlined
def line_at(w: W, index: int) -> Any:
    return carray(_pointer(w.lines_at + index * _LINE_BYTES), 1, LINE)[0]


@inlined
def wish_at(w: W, index: int) -> Any:
    return carray(_pointer(w.wishes_at + index * _RINGED_BYTES), 1, RINGED)[0]


@inlined
def change_at(w: W, index: int) -> Any:
    return carray(_pointer(w.changes_at + index * _RINGED_BYTES), 1, RINGED)[0]


@inlined
def token_at(w: W, index: int) -> Any:
    return carray(_pointer(w.tokens_at + index * _TOKEN_BYTES), 1, TOKEN)[0]


@inlined
def frame_at(w: W, index: int) -> Any:
    return carray(_pointer(w.frames_at + index * _FRAME_BYTES), 1, FRAME)[0]


@inlined
def slot_at(w: W, index: int) -> Any:
    return carray(_pointer(w.slots_at + index * _SLOT_BYTES), 1, SLOT)[0]


@inlined
def piled_at(w: W, index: int) -> Any:
    return carray(_pointer(w.pile_at + index * _PILED_BYTES), 1, PILED)[0]


@inlined
def row_at(w: W, index: int) -> Any:
    return carray(_pointer(w.rows_at + index * _ROW_BYTES), 1, ROW)[0]


@inlined
def span_at(w: W, index: int) -> Any:
    return carray(_pointer(w.spans_at + index * _SPAN_BYTES), 1, SPAN)[0]


@inlined
def event_at(w: W, index: int) -> Any:
    return carray(_pointer(w.heap_at + index * _EVENT_BYTES), 1, EVENT)[0]


@inlined
def station_bin(w: W, station: int, index: int) -> Records:
    """The fields of a station in one bin of the timeline."""
    return carray(_pointer(w.station_bins_at + 8 * ((station * (w.bins + 1) + index) * 7)), 7, np.float64)


@inlined
def unit_bin(w: W, unit: int, index: int) -> Records:
    """The fields of a unit in one bin of the timeline."""
    return carray(_pointer(w.unit_bins_at + 8 * ((unit * (w.bins + 1) + index) * 6)), 6, np.float64)


@inlined
def request_bin(w: W, index: int) -> Records:
    """The counts of requests scheduled in one bin."""
    return carray(_pointer(w.requests_at + 8 * 8 * index), 8, np.float64)


@inlined
def sketch_bin(w: W, index: int) -> Records:
    """The buckets of one bin."""
    return carray(_pointer(w.sketch_at + 4 * BUCKETS * index), BUCKETS, np.int32)


@inlined
def total_of(w: W, station: int) -> Records:
    """The totals of a station."""
    return carray(_pointer(w.totals_at + 8 * 4 * station), 4, np.float64)


@inlined
def factors_of(w: W, version: int, station: int) -> Records:
    """Service factor and error share."""
    return carray(_pointer(w.factors_at + 8 * 2 * (version * w.stations_n + station)), 2, np.float64)


@inlined
def bucket_of(value: float) -> int:
    """The same as `_sketch.bucket`, read off the exponent and the first bits of the fraction."""
    if value <= 0.0:
        return 0
    return min(max((_bits(value) >> 45) - _BITS_BELOW, 0), BUCKETS - 1)
