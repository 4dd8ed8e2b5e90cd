"""Access to the tables from compiled code.

The world is one record that holds the address and length of every table. So a function takes one pointer, not forty
arrays, and most functions need not be inlined, which keeps compiling short. `state.World` keeps the tables alive.

The addresses stay the same while compiled code runs (tables grow between two calls of it), which the compiler is told:
it then reads each of them once.
"""

# mypy: no-warn-return-any

from typing import Any

import numba
import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic

from simulators.engines._kernel import records as r
from simulators.engines._kernel.jit import inlined
from simulators.engines._sketch import BUCKETS, LOWEST, PER_OCTAVE
from simulators.engines.contract import REQUEST_FIELDS, SPAN, STATION_FIELDS, STATION_TOTALS, UNIT_FIELDS

W = Any
"""The world: a record of `records.MAIN`."""
Key = Any
"""A draw key: an unsigned word."""
NO_KEY: Key = np.uint64(0)
_MAIN: Any = numba.from_dtype(r.MAIN)
_WORD, _BYTE = ir.IntType(64), ir.IntType(8)


def _address(builder: Any, world: Any, table: str) -> Any:
    """Code that reads the address of a table."""
    field = builder.ptrtoint(world, _WORD)
    field = builder.add(field, ir.Constant(_WORD, _MAIN.offset(f"{table}_at")))
    address = builder.load(builder.inttoptr(field, _WORD.as_pointer()))
    address.set_metadata("invariant.load", builder.module.add_metadata([]))
    return address


def _records(table: str, dtype: np.dtype[np.void]) -> Any:
    """A function (world, index) → the record at that place of a table."""
    kind = numba.from_dtype(dtype)

    def code(_typing: Any, world: Any, _index: Any) -> Any:
        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            place = builder.mul(arguments[1], ir.Constant(_WORD, dtype.itemsize))
            address = builder.add(_address(builder, arguments[0], table), place)
            return builder.inttoptr(address, context.get_value_type(kind))

        return kind(world, types.int64), generate

    return intrinsic(code)


def _values(table: str, kind: Any, bytes_each: int, count: int = 1) -> Any:
    """A function (world, index) → the values from there on, of a table with `count` of them in a row."""
    pointer = types.CPointer(kind)  # type: ignore[no-untyped-call]

    def code(_typing: Any, world: Any, _index: Any) -> Any:
        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            place = builder.mul(arguments[1], ir.Constant(_WORD, bytes_each * count))
            address = builder.add(_address(builder, arguments[0], table), place)
            return builder.inttoptr(address, context.get_value_type(pointer))

        return pointer(world, types.int64), generate

    return intrinsic(code)


node_at = _records("nodes", r.NODE)
term_at = _records("terms", r.TERM)
branch_at = _records("branches", r.BRANCH)
size_at = _records("sizes", r.SIZE)
wake_at = _records("wakes", r.WAKE)
slow_at = _records("slows", r.SLOW)
guard_at = _records("guards", r.GUARDING)
station_at = _records("stations", r.STATION)
unit_at = _records("units", r.UNIT)
kill_at = _records("kills", r.RINGED)
replica_at = _records("replicas", r.REPLICA)
desk_at = _records("desks", r.DESK)
line_at = _records("lines", r.LINE)
wish_at = _records("wishes", r.RINGED)
change_at = _records("changes", r.RINGED)
idle_at = _records("idle", r.IDLE)
serving_at = _records("serving", r.RINGED)
column_at = _records("columns", r.COLUMN)
token_at = _records("tokens", r.TOKEN)
frame_at = _records("frames", r.FRAME)
slot_at = _records("slots", r.SLOT)
near_at = _records("near", r.EVENT)
event_at = _records("heap", r.EVENT)
piled_at = _records("pile", r.PILED)
row_at = _records("rows", r.ROW)
span_at = _records("spans", SPAN)

sample_at = _values("samples", types.float64, 8)
drawn_at = _values("drawn", types.float64, 8)
place_at = _values("places", types.int64, 8)
chance_at = _values("chances", types.float64, 8)
end_at = _values("ends", types.float64, 8)
start_at = _values("starts", types.float64, 8)
arrival_at = _values("arrivals", types.float64, 8)
thought_at = _values("think_s", types.float64, 8)
share_at = _values("shares", types.float64, 8)
outcome_at = _values("outcomes", types.uint8, 1)
vacant_at = _values("vacant", types.int64, 8)
watched_at = _values("watch", types.int64, 8)
batch_sum_at = _values("batch_sum_s", types.float64, 8)
batch_count_at = _values("batch_count", types.int64, 8)
total_of = _values("totals", types.float64, 8, len(STATION_TOTALS))
request_bin = _values("requests", types.float64, 8, len(REQUEST_FIELDS))
sketch_bin = _values("sketch", types.int32, 4, BUCKETS)
_station_row = _values("station_bins", types.float64, 8, len(STATION_FIELDS))
_unit_row = _values("unit_bins", types.float64, 8, len(UNIT_FIELDS))
_factor_row = _values("factors", types.float64, 8, 2)


@inlined
def station_bin(w: W, station: int, index: int) -> Any:
    """The fields of a station in one bin of the timeline."""
    return _station_row(w, station * (w.bins + 1) + index)


@inlined
def unit_bin(w: W, unit: int, index: int) -> Any:
    """The fields of a unit in one bin of the timeline."""
    return _unit_row(w, unit * (w.bins + 1) + index)


@inlined
def factors_of(w: W, version: int, station: int) -> Any:
    """Service factor and error share."""
    return _factor_row(w, version * w.stations_n + station)


@inlined
def as_key(number: int) -> Key:
    return np.uint64(number)


def _bits_code(_typing: Any, _value: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], _WORD)

    return types.int64(types.float64), generate


_bits: Any = intrinsic(_bits_code)  # the bit pattern of a float
_BITS_BELOW = (1022 + LOWEST) * PER_OCTAVE


@inlined
def bucket_of(value: float) -> int:
    """The same as `_sketch.bucket`, read off the exponent and the first bits of the fraction."""
    if value <= 0.0:
        return 0
    return min(max((_bits(value) >> 45) - _BITS_BELOW, 0), BUCKETS - 1)
