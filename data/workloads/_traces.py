"""Arrival traces to replay: files of moments, or of counts per interval."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from data.columns import Parsed, moments, numbers
from data.errors import InvalidFile, InvalidValue, Problem
from data.home import home
from data.naming import check_name
from data.text_table import MAX_PROBLEMS, check_shape, check_size, read_csv

SHIPPED = Path(__file__).with_name("files")
SUFFIXES = (".csv", ".parquet")
COUNT = "count"
"""The column by which a file of counts per interval is told from one of moments."""


@dataclass(frozen=True, slots=True, eq=False)
class ArrivalTrace:
    """Counts of arrivals on intervals that follow one another; single moments are intervals with a count of one."""

    start_s: NDArray[np.float64]
    """Where each interval begins, in seconds after the first, ascending. (n,)"""
    width_s: NDArray[np.float64]
    """How long it is; for a moment, the time to the next. (n,)"""
    count: NDArray[np.int64]
    """Arrivals in it. (n,)"""
    exact: bool
    """Whether an interval's first arrival is known to be at its start (moments), or is anywhere in it (counts)."""

    @property
    def length_s(self) -> float:
        """From the first interval's start to the last one's end."""
        return float(self.start_s[-1] + self.width_s[-1])


def trace_names() -> tuple[str, ...]:
    """Names of the traces that need no path: those that ship, and those that were stored."""
    files = [path for folder in (SHIPPED, _stored()) for path in folder.glob("*") if path.suffix in SUFFIXES]
    return tuple(sorted({path.stem for path in files}))


def store_trace(name: str, content: bytes, file: str) -> ArrivalTrace:
    """Keep a file that someone gave us under a name that a replay can use, once it is known to be readable."""
    suffix = Path(file).suffix.lower()
    check_name(name, trace_names())
    if suffix not in SUFFIXES:
        raise InvalidValue("file", file, f"must end in {' or '.join(SUFFIXES)}", "give a CSV or Parquet file")
    trace = _parse(content, suffix, file, "")
    folder = _stored()
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".{name}.partial"
    partial.write_bytes(content)
    partial.replace(folder / f"{name}{suffix}")
    return trace


def load_trace(source: str, column: str = "") -> ArrivalTrace:
    """The trace of a name or path, read once while the file stays as it is.

    Raises
    ------
    InvalidValue
        There is no such name or file.
    InvalidFile
        The file is no trace; its problems name line and column.
    """
    path = _find(source)
    facts = path.stat()
    return _load(path, column, facts.st_mtime_ns, facts.st_size)


def _stored() -> Path:
    return home() / "arrivals"


def _find(source: str) -> Path:
    for folder in (SHIPPED, _stored()):
        for suffix in SUFFIXES:
            if source in trace_names() and (folder / f"{source}{suffix}").is_file():
                return folder / f"{source}{suffix}"
    path = Path(source)
    # Other endings are refused before the file is opened: a scenario may come from a link, and names no secrets so.
    if path.suffix.lower() in SUFFIXES and path.is_file():
        return path
    remedy = f"give the path of a .csv or .parquet file, or one of {', '.join(trace_names())}"
    raise InvalidValue("source", source, "is no trace", remedy)


@lru_cache(maxsize=8)
def _load(path: Path, column: str, modified_ns: int, size: int) -> ArrivalTrace:  # noqa: ARG001  both tell versions apart
    check_size(size, path.name)
    return _parse(path.read_bytes(), path.suffix.lower(), path.name, column)


