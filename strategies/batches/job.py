"""What an offline prediction job is asked to do."""

import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from data.discovery import kind
from data.errors import InvalidValue
from strategies.batches.engines.contract import Engine
from strategies.batches.loops import RUNTIME_OF

CHUNK_ROWS = 65_536
MAX_CHUNK_ROWS = 4_000_000


@dataclass(frozen=True, slots=True)
class BatchJob:
    """Predict every row of `input` with `package` into `output`."""

    input: Path
    """A Parquet or CSV file with a column for each feature."""
    package: Path
    """Folder of a model package."""
    output: Path
    """The Parquet file to make; its manifest and its rejects are put beside it."""
    workers: int = 0
    """Processes that predict; 0 takes as many as there are cores."""
    engine: str = "processes"
    key: str = ""
    """Column of the input that answers are found by; empty numbers the rows from 1."""
    chunk_rows: int = CHUNK_ROWS
    """Rows computed together and kept together; what a crash can cost each worker."""
    loop: str = "auto"
    """"auto", or the runtime to use: "onnx" or "sklearn"."""
    computed_at: datetime | None = None
    """What the output says of when it was computed; None takes the moment at which the job first began."""

    def __post_init__(self) -> None:
        if self.input.suffix.lower() not in (".parquet", ".csv"):
            raise InvalidValue("input", self.input.name, "is neither .parquet nor .csv", "save it as one of them")
        if not self.input.is_file():
            raise InvalidValue("input", str(self.input), "is not a file", "give the file with the rows to predict")
        if self.output.suffix.lower() != ".parquet":
            raise InvalidValue("output", self.output.name, "must end in .parquet", "name the file to make")
        if self.output.resolve() == self.input.resolve():
            raise InvalidValue("output", self.output.name, "is the input itself", "choose another name")
        if self.output.is_dir():
            raise InvalidValue("output", str(self.output), "is a folder", "name the file to make")
        for name, most, least in (("workers", 1_024, 0), ("chunk_rows", MAX_CHUNK_ROWS, 1)):
            if not least <= getattr(self, name) <= most:
                rule = f"must be {least:,} to {most:,}"
                raise InvalidValue(name, getattr(self, name), rule, "choose another number")
        if self.loop not in ("auto", *RUNTIME_OF.values()):
            raise InvalidValue("loop", self.loop, "is no loop", f"choose auto, {' or '.join(RUNTIME_OF.values())}")
        if self.computed_at is not None and self.computed_at.tzinfo is None:
            raise InvalidValue("computed_at", self.computed_at, "names no time zone", "add one, such as +00:00")
        kind("strategies.batches.engines", Engine, self.engine)  # type: ignore[type-abstract]

    def crew_size(self) -> int:
        """Workers to start."""
        return self.workers or cores()

    def moment(self) -> datetime:
        """When it is computed, as far as the output is concerned."""
        return (self.computed_at or datetime.now(UTC)).astimezone(UTC)


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
