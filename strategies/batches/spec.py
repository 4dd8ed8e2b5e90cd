"""What a worker needs to know of a job, wherever it runs: plain values that travel as JSON."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from strategies.batches.loops import Loop


@dataclass(frozen=True, slots=True)
class ComputeSpec:
    """Paths are those that the workers see: on a cluster, of a file system that all share."""

    source: str
    """A Parquet file, or the staged form of a CSV file (see `strategies.batches.staging`)."""
    package: str
    """The package's folder."""
    parts: str
    """Folder for the part files."""
    key: str
    """Column that answers are found by; empty for the row's number."""
    loop: Loop | None = None
    """None until it has been chosen."""

    def with_loop(self, loop: Loop) -> "ComputeSpec":
        return replace(self, loop=loop)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> "ComputeSpec":
        loop = value.get("loop")
        return cls(**{**value, "loop": None if loop is None else Loop.from_dict(loop)})
