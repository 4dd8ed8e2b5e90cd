"""Looking an input through before anything is computed: its columns, its rows, its chunks."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from data.errors import InvalidFile, Problem
from data.schema import Schema
from strategies.batches.checking import unreadable
from strategies.batches.checkpoint import Checkpoint
from strategies.batches.chunking import Chunk
from strategies.batches.job import BatchJob
from strategies.batches.source import columns_of, plan_chunks
from strategies.batches.staging import stage


@dataclass(frozen=True, slots=True)
class Input:
    """The input as it is to be computed."""

    path: Path
    chunks: tuple[Chunk, ...]
    malformed: int
    """Lines of a CSV file that are no rows."""

    @property
    def rows(self) -> int:
        return sum(chunk.rows for chunk in self.chunks)


def look_through(job: BatchJob, kept: Checkpoint, schema: Schema, on_staged: Callable[[float], None]) -> Input:
    """The job's input, staged where it is CSV.

    Raises `InvalidValue` for a column that is missing or cannot be read, `InvalidFile` for a file without rows.
    """
    path, malformed = job.input, 0
    if path.suffix.lower() == ".csv":
        if not kept.staged.exists():
            stage(path, kept.staged, kept.staged_rejects, job.chunk_rows, on_staged)
        path, malformed = kept.staged, _count(kept.staged_rejects)
    for problem in unreadable(columns_of(path), schema, job.key):
        kept.clear()
        raise problem
    chunks = plan_chunks(path, job.chunk_rows)
    if not chunks:
        kept.clear()
        raise InvalidFile(job.input.name, (Problem(0, "", "", "holds no rows"),), "give a file with rows to predict")
    assert kept.plan is not None
    if kept.plan.chunks != len(chunks):
        kept.amend(chunks=len(chunks))
    return Input(path, chunks, malformed)


def _count(path: Path) -> int:
    with pa.OSFile(str(path)) as file:
        lines = pa.ipc.open_file(file)
        return sum(int(lines.get_batch(number).num_rows) for number in range(lines.num_record_batches))
