"""The schema's rules on whole columns: which rows a model can read, and what is wrong with the others."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.columns import MISSING, numbers
from data.errors import InvalidValue
from data.schema import Feature, Schema
from strategies.batches.arrays import coded, numeric, plain

REJECTS = pa.schema([("row", pa.int64()), ("column", pa.string()), ("value", pa.string()), ("reason", pa.string())])
"""One entry for each unusable cell; `row` counts from 1."""
_LAST = numeric(np.array([-1], np.int32))[0]


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """A chunk's rows, judged."""

    x: NDArray[np.float32]
    """The good rows as a model reads them. (good rows, features)"""
    good: NDArray[np.bool_]
    """(rows,)"""
    rejects: pa.Table
    """Every bad cell, as `REJECTS` has it, in the order of the rows."""


@dataclass(frozen=True, slots=True, eq=False)
class _Bad:
    """Cells of one column that break one rule."""

    at: NDArray[np.int64]
    column: str
    values: pa.Array
    """Their text, null where missing."""
    reason: str


def check(table: pa.Table, schema: Schema, key: str, row_numbers: NDArray[np.int64]) -> Checked:
    """Encode a chunk and judge each cell by its feature.

    Parameters
    ----------
    table
        Has a column for each feature and, unless `key` is empty, the key's.
    row_numbers
        What the reject file calls each row. (rows,)
    """
    encoded = np.empty((table.num_rows, len(schema)), np.float32)
    bad: list[_Bad] = []
    for place, feature in enumerate(schema.features):
        column = table[feature.name]
        judge = _judge_category if feature.kind == "category" else _judge_number
        codes, missing, found = judge(column, feature)
        encoded[:, place] = codes
        bad += found
        if not feature.nullable and missing.any():
            bad.append(_at(column, np.flatnonzero(missing), feature.name, _rule(feature, None)))
    if key and table[key].null_count:
        nulls = np.flatnonzero(table[key].is_null().to_numpy())
        bad.append(_at(table[key], nulls, key, "must be given, as answers are found by it"))
    good = np.ones(table.num_rows, np.bool_)
    for cells in bad:
        good[cells.at] = False
    return Checked(encoded if not bad else encoded[good], good, _rejects(bad, row_numbers))


_Judged = tuple[NDArray[np.float32], NDArray[np.bool_], list[_Bad]]
"""What the model reads, which cells are missing, and which break a rule."""


def _judge_number(column: pa.ChunkedArray, feature: Feature) -> _Judged:
    read = numbers(column)
    bad: list[_Bad] = []
    if read.bad.any():
        at = np.flatnonzero(read.bad)
        shown = _shown(column, at)
        is_number = _is_number(column, shown)
        for chosen, example in ((is_number, np.inf), (~is_number, "text")):
            if chosen.any():
                bad.append(_Bad(at[chosen], feature.name, _take(shown, chosen), _rule(feature, example)))
    return read.values.astype(np.float32), read.missing, bad


def _is_number(column: pa.ChunkedArray, shown: pa.Array) -> NDArray[np.bool_]:
    """Of cells that cannot be used: whether they are numbers all the same, only too large."""
    if not _is_textual(column.type):
        return np.full(len(shown), not pa.types.is_boolean(column.type))
    is_number: NDArray[np.bool_] = np.array([_float_or_none(text) is not None for text in shown.to_pylist()], np.bool_)
    return is_number


