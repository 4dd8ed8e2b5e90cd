"""A trace: what happened to every request, whether the deployment was real or simulated.

Latency is `end_s - scheduled_s`. A generator that waits for a stalled server sends late, so counting from `sent_s`
would leave the stall out of the figures (Gil Tene's coordinated omission); counting from the schedule keeps it in.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from data.errors import InvalidValue
from data.provenance import Provenance
from data.usage import Usage


class Status(IntEnum):
    """How a request ended."""

    OK = 0
    REJECTED = 1
    """Refused on purpose: queue full, rate or concurrency limit, draining."""
    TIMEOUT = 2
    ERROR = 3


# Column name to its type; a trace holds exactly these, one value a request.
COLUMNS: Mapping[str, np.dtype[Any]] = {
    "scheduled_s": np.dtype(np.float64),
    "sent_s": np.dtype(np.float64),
    "start_s": np.dtype(np.float64),
    "end_s": np.dtype(np.float64),
    "status": np.dtype(np.uint8),
    "cold": np.dtype(np.bool_),
    "version": np.dtype(np.int16),
    "replica": np.dtype(np.int16),
    "attempts": np.dtype(np.int16),
    "mirrored": np.dtype(np.bool_),
    "row": np.dtype(np.int64),
    "answer": np.dtype(np.float64),
}


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """One entry a request, in order of schedule. Times are seconds since the run began; n counts the requests."""

    scheduled_s: NDArray[np.float64]
    """When the workload asked for it. (n,)"""
    sent_s: NDArray[np.float64]
    """When the generator sent it; NaN where it never was."""
    start_s: NDArray[np.float64]
    """When a worker took it up, as far as the strategy knows; NaN where it does not."""
    end_s: NDArray[np.float64]
    """When its answer, refusal or failure was known."""
    status: NDArray[np.uint8]
    """A `Status`."""
    cold: NDArray[np.bool_]
    """Whether it waited for an instance to start."""
    version: NDArray[np.int16]
    """Index into `versions` of the model that answered; -1 where none did."""
    replica: NDArray[np.int16]
    """Number of the replica, worker or consumer that answered; -1 where unknown."""
    attempts: NDArray[np.int16]
    """How often it was tried, 1 without retries."""
    mirrored: NDArray[np.bool_]
    """Whether it is a shadow's copy, whose answer no user saw."""
    row: NDArray[np.int64]
    """Index of the row it carried."""
    answer: NDArray[np.float64]
    """The prediction: the value (regression), the positive class's probability (binary), the class's index; or NaN."""
    versions: tuple[str, ...]
    usage: Usage
    provenance: Provenance

    def __post_init__(self) -> None:
        n = len(self.scheduled_s)
        for name, dtype in COLUMNS.items():
            column = getattr(self, name)
            if column.shape != (n,) or column.dtype != dtype:
                raise InvalidValue(
                    name, f"{column.dtype}{column.shape}", f"must be {dtype}({n},)", "convert the column"
                )
            column.flags.writeable = False

    def __len__(self) -> int:
        return len(self.scheduled_s)

    @classmethod
    def build(
        cls,
        columns: Mapping[str, Sequence[float] | NDArray[Any]],
        *,
        versions: tuple[str, ...],
        usage: Usage,
        provenance: Provenance,
    ) -> "Trace":
        """A trace from the columns that are known; the others take the value that means "not known".

        `scheduled_s`, `end_s` and `status` must be given. Entries are sorted by schedule, stably.
        """
        missing = {"scheduled_s", "end_s", "status"} - columns.keys()
        unknown = columns.keys() - COLUMNS.keys()
        if missing or unknown:
            raise InvalidValue(
                "columns", sorted(missing | unknown), "are missing or unknown", f"give {', '.join(COLUMNS)}"
            )
        n = len(columns["scheduled_s"])
        order = np.argsort(np.asarray(columns["scheduled_s"], np.float64), kind="stable")
        full = {name: _column(columns.get(name), name, n)[order] for name in COLUMNS}
        return cls(**full, versions=versions, usage=usage, provenance=provenance)

    @property
    def latency_s(self) -> NDArray[np.float64]:
        """Seconds from the scheduled moment to the answer, for every request whatever its status. (n,)"""
        return self.end_s - self.scheduled_s

    @property
    def ok(self) -> NDArray[np.bool_]:
        return np.equal(self.status, Status.OK)

    def where(self, mask: NDArray[np.bool_]) -> "Trace":
        """The requests that `mask` selects; usage and provenance stay those of the whole run."""
        return replace(self, **{name: getattr(self, name)[mask] for name in COLUMNS})

    def counted(self) -> "Trace":
        """The requests that count: after the warm-up, and seen by users (no shadow copies)."""
        return self.where((self.scheduled_s >= self.provenance.warm_up_s) & ~self.mirrored)

    def save(self, path: Path) -> None:
        """Write Parquet, with everything that is not a column in the file's metadata; appears whole or not at all."""
        meta = {
            "versions": list(self.versions),
            "usage": self.usage.to_dict(),
            "provenance": self.provenance.to_dict(),
        }
        table = pa.table({name: getattr(self, name) for name in COLUMNS})
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.partial")
        pq.write_table(
            table.replace_schema_metadata({b"drydock": json.dumps(meta).encode()}), partial, compression="zstd"
        )
        partial.replace(path)

    @classmethod
    def load(cls, path: Path) -> "Trace":
        """Read what `save` wrote, exactly."""
        table = pq.read_table(path)
        raw = (table.schema.metadata or {}).get(b"drydock")
        if raw is None:
            raise InvalidValue(
                "trace file", path.name, "carries no Drydock provenance", "choose a file that Drydock saved"
            )
        meta = json.loads(raw)
        columns = {name: table[name].to_numpy().astype(dtype) for name, dtype in COLUMNS.items()}
        return cls(
            **columns,
            versions=tuple(meta["versions"]),
            usage=Usage.from_dict(meta["usage"]),
            provenance=Provenance.from_dict(meta["provenance"]),
        )

    def equals(self, other: "Trace") -> bool:
        """Whether both hold the same values everywhere; NaN equals NaN."""
        rest = [f.name for f in fields(self) if f.name not in COLUMNS]
        return all(np.array_equal(getattr(self, n), getattr(other, n), equal_nan=True) for n in COLUMNS) and all(
            getattr(self, n) == getattr(other, n) for n in rest
        )


_UNKNOWN: Mapping[str, float] = {
    "sent_s": np.nan, "start_s": np.nan, "cold": False, "version": -1, "replica": -1, "attempts": 1,
    "mirrored": False, "row": -1, "answer": np.nan,
}  # fmt: skip


def _column(values: Sequence[float] | NDArray[Any] | None, name: str, n: int) -> NDArray[Any]:
    if values is None:
        return np.full(n, _UNKNOWN[name], COLUMNS[name])
    return np.asarray(values, COLUMNS[name])
