"""Reading a CSV or Parquet file that a user gives: what each column seems to hold, and what is wrong where.

Everything in the file is data: nothing is evaluated, unpickled or looked up.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from data.columns import Parsed, moments, names, numbers
from data.errors import InvalidFile, InvalidValue, Problem
from data.text_table import MAX_PROBLEMS, check_shape, check_size, read_csv

Kind = Literal["number", "category", "time", "text"]
"""What a column holds. Text (and identifiers) can group rows; only numbers and categories can be features."""

MAX_UNPACKED_BYTES = 1_000_000_000
MOSTLY = 0.95
"""Share of a column's given cells that must be numbers (moments) for it to be one; the others are then malformed."""
MAX_CATEGORIES = 1_000


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """What a column seems to hold."""

    name: str
    kind: Kind
    missing: int
    """Cells that are empty, or hold one of `data.columns.MISSING`."""
    malformed: int
    """Cells that are not of this kind."""
    distinct: int
    """Different values among the others."""
    whole: bool
    """Whether all its numbers are whole."""
    examples: tuple[str, ...]
    """Its first few different values."""


@dataclass(frozen=True, eq=False)
class UploadedTable:
    """A file's rows, and what was found in them."""

    file: str
    cells: Mapping[str, pa.ChunkedArray]
    """Each column as it stands in the file. (rows,)"""
    lines: NDArray[np.int64]
    """Line of a CSV file, or row of a Parquet file, from 1. (rows,)"""
    place: Literal["line", "row"]
    shape_problems: tuple[Problem, ...] = ()
    """The first of the lines that have too few or too many values; their rows are not among the cells."""
    shape_problem_count: int = 0
    kinds: Mapping[str, Kind] | None = None
    """What the user says columns hold, where the guess was wrong."""

    def __len__(self) -> int:
        return len(self.lines)

    @cached_property
    def columns(self) -> tuple[ColumnFacts, ...]:
        """What each column holds, in the file's order."""
        return tuple(self._facts(name) for name in self.cells)

    def column(self, name: str) -> ColumnFacts:
        for facts in self.columns:
            if facts.name == name:
                return facts
        raise InvalidValue("column", name, f"is not in {self.file}", f"choose one of {', '.join(self.cells)}")

    def with_kinds(self, **kinds: Kind) -> "UploadedTable":
        """The same table with other kinds for some columns; what does not fit them is then malformed."""
        for name in kinds:
            self.column(name)
        return replace(self, kinds={**(self.kinds or {}), **kinds})

    def parsed(self, name: str) -> Parsed:
        """A column of numbers or moments."""
        return numbers(self.cells[name]) if self.column(name).kind == "number" else moments(self.cells[name])

    def named(self, name: str) -> pd.Series:
        """A column of categories or text; None where missing."""
        return names(self.cells[name])

    def problems(self, columns: tuple[str, ...] | None = None) -> tuple[tuple[Problem, ...], int]:
        """The first problems of the file, as far as these columns go, by line; and how many there are."""
        found = list(self.shape_problems)
        total = self.shape_problem_count
        for name in columns if columns is not None else tuple(self.cells):
            kind = self.column(name).kind
            if kind in ("number", "time"):
                where = np.flatnonzero(self.parsed(name).bad)
                total += len(where)
                found += self._cells_as_problems(name, where[:MAX_PROBLEMS], _RULES[kind])
        return tuple(sorted(found, key=lambda problem: problem.line)[:MAX_PROBLEMS]), total

    def _cells_as_problems(self, name: str, where: NDArray[np.int64], rule: str) -> list[Problem]:
        cells = self.cells[name].take(pa.array(where)).to_pylist()
        return [
            Problem(int(self.lines[at]), name, str(cell), rule, self.place)
            for at, cell in zip(where, cells, strict=True)
        ]

    def _facts(self, name: str) -> ColumnFacts:
        kind = (self.kinds or {}).get(name) or _guess(self.cells[name])
        whole = False
        if kind in ("number", "time"):
            parsed = numbers(self.cells[name]) if kind == "number" else moments(self.cells[name])
            known = pd.Series(parsed.values).dropna()
            whole = kind == "number" and bool((known % 1 == 0).all())
            missing, malformed = int(parsed.missing.sum()), int(parsed.bad.sum())
        else:
            known = names(self.cells[name]).dropna()
            missing, malformed = len(self) - len(known), 0
        values = known.unique()
        examples = tuple(f"{value:g}" if kind == "number" else str(value) for value in values[:5])
        return ColumnFacts(name, kind, missing, malformed, len(values), whole, examples)


