"""The input of a batch in slices, each with its rows in the order in which a growing share takes them in."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from data.errors import InvalidFile, Problem
from data.schema import Schema
from strategies.batches.checking import unreadable
from strategies.batches.chunking import Chunk
from strategies.releases.router.assigning import place_of

ROW = "drydock_row"
"""Column of the staged file: the number of each row in the input, from 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """Rows about which one decision is made."""

    number: int
    first_row: int
    """Rows of the slices before it."""
    rows: NDArray[np.int64]
    """Numbers of its rows in the input, from 1, by their places. (n,)"""
    places: NDArray[np.float64]
    """Where each stands between 0 and 1: those below the share are the new version's. (n,)"""

    def chunk(self, number: int, start: int, stop: int) -> Chunk:
        """Its rows from `start` up to `stop`, as workers are asked for them."""
        return Chunk(number, (self.number, self.number + 1), start, stop - start, self.first_row + start)

    def below(self, share: float) -> int:
        """How many of its rows a share takes in."""
        return int(np.searchsorted(self.places, share))


def stage(source: Path, schema: Schema, slices: int, salt: str, staged: Path) -> tuple[Slice, ...]:
    """Write the input's columns to `staged`, a row group a slice.

    Raises `InvalidValue` for a column that is missing or cannot be read, `InvalidFile` for a file without rows.
    """
    table = pyarrow.csv.read_csv(source) if source.suffix.lower() == ".csv" else pq.read_table(source)
    for problem in unreadable(table.schema, schema, ""):
        raise problem
    if not table.num_rows:
        raise InvalidFile(source.name, (Problem(0, "", "", "holds no rows"),), "give a file with rows to predict")
    table = table.select(schema.names).append_column(ROW, pa.array(np.arange(1, table.num_rows + 1)))
    places = np.array([place_of(b"%d" % row, salt.encode()) for row in range(1, table.num_rows + 1)])
    edges = np.linspace(0, table.num_rows, min(slices, table.num_rows) + 1).astype(int)
    found = []
    with pq.ParquetWriter(staged, table.schema) as writer:
        for number, (start, stop) in enumerate(pairwise(edges)):
            order = start + np.argsort(places[start:stop], kind="stable")
            writer.write_table(table.take(pa.array(order)), row_group_size=max(int(stop - start), 1))
            found.append(Slice(number, int(start), order + 1, places[order]))
    return tuple(found)


def rows_file(rows: NDArray[np.float32], schema: Schema, picks: Sequence[int] | NDArray[np.int64], path: Path) -> Path:
    """Rows as a model reads them (rows, features), written as the input that a batch has: names and numbers."""
    records = [schema.decode(row) for row in rows]
    columns = {name: [records[i][name] for i in picks] for name in schema.names}
    pq.write_table(pa.table(columns), path)
    return path
