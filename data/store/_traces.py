"""The files of the traces, in the state folder."""

import hashlib
import time
from collections.abc import Collection, Iterable
from pathlib import Path

from data.errors import InvalidValue
from data.home import home
from data.store.run import Run
from data.trace import Trace

_FOLDER = "traces"


def keep(run_id: str, trace: Trace) -> tuple[str, str]:
    """Write the run's trace; returns its path inside the state folder and its SHA-256 in hex."""
    path = _path(run_id)
    trace.save(path)
    return path.relative_to(home()).as_posix(), _digest(path)


def load(run: Run) -> Trace:
    """The run's trace; `InvalidValue` where there is none, or its file is not the one that was kept."""
    if not run.trace_file:
        reason = "; ".join(run.problems) or run.status
        raise InvalidValue("trace of run", run.id, f"was never made ({reason})", "choose a run that is done")
    path = home() / run.trace_file
    if not path.is_file():
        remedy = "look on the machine that made it, or set DRYDOCK_HOME to the folder it is in"
        raise InvalidValue("trace file", run.trace_file, "is not in this state folder", remedy)
    if _digest(path) != run.trace_hash:
        raise InvalidValue("trace file", run.trace_file, "was changed since the run", "make the run again")
    return Trace.load(path)


def remove(run_ids: Iterable[str]) -> None:
    """Remove the files of these runs, where they are here."""
    for run_id in run_ids:
        _path(run_id).unlink(missing_ok=True)


def tidy(run_ids: Collection[str], older_than_s: float) -> int:
    """Remove files of these runs, and half-written ones, that are older; returns how many."""
    folder, before = home() / _FOLDER, time.time() - older_than_s
    known = (path for path in folder.glob("*.parquet") if path.stem in run_ids)
    left = [path for path in (*known, *folder.glob(".*.partial")) if path.stat().st_mtime <= before]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


def _path(run_id: str) -> Path:
    return home() / _FOLDER / f"{run_id}.parquet"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