def _float_or_none(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _judge_category(column: pa.ChunkedArray, feature: Feature) -> _Judged:
    codes = np.full(len(column), np.nan, np.float32)
    missing = np.zeros(len(column), np.bool_)
    bad: list[_Bad] = []
    start = 0
    for piece in column.chunks:
        stop = start + len(piece)
        found, none, unknown = _look_up(piece, feature)
        codes[start:stop], missing[start:stop] = found, none
        if unknown.any():
            at = np.flatnonzero(unknown) + start
            bad.append(_at(column, at, feature.name, _rule(feature, _Unlisted())))
        start = stop
    return codes, missing, bad


def _look_up(piece: pa.Array, feature: Feature) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]:
    """Each cell's code, whether it is missing and whether it names nothing known; by way of the distinct names."""
    if not pa.types.is_dictionary(piece.type):
        piece = (piece if _is_textual(piece.type) else piece.cast(pa.string())).dictionary_encode()
    names = [None if name is None else str(name).strip() for name in piece.dictionary.cast(pa.string()).to_pylist()]
    # The last entry of each table is what a cell without a name picks.
    none = np.array([name is None or (name in MISSING and name not in feature.codes) for name in names] + [True])
    code = np.array([feature.codes.get(name, np.nan) if name is not None else np.nan for name in names] + [np.nan])
    picked = piece.indices.cast(pa.int32())
    index = plain(pc.fill_null(picked, _LAST) if picked.null_count else picked)
    found = np.take(code.astype(np.float32), index, mode="wrap")
    missing = np.take(none, index, mode="wrap")
    return found, missing, np.isnan(found) & ~missing


class _Unlisted(str):
    """A name that no feature lists, to ask a feature what it says of such a one."""

    __slots__ = ()


def _rule(feature: Feature, example: object) -> str:
    """What the schema itself says of such a value, and what to send instead."""
    try:
        feature.code(example)
    except InvalidValue as error:
        return f"{error.rule}: {error.remedy}"
    raise AssertionError(f"{feature.name} takes {example!r}")


def _at(column: pa.ChunkedArray, at: NDArray[np.int64], name: str, reason: str) -> _Bad:
    return _Bad(at, name, _shown(column, at), reason)


def _shown(column: pa.ChunkedArray, at: NDArray[np.int64]) -> pa.Array:
    taken = column.take(numeric(at)).combine_chunks()
    plain = taken.dictionary_decode() if pa.types.is_dictionary(taken.type) else taken
    return plain.cast(pa.string())


def _take(values: pa.Array, chosen: NDArray[np.bool_]) -> pa.Array:
    return values.take(numeric(np.flatnonzero(chosen)))


def _is_textual(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return any(test(kind) for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view))


def _rejects(bad: list[_Bad], row_numbers: NDArray[np.int64]) -> pa.Table:
    if not bad:
        return pa.Table.from_batches([], REJECTS)
    table = pa.concat_tables([_entries(cells, row_numbers) for cells in bad])
    at = np.concatenate([cells.at for cells in bad])
    return table.take(numeric(np.argsort(at, kind="stable")))  # rows in order, and each row's columns


def _entries(cells: _Bad, row_numbers: NDArray[np.int64]) -> pa.Table:
    same = np.zeros(len(cells.at), np.int32)
    name, reason = (coded(same, [text]).dictionary_decode() for text in (cells.column, cells.reason))
    return pa.Table.from_arrays([numeric(row_numbers[cells.at]), name, cells.values, reason], schema=REJECTS)


def unreadable(fields: pa.Schema, schema: Schema, key: str) -> Iterator[InvalidValue]:
    """What keeps a file with these columns from being read at all."""
    for name in (*schema.names, *([key] if key else [])):
        places = fields.get_all_field_indices(name)
        if len(places) != 1:
            rule = "is in the file twice" if places else "is not a column of the input"
            yield InvalidValue("column", name, rule, f"give a file with columns {', '.join(schema.names)}")
            continue
        kind = fields.field(places[0]).type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        if name == key and (pa.types.is_uint64(kind) or not (pa.types.is_integer(kind) or _is_textual(kind))):
            yield InvalidValue(key, str(kind), "cannot be a key", "name a column of whole numbers or texts")
        elif not any(test(kind) for test in _PLAIN) and not _is_textual(kind):
            yield InvalidValue(name, str(kind), "cannot be read as numbers or names", "convert the column")


_PLAIN = (
    pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean, pa.types.is_null,
)  # fmt: skip
