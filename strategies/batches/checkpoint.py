"""The folder beside an output in which a job keeps what it has finished, so that a killed one can go on.

`plan.json` says what the parts belong to; a job that is asked for anything else starts anew. A lock keeps two jobs from
making one output at once.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from data.errors import DrydockError
from strategies.batches.job import BatchJob
from strategies.batches.loops import Loop

_TAIL_BYTES = 1 << 16


class OutputBusy(DrydockError):
    """Another job is making the same output."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a job's parts depend on; whoever differs in any of it cannot use them."""

    input_bytes: int
    input_modified_ns: int
    input_tail: str
    """SHA-256 of the file's last 64 KiB, which in Parquet hold sizes and places of everything."""
    package: str
    key: str
    chunk_rows: int
    loop: str
    layout: int = 1
    """Grows when parts are written otherwise."""

    @classmethod
    def of(cls, job: BatchJob, version: str) -> "Identity":
        about = job.input.stat()
        with job.input.open("rb") as file:
            file.seek(max(0, about.st_size - _TAIL_BYTES))
            tail = hashlib.sha256(file.read()).hexdigest()
        return cls(about.st_size, about.st_mtime_ns, tail, version, job.key, job.chunk_rows, job.loop)


@dataclass(frozen=True, slots=True)
class Plan:
    """What was settled when the job first began."""

    identity: Identity
    computed_at_us: int
    """Microseconds since 1970, UTC."""
    started_at: str
    chunks: int = 0
    """0 until the input has been looked through."""
    loop: Loop | None = None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> "Plan":
        loop = Loop.from_dict(value["loop"]) if value["loop"] else None
        return cls(**{**value, "identity": Identity(**value["identity"]), "loop": loop})


class Checkpoint:
    """The folder, locked; see `checkpoint`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.parts = folder / "parts"
        self.staged = folder / "input.arrow"
        self.staged_rejects = folder / "malformed.arrow"
        self._plan = folder / "plan.json"
        self.plan: Plan | None = None

    def settle(self, identity: Identity, computed_at_us: int | None, fresh: Plan) -> Plan:
        """The plan to follow: the one found, if it is of the same job, or else `fresh`, with nothing done yet."""
        found = self._found()
        wanted = found is not None and found.identity == identity
        if found is not None and wanted and computed_at_us in (None, found.computed_at_us):
            self.plan = found
        else:
            self.clear()
            self.keep(fresh)
        self.parts.mkdir(exist_ok=True)
        assert self.plan is not None
        return self.plan

    def keep(self, plan: Plan) -> Plan:
        """Write the plan, in one step."""
        draft = self.folder / ".plan.partial"
        draft.write_text(json.dumps(plan.to_dict()))
        draft.replace(self._plan)
        self.plan = plan
        return plan

    def amend(self, **changes: Any) -> Plan:
        assert self.plan is not None
        return self.keep(replace(self.plan, **changes))

    def clear(self) -> None:
        """Forget everything that was done."""
        self._plan.unlink(missing_ok=True)
        shutil.rmtree(self.parts, ignore_errors=True)
        for path in (self.staged, self.staged_rejects):
            path.unlink(missing_ok=True)

    def _found(self) -> Plan | None:
        try:
            return Plan.from_dict(json.loads(self._plan.read_bytes()))
        except (OSError, ValueError, KeyError, TypeError):
            return None


def folder_of(output: Path) -> Path:
    """Where an output's job keeps what it has finished."""
    return output.with_name(f".{output.name}.work")


@contextmanager
def checkpoint(output: Path) -> Iterator[Checkpoint]:
    """An output's checkpoint, held by this job alone; `OutputBusy` while another one has it."""
    folder = folder_of(output)
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise OutputBusy(f"Another job is making {output.name}: wait for it, or name another output.") from None
    try:
        yield Checkpoint(folder)
    finally:
        lock.release()
