"""Reading a job's input a chunk at a time: Parquet as it is, CSV from its staged form. Memory holds one chunk."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from data.errors import InvalidFile, Problem
from strategies.batches.arrays import plain
from strategies.batches.chunking import Chunk, chunks_of

ROW = "drydock.row"
"""Column of a staged file: the number of each row in the file it was staged from, from 1."""
STAGED = ".arrow"
_BATCH_ROWS = 65_536
_BUFFER_BYTES = 1 << 20


def open_parquet(path: Path, by_code: Sequence[str] = ()) -> pq.ParquetFile:
    """A file to be read in a stream: a few pages at a time, even of a row group that is as large as the file.

    Columns of text named in `by_code` come as codes and distinct texts.
    """
    try:
        return pq.ParquetFile(path, buffer_size=_BUFFER_BYTES, pre_buffer=False, read_dictionary=list(by_code))
    except (pa.ArrowException, OSError) as error:
        problem = Problem(0, "", str(error)[:200], "is not Parquet")
        raise InvalidFile(path.name, (problem,), "give a Parquet or CSV file") from None


def columns_of(path: Path) -> pa.Schema:
    """The columns of an input."""
    if path.suffix == STAGED:
        with pa.OSFile(str(path)) as file:
            return pa.ipc.open_file(file).schema
    with open_parquet(path) as file:
        return file.schema_arrow


def plan_chunks(path: Path, chunk_rows: int) -> tuple[Chunk, ...]:
    """The chunks of an input; a staged one was cut when it was staged."""
    if path.suffix == STAGED:
        with pa.OSFile(str(path)) as file:
            batches = pa.ipc.open_file(file)
            sizes = [batches.get_batch(i).num_rows for i in range(batches.num_record_batches)]
        starts = np.cumsum([0, *sizes]).tolist()
        return tuple(Chunk(i, (i, i + 1), 0, size, starts[i]) for i, size in enumerate(sizes))
    with open_parquet(path) as file:
        about = file.metadata
        return chunks_of([about.row_group(i).num_rows for i in range(about.num_row_groups)], chunk_rows)


class Reader:
    """Gives the rows of a chunk. The chunk after the last one costs nothing extra; any other begins its groups anew."""

    def __init__(self, path: Path, columns: Sequence[str], by_code: Sequence[str] = ()) -> None:
        self._columns = list(columns)
        self._staged = path.suffix == STAGED
        if self._staged:
            self._file: Any = pa.ipc.open_file(pa.OSFile(str(path)))
        else:
            fields = columns_of(path)
            texts = [name for name in by_code if fields.field(name).type in (pa.string(), pa.large_string())]
            self._file = open_parquet(path, texts)
        self._groups: tuple[int, int] | None = None
        self._at = 0  # rows of the current groups that were passed
        self._stream: Iterator[pa.RecordBatch] = iter(())
        self._rest: pa.Table | None = None

    def read(self, chunk: Chunk) -> tuple[pa.Table, NDArray[np.int64]]:
        """The chunk's columns, and the number of each row in the user's file, from 1."""
        if self._staged:
            table = pa.Table.from_batches([self._file.get_batch(chunk.groups[0])])
            return table.select(self._columns), plain(table[ROW].chunk(0))
        if chunk.groups != self._groups or chunk.offset < self._at:
            self._begin(chunk.groups)
        self._skip(chunk.offset - self._at)
        table = self._take(chunk.rows)
        return table, np.arange(chunk.first_row + 1, chunk.first_row + 1 + chunk.rows)

    def _begin(self, groups: tuple[int, int]) -> None:
        self._groups, self._at, self._rest = groups, 0, None
        self._stream = self._file.iter_batches(
            _BATCH_ROWS, row_groups=list(range(*groups)), columns=self._columns, use_threads=False
        )

    def _skip(self, rows: int) -> None:
        while rows > 0:
            step = min(rows, _BATCH_ROWS)
            self._take(step)
            rows -= step

    def _take(self, rows: int) -> pa.Table:
        pieces, missing = [], rows
        while missing:
            if self._rest is None or not self._rest.num_rows:
                self._rest = pa.Table.from_batches([next(self._stream)])
            piece = self._rest.slice(0, missing)
            self._rest = self._rest.slice(piece.num_rows)
            pieces.append(piece)
            missing -= piece.num_rows
        self._at += rows
        return pieces[0] if len(pieces) == 1 else pa.concat_tables(pieces)
