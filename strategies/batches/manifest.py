"""What a job says of the output that it made."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from data.errors import InvalidValue

METADATA_KEY = b"drydock"
"""Key of the Parquet file's own metadata under which it carries `About`."""


@dataclass(frozen=True, slots=True)
class About:
    """What an output itself carries: all that follows from input and package, and nothing of how the job went."""

    model: str
    version: str
    task: str
    target: str
    outputs: tuple[str, ...]
    key: str
    """Name of the column that answers are found by."""
    computed_at: str
    """ISO 8601, UTC; no answer is older than this says."""
    input_sha256: str
    rows_in: int
    rows_out: int
    rows_rejected: int
    loop: str

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), ensure_ascii=False).encode()

    @classmethod
    def from_metadata(cls, metadata: Mapping[bytes, bytes] | None, file: str) -> "About":
        raw = (metadata or {}).get(METADATA_KEY)
        if raw is None:
            raise InvalidValue("output", file, "was not made by a batch job", "choose the file that a job has made")
        value = json.loads(raw)
        return cls(**{**value, "outputs": tuple(value["outputs"])})


@dataclass(frozen=True, slots=True)
class BatchManifest:
    """The file beside an output, `<output>.manifest.json`: what went in and came out, and how the job went."""

    about: About
    output_sha256: str
    rejects_sha256: str
    input_bytes: int
    chunks: int
    chunks_found: int
    """Chunks that an earlier, interrupted run had finished."""
    loop_why: str
    engine: str
    workers: int
    started_at: str
    """When the job first began, ISO 8601, UTC."""
    published_at: str
    seconds: float
    """From this run's start until the output was whole."""
    rows_per_s: float
    """Rows that this run looked at, per second of it."""
    cpu_s: float | None
    peak_bytes: int | None
    """Sum of the peaks of all its processes; None where they ran elsewhere."""
    software: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def read(cls, output: Path) -> "BatchManifest":
        """The manifest of an output."""
        path = manifest_path(output)
        if not path.is_file():
            raise InvalidValue("output", output.name, "has no manifest beside it", "run the job that makes it")
        value = json.loads(path.read_bytes())
        about = About(**{**value["about"], "outputs": tuple(value["about"]["outputs"])})
        return cls(**{**value, "about": about})


def manifest_path(output: Path) -> Path:
    return output.with_name(f"{output.name}.manifest.json")


def rejects_path(output: Path) -> Path:
    """The CSV file of rejected cells: row, column, value, reason."""
    return output.with_name(f"{output.stem}.rejects.csv")