def _parse(content: bytes, suffix: str, file: str, column: str) -> ArrivalTrace:
    table = _from_csv(content, file) if suffix == ".csv" else _from_parquet(content, file)
    counted = COUNT in table.columns and column in ("", COUNT)
    rest = [name for name in table.columns if not (counted and name == COUNT)]
    moment = column if column and column != COUNT else next(iter(rest), "")
    if moment not in table.columns:
        known = ", ".join(table.columns)
        raise InvalidValue("column", moment, f"is not in {file}", f"choose one of {known}")
    return _counts(table, moment) if counted else _moments(table, moment)


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    file: str
    columns: dict[str, pa.ChunkedArray]
    lines: NDArray[np.int64]
    place: str

    def fail(self, bad: NDArray[np.bool_], column: str, rule: str, remedy: str) -> None:
        """Raise `InvalidFile` with the first of the bad cells, if there are any."""
        where = np.flatnonzero(bad)
        if not len(where):
            return
        cells = [str(cell) for cell in self.columns[column].take(pa.array(where[:MAX_PROBLEMS])).to_pylist()]
        problems = [
            Problem(int(self.lines[at]), column, cell, rule, self.place) for at, cell in zip(where, cells, strict=False)
        ]
        raise InvalidFile(self.file, tuple(problems), remedy, len(where))

    def read(self, column: str, reader: Callable[[pa.ChunkedArray], Parsed], rule: str) -> Parsed:
        parsed = reader(self.columns[column])
        self.fail(parsed.bad | parsed.missing, column, rule, "correct or remove these lines")
        return parsed


def _from_csv(content: bytes, file: str) -> _Table:
    text = read_csv(content, file, header="optional")
    if text.problem_count:
        raise InvalidFile(file, text.problems, "correct or remove these lines", text.problem_count)
    return _Table(file, dict(zip(text.names, text.columns, strict=True)), text.lines, "line")


def _from_parquet(content: bytes, file: str) -> _Table:
    try:
        shape = pq.read_metadata(io.BytesIO(content))
        check_shape(shape.num_rows, shape.num_columns, file)
        table = pq.read_table(io.BytesIO(content))
    except (pa.ArrowInvalid, OSError) as error:
        raise InvalidFile(file, (Problem(0, "", str(error), "is not Parquet"),), "give a Parquet or CSV file") from None
    if not table.num_rows:
        raise InvalidFile(file, (Problem(0, "", "", "holds no rows"),), "give a file with rows")
    return _Table(file, dict(zip(table.column_names, table.columns, strict=True)), np.arange(1, len(table) + 1), "row")


def _seconds(table: _Table, column: str) -> NDArray[np.float64]:
    """Seconds after the earliest; a number is taken as seconds, anything else as a moment."""
    as_numbers = numbers(table.columns[column])
    if not (as_numbers.bad | as_numbers.missing).any():
        return np.asarray(as_numbers.values - as_numbers.values.min(), np.float64)
    rule = "is neither a number of seconds nor a moment such as 2013-01-31 09:30:00"
    mostly_numbers = (~as_numbers.bad).mean() > 0.5 and not as_numbers.missing.all()
    reader = numbers if mostly_numbers else moments
    read = table.read(column, reader, rule)
    return np.asarray((read.values - read.values.min()) / np.timedelta64(1, "s"), np.float64)


def _moments(table: _Table, column: str) -> ArrivalTrace:
    at_s = np.sort(_seconds(table, column))  # logs are written when a request ends, so they need not be in order
    if len(at_s) < 2 or at_s[-1] == 0:
        problem = Problem(0, column, f"{len(at_s)} moments", "must be two at least, and differ")
        raise InvalidFile(table.file, (problem,), "give a longer trace")
    gaps = np.diff(at_s)
    return ArrivalTrace(at_s, np.append(gaps, gaps.mean()), np.ones(len(at_s), np.int64), exact=True)


def _counts(table: _Table, column: str) -> ArrivalTrace:
    start_s = _seconds(table, column)
    whole = table.read(COUNT, numbers, "is not a whole number of at least 0").values.astype(np.float64)
    table.fail((whole < 0) | (whole % 1 != 0), COUNT, "is not a whole number of at least 0", "correct these lines")
    step = np.diff(start_s)
    table.fail(
        np.append(False, step <= 0),
        column,
        "does not come after the line before",
        "sort the lines, one for each interval",
    )
    if len(start_s) < 2:
        problem = Problem(0, column, "1 interval", "does not tell its length")
        raise InvalidFile(table.file, (problem,), "give two intervals or more")
    interval_s = float(step.min())
    off = np.append(False, np.abs(step / interval_s - np.round(step / interval_s)) > 1e-6)
    rule = f"is not a multiple of {interval_s:g} s, the shortest interval, after the line before"
    table.fail(off, column, rule, "give counts on intervals of one length; leave out those without arrivals")
    return ArrivalTrace(start_s, np.full(len(start_s), interval_s), whole.astype(np.int64), exact=False)
