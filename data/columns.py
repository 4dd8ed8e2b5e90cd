"""What a column of text or Arrow values holds: numbers, moments or names, and which cells are none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

if TYPE_CHECKING:  # processes that only read numbers need no tables: the import takes half a second
    import pandas as pd

MISSING = ("", "NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL", "None")
"""Texts that stand for a value that is not there."""

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_MOMENT = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?\s?(Z|[+-]\d{2}:?\d{2})?)?$"  # ISO 8601
_NOTHING = pa.nulls(1, pa.string())[0]  # pa.scalar would import pandas
_NAN = pa.Array.from_buffers(pa.float64(), 1, [None, pa.py_buffer(np.array([np.nan]))])[0]
_FLOAT32_MAX = float(np.finfo(np.float32).max)


@dataclass(frozen=True, slots=True, eq=False)
class Parsed:
    """A column read as numbers or as moments."""

    values: NDArray[np.float64] | NDArray[np.datetime64]
    """NaN or NaT where a cell is missing or bad. (rows,)"""
    missing: NDArray[np.bool_]
    bad: NDArray[np.bool_]
    """Whether a cell is given and cannot be read so."""


def is_number(cell: str) -> bool:
    return re.match(_NUMBER, cell.strip(), re.ASCII) is not None


def is_moment(cell: str) -> bool:
    return re.match(_MOMENT, cell.strip(), re.ASCII) is not None


def numbers(column: pa.ChunkedArray) -> Parsed:
    """Read a column as numbers: finite, and within what a model can read (float32)."""
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type) or pa.types.is_decimal(column.type):
        values = _plain(column.cast(pa.float64(), safe=False))
        missing = np.isnan(values)
    else:
        texts = _texts(column)
        missing = _missing(texts)
        values = _floats(pc.if_else(pc.match_substring_regex(texts, _NUMBER), texts, _NOTHING))
    good = np.abs(values) <= _FLOAT32_MAX  # False for NaN
    return Parsed(np.where(good, values, np.nan), missing, ~good & ~missing)


def moments(column: pa.ChunkedArray) -> Parsed:
    """Read a column as moments (ISO 8601); what names a time zone is turned into UTC."""
    import pandas as pd

    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        values = column.cast(pa.timestamp("us"), safe=False).to_numpy(zero_copy_only=False)
        missing = np.isnat(values)
    else:
        texts = _texts(column)
        missing = _missing(texts)
        likely = pc.if_else(pc.match_substring_regex(texts, _MOMENT), texts, _NOTHING).to_pandas()
        read = pd.to_datetime(likely, format="ISO8601", errors="coerce", utc=True)
        values = read.dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    return Parsed(values, missing, np.isnat(values) & ~missing)


def names(column: pa.ChunkedArray) -> pd.Series:
    """Read a column as names: trimmed text, None where missing; a truth value is "false" or "true"."""
    texts = _texts(column)
    known: pd.Series = pc.if_else(pc.is_in(texts, pa.array(MISSING)), _NOTHING, texts).to_pandas()
    return known


def _plain(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """What `to_numpy` gives, without importing pandas as that does: NaN where a value is missing."""
    filled = pc.fill_null(column, _NAN) if column.null_count else column
    pieces = [
        np.frombuffer(piece.buffers()[1], np.float64, len(piece), 8 * piece.offset)
        for piece in filled.chunks
        if len(piece)
    ]
    return pieces[0] if len(pieces) == 1 else np.concatenate([np.empty(0), *pieces])


def _texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    plain = column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
    return pc.utf8_trim_whitespace(pc.fill_null(plain.cast(pa.string()), ""))


def _missing(texts: pa.ChunkedArray) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = pc.is_in(texts, pa.array(MISSING)).to_numpy()
    return found


def _floats(texts: pa.ChunkedArray) -> NDArray[np.float64]:
    values: NDArray[np.float64] = texts.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return values
