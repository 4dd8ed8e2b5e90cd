"""A CSV file read strictly: every cell as text, every line that is out of shape named.

Nothing in the file is evaluated, and no cell is guessed at: what a column holds is for `data.columns` to judge.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data.columns import is_moment, is_number
from data.errors import InvalidFile, Problem

MAX_BYTES = 100_000_000
MAX_ROWS = 1_000_000
MAX_COLUMNS = 500
MAX_PROBLEMS = 100
"""Problems that are kept to be shown; beyond that they are only counted."""

_CHUNK = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class TextTable:
    """The rows that are in shape, and what was wrong with the others."""

    names: tuple[str, ...]
    columns: tuple[pa.ChunkedArray, ...]
    """One array of strings a column. (rows,)"""
    lines: NDArray[np.int64]
    """Line on which each row begins, from 1. (rows,)"""
    problems: tuple[Problem, ...]
    """The first of the lines out of shape."""
    problem_count: int

    def __len__(self) -> int:
        return len(self.lines)


def read_csv(content: bytes, file: str, header: Literal["required", "optional"] = "required") -> TextTable:
    """Read a CSV file: UTF-8, separated by comma, semicolon or tab, quoted as in RFC 4180.

    Parameters
    ----------
    content
        The file's bytes.
    file
        Its name, for messages.
    header
        Whether the first line must name the columns. Where it is optional, a first line that holds only numbers and
        moments is data, and the columns are named "1", "2", ….

    Raises
    ------
    InvalidFile
        The file as a whole cannot be read: too large, not UTF-8, no rows, no usable names, a quote never closed.
    """
    text = _decoded(content, file)
    first = next(filter(None, text.splitlines()), "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(first), strict=True)
    rows = _numbered(reader, file)
    line, top = next(rows, (0, []))
    if not top:
        raise InvalidFile(file, (Problem(0, "", "", "holds nothing"),), "give a file with a header line and rows")
    if header == "optional" and _is_data(top):
        names = tuple(str(number) for number in range(1, len(top) + 1))
        return _gathered(_with_first((line, top), rows), names, file)
    return _gathered(rows, _checked_names(top, line, file), file)


def check_size(content_bytes: int, file: str) -> None:
    """Refuse a file too large to take."""
    if content_bytes > MAX_BYTES:
        problem = Problem(0, "", f"{content_bytes:,} bytes", f"is more than {MAX_BYTES:,}")
        raise InvalidFile(file, (problem,), "give a smaller file, such as a sample of its rows")


def check_shape(rows: int, columns: int, file: str) -> None:
    """Refuse a table too large to take."""
    for number, limit, what in ((rows, MAX_ROWS, "rows"), (columns, MAX_COLUMNS, "columns")):
        if number > limit:
            problem = Problem(0, "", f"{number:,} {what}", f"is more than {limit:,}")
            raise InvalidFile(file, (problem,), f"give a file with fewer {what}")


def _decoded(content: bytes, file: str) -> str:
    check_size(len(content), file)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = Problem(line, "", f"byte 0x{content[error.start]:02x}", "is not UTF-8")
        raise InvalidFile(file, (problem,), "save the file as UTF-8") from None
    if "\0" in text:
        problem = Problem(text.count("\n", 0, text.index("\0")) + 1, "", "\\0", "is no text")
        raise InvalidFile(file, (problem,), "give a text file")
    return text


def _delimiter(first_line: str) -> str:
    return max(",;\t", key=first_line.count)


def _numbered(reader: Any, file: str) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with the line on which it begins."""
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            problem = Problem(line, "", str(error), "stops the file from being read on")
            raise InvalidFile(file, (problem,), "close every quote, and double a quote inside quotes") from None
        if row is None:
            return
        if row:
            yield line, row


def _is_data(row: list[str]) -> bool:
    return all(is_number(cell) or is_moment(cell) for cell in row)


def _with_first(first: tuple[int, list[str]], rest: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    yield first
    yield from rest


def _checked_names(row: list[str], line: int, file: str) -> tuple[str, ...]:
    names = tuple(cell.strip() for cell in row)
    check_shape(0, len(names), file)
    problems = [Problem(line, str(place), "", "has no name") for place, name in enumerate(names, 1) if not name]
    problems += [
        Problem(line, name, name, "is named twice") for name in sorted({n for n in names if names.count(n) > 1})
    ]
    if _is_data(row):
        problems.append(Problem(line, "", ",".join(row), "holds values and no names"))
    if problems:
        raise InvalidFile(file, tuple(problems), "give each column a name of its own in the first line")
    return names


def _gathered(rows: Iterator[tuple[int, list[str]]], names: tuple[str, ...], file: str) -> TextTable:
    chunks: list[list[pa.Array]] = [[] for _ in names]
    lines: list[int] = []
    pending: list[list[str]] = []
    problems: list[Problem] = []
    wrong = 0

    def move() -> None:  # into Arrow's memory, a tenth of what Python's strings take
        for chunk, cells in zip(chunks, zip(*pending, strict=True), strict=True):
            chunk.append(pa.array(cells, pa.string()))
        pending.clear()

    for line, row in rows:
        if len(row) != len(names):
            wrong += 1
            if len(problems) < MAX_PROBLEMS:
                problems.append(Problem(line, "", f"{len(row)} values", f"must be {len(names)}, one a column"))
            continue
        lines.append(line)
        pending.append(row)
        if len(pending) == _CHUNK:
            check_shape(len(lines), len(names), file)
            move()
    check_shape(len(lines), len(names), file)
    if pending:
        move()
    if not lines:
        shown = tuple(problems) or (Problem(0, "", "", "holds no rows"),)
        raise InvalidFile(file, shown, "give a file with a header line and rows", max(wrong, 1))
    columns = tuple(pa.chunked_array(chunk, pa.string()) for chunk in chunks)
    return TextTable(names, columns, np.array(lines), tuple(problems), wrong)
