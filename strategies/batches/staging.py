"""CSV, made ready to be read in chunks: every cell as text in an Arrow file of as many batches as there are chunks.

A CSV file cannot be entered in the middle (a line may lie within quotes), so it is passed through once, with one block
in memory, before the workers begin.
"""

import sys
from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv

from data.errors import InvalidFile, Problem
from strategies.batches.arrays import coded, numeric, texts
from strategies.batches.checking import REJECTS
from strategies.batches.source import ROW

_BLOCK_BYTES = 1 << 20
_DELIMITERS = ",;\t"


@dataclass
class _Malformed:
    """Lines with too few or too many values that were met and not yet written down."""

    rows: list[int] = field(default_factory=list)
    """The number of each one's row, from 1."""
    found: list[str] = field(default_factory=list)
    expected: int = 0
    total: int = 0

    def __call__(self, row: csv.InvalidRow) -> str:
        self.rows.append(row.number - 1)  # it counts the header too
        self.found.append(f"{row.actual_columns} values")
        self.expected = row.expected_columns
        self.total += 1
        return "skip"

    def take(self, until_row: int) -> pa.RecordBatch:
        """Those before a row, as rejects; they are not kept any longer."""
        count = bisect_left(self.rows, until_row)
        reason = f"must hold {self.expected} values, one a column: mend the line"
        same = np.zeros(count, np.int32)
        names, reasons = (coded(same, [text]).dictionary_decode() for text in ("", reason))
        rows, found = numeric(np.array(self.rows[:count], np.int64)), texts(self.found[:count])
        del self.rows[:count], self.found[:count]
        return pa.RecordBatch.from_arrays([rows, names, found, reasons], schema=REJECTS)


def stage(path: Path, to: Path, rejects_to: Path, chunk_rows: int, on_block: Callable[[float], None]) -> int:
    """Write `to`, and to `rejects_to` an Arrow file of the lines that are out of shape; the number of those lines.

    Both appear whole or not at all, `to` last. `on_block` is called with the share of the file that was read, and may
    raise to stop.
    """
    malformed = _Malformed()
    total = max(path.stat().st_size, 1)
    drafts = [to.with_name(f".{to.name}.partial"), rejects_to.with_name(f".{rejects_to.name}.partial")]
    with ExitStack() as files:
        file = files.enter_context(path.open("rb"))
        sinks = [files.enter_context(pa.OSFile(str(draft), "wb")) for draft in drafts]
        try:
            rows = _reader(file, path, malformed)
            schema = rows.schema.append(pa.field(ROW, pa.int64()))
            writer = files.enter_context(pa.ipc.new_file(sinks[0], schema))
            rejects = files.enter_context(pa.ipc.new_file(sinks[1], REJECTS))
            for chunk in _chunked(_numbered(rows, malformed, rejects), schema, chunk_rows):
                writer.write_batch(chunk)
                on_block(min(file.tell() / total, 1.0))
        except pa.ArrowException as error:
            problem = Problem(0, "", str(error)[:200], "stops the file from being read on")
            raise InvalidFile(path.name, (problem,), "save it as CSV in UTF-8, every quote closed") from None
    drafts[1].replace(rejects_to)
    drafts[0].replace(to)
    return malformed.total


def _reader(file: object, path: Path, malformed: _Malformed) -> csv.CSVStreamingReader:
    names, delimiter = _header(path)
    return csv.open_csv(
        file,
        read_options=csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES),
        parse_options=csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=malformed),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, check_utf8=True
        ),
    )


def _header(path: Path) -> tuple[list[str], str]:
    """The columns' names, and what separates them."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            first = next(filter(None, (line.rstrip("\r\n") for line in islice(file, 100))), "")
    except UnicodeDecodeError as error:
        problem = Problem(1, "", f"byte 0x{error.object[error.start]:02x}", "is not UTF-8")
        raise InvalidFile(path.name, (problem,), "save the file as UTF-8") from None
    if not first:
        raise InvalidFile(path.name, (Problem(0, "", "", "holds nothing"),), "give a file with a header line and rows")
    delimiter = max(_DELIMITERS, key=first.count)
    table = csv.read_csv(pa.BufferReader(first.encode() + b"\n"), parse_options=csv.ParseOptions(delimiter=delimiter))
    names = list(table.column_names)
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        problem = Problem(1, repeated[0], repeated[0], "is named twice")
        raise InvalidFile(path.name, (problem,), "give each column a name of its own in the first line")
    return names, delimiter


def _numbered(
    reader: csv.CSVStreamingReader, malformed: _Malformed, rejects: pa.ipc.RecordBatchFileWriter
) -> Iterator[pa.RecordBatch]:
    """Batches with the number of each row, from 1: lines out of shape count, though they are not among the rows."""
    passed = 0  # number of the last row given
    for batch in reader:
        wanted = batch.num_rows
        candidates = np.arange(passed + 1, passed + 1 + wanted + len(malformed.rows))
        numbers = candidates[~np.isin(candidates, malformed.rows)][:wanted]
        passed = int(numbers[-1]) if wanted else passed
        if len(malformed.rows):
            rejects.write_batch(malformed.take(passed))
        yield batch.append_column(ROW, numeric(numbers))
    rejects.write_batch(malformed.take(sys.maxsize))


def _chunked(batches: Iterator[pa.RecordBatch], schema: pa.Schema, chunk_rows: int) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of exactly `chunk_rows`, the last one smaller."""
    held: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        held.append(batch)
        rows += batch.num_rows
        if rows >= chunk_rows:
            table = pa.Table.from_batches(held, schema)
            for start in range(0, rows - rows % chunk_rows, chunk_rows):
                yield _one(table.slice(start, chunk_rows))
            rest = table.slice(rows - rows % chunk_rows)
            held, rows = ([_one(rest)], rest.num_rows) if rest.num_rows else ([], 0)
    if rows:
        yield _one(pa.Table.from_batches(held, schema))


def _one(table: pa.Table) -> pa.RecordBatch:
    (batch,) = table.combine_chunks().to_batches()
    return batch
