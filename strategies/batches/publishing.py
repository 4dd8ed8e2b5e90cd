"""Putting parts together, in order, as they are finished, and setting the whole in its place in one step."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq

from strategies.batches.checking import REJECTS
from strategies.batches.columns import COMPUTED_AT, constants, text_columns
from strategies.batches.manifest import METADATA_KEY, About
from strategies.batches.parts import Part, read_part


class Merger:
    """Writes answers and rejects into two drafts, chunk by chunk, in the order of the rows.

    Chunks come in any order; each is written as soon as all before it are. Each is one row group of the output, so the
    file's bytes do not depend on when its chunks came. Nothing of this survives a crash: the parts do.
    """

    def __init__(self, folder: Path, parts: Path, version: str, computed_at_us: int, malformed: Path) -> None:
        self.answers, self.rejects = folder / "answers.parquet", folder / "rejects.csv"
        self._parts, self._version, self._computed_at_us = parts, version, computed_at_us
        self._malformed = malformed
        self._waiting: dict[int, Part] = {}
        self._next = 0
        self._writer: Any = None
        self._rejects: Any = None
        self.rows = self.rejected = 0

    def add(self, part: Part) -> None:
        """Take a finished chunk."""
        self._waiting[part.chunk] = part
        while (due := self._waiting.pop(self._next, None)) is not None:
            self._write(due)
            self._next += 1

    def finish(self, about: About) -> None:
        """Complete both drafts; all chunks must have come."""
        self._writer.add_key_value_metadata({METADATA_KEY: about.to_json()})
        self._writer.close()
        self._rejects.close()

    def abandon(self) -> None:
        """Let go of the drafts, which the next run overwrites."""
        for writer in (self._writer, self._rejects):
            if writer is not None:
                writer.close()

    def _write(self, part: Part) -> None:
        answers, rejects = read_part(self._parts, part)
        for name, column in constants(part.rows, self._version, self._computed_at_us).items():
            answers = answers.append_column(name, column)
        if self._writer is None:
            self._open(answers.schema)
        if part.rows:
            self._writer.write_table(answers, row_group_size=part.rows)
        if rejects.num_rows:
            self._rejects.write_table(rejects)
        self.rows += part.rows
        self.rejected += part.rejected

    def _open(self, schema: pa.Schema) -> None:
        # Numbers that hardly repeat gain nothing from a dictionary, and building one takes longest of all.
        by_code = [*text_columns(schema), COMPUTED_AT]
        steps = [schema.field(0).name] if pa.types.is_integer(schema.field(0).type) else []
        self._writer = pq.ParquetWriter(
            self.answers, schema, compression="snappy", use_dictionary=by_code, write_statistics=[schema.field(0).name],
            column_encoding=dict.fromkeys(steps, "DELTA_BINARY_PACKED"),
        )  # fmt: skip
        self._rejects = csv.CSVWriter(self.rejects, REJECTS)
        if self._malformed.exists():  # lines that are no rows come first, then the cells of rows
            with pa.OSFile(str(self._malformed)) as file:
                lines = pa.ipc.open_file(file)
                for number in range(lines.num_record_batches):
                    self._rejects.write_batch(lines.get_batch(number))