_RULES: Mapping[str, str] = {"number": "is not a number", "time": "is not a moment such as 2013-01-31 09:30:00"}


def read_table(content: bytes, file: str) -> UploadedTable:
    """Read a file's bytes; `file` is its name, whose ending tells CSV from Parquet.

    Raises `InvalidFile` where the file as a whole cannot be used. Rows and cells that cannot be used do not raise: they
    are among the table's `problems`.
    """
    suffix = Path(file).suffix.lower()
    if suffix == ".csv":
        text = read_csv(content, file)
        cells = dict(zip(text.names, text.columns, strict=True))
        return UploadedTable(file, cells, text.lines, "line", text.problems, text.problem_count)
    if suffix == ".parquet":
        return _read_parquet(content, file)
    raise InvalidFile(
        file, (Problem(0, "", suffix, "is neither .csv nor .parquet"),), "save the table as CSV or Parquet"
    )


def _read_parquet(content: bytes, file: str) -> UploadedTable:
    check_size(len(content), file)
    try:
        about = pq.read_metadata(io.BytesIO(content))
        check_shape(about.num_rows, about.num_columns, file)
        unpacked = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
        if unpacked > MAX_UNPACKED_BYTES:
            problem = Problem(0, "", f"{unpacked:,} bytes unpacked", f"is more than {MAX_UNPACKED_BYTES:,}")
            raise InvalidFile(file, (problem,), "give a smaller file, such as a sample of its rows")
        table = pq.read_table(io.BytesIO(content))
    except (pa.ArrowException, OSError) as error:
        raise InvalidFile(file, (Problem(0, "", str(error), "is not Parquet"),), "give a Parquet or CSV file") from None
    problems = [
        Problem(0, field.name, str(field.type), "is a type that cannot be read as number, time or name")
        for field in table.schema
        if not _is_plain(field.type)
    ]
    problems += [
        Problem(0, n, n, "is named twice")
        for n in sorted({n for n in table.column_names if table.column_names.count(n) > 1})
    ]
    problems += [] if table.num_rows else [Problem(0, "", "", "holds no rows")]
    if problems:
        raise InvalidFile(file, tuple(problems), "give a table of numbers, times and texts")
    cells = dict(zip(table.column_names, table.columns, strict=True))
    return UploadedTable(file, cells, np.arange(1, table.num_rows + 1), "row")


def _is_plain(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    tests = (
        pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean, pa.types.is_string,
        pa.types.is_large_string, pa.types.is_string_view, pa.types.is_timestamp, pa.types.is_date, pa.types.is_null,
    )  # fmt: skip
    return any(test(kind) for test in tests)


def _guess(column: pa.ChunkedArray) -> Kind:
    """Number or time where at least 95% of the given cells are; else a category, unless names hardly ever repeat."""
    if pa.types.is_boolean(column.type):
        return "category"
    as_numbers = numbers(column)
    given = int((~as_numbers.missing).sum())
    if not given:
        return "text"
    if (given - as_numbers.bad.sum()) >= MOSTLY * given:
        return "number"
    if (given - moments(column).bad.sum()) >= MOSTLY * given:
        return "time"
    distinct = names(column).nunique()
    return "category" if distinct <= min(MAX_CATEGORIES, given / 2) else "text"
