"""The same model in every format: size, time to save and to load, and whether it still answers the same."""

import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from data.discovery import kinds
from data.errors import Cancelled
from strategies.packaging.formats._child import digest, repeated
from strategies.packaging.formats.contract import Fitted, Format, NotCarried, Safety
from strategies.packaging.package import Parity
from strategies.packaging.parity import compare, reference_answers, shortfall
from strategies.training.watch import CancelCheck, Progress, never, silent

_ROOT = Path(__file__).parents[2]
_LIMIT_S = 120.0
MAX_ROWS = 500


@dataclass(frozen=True, slots=True)
class FormatResult:
    """What one format made of the model; times are medians."""

    format: str
    title: str
    status: Literal["ok", "differs", "not carried", "unavailable", "failed"]
    """`differs`: it loads, and answers otherwise than the model that was saved."""
    reason: str
    """Why the status is not ok; empty when it is."""
    safety: Safety
    carries: str
    cannot: str
    readers: str
    size_bytes: int | None = None
    save_s: float | None = None
    first_load_s: float | None = None
    """In a fresh process, with the import of everything that the format and the model need."""
    load_s: float | None = None
    """Once that is imported."""
    row_s: float | None = None
    """Answering a single row."""
    parity: Parity | None = None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def compare_formats(
    model: Fitted,
    rows: NDArray[np.float32],
    *,
    names: Sequence[str] | None = None,
    progress: Progress = silent,
    cancelled: CancelCheck = never,
) -> tuple[FormatResult, ...]:
    """Save and load `model` in each format, and compare its answers to `rows` (rows, features), at most 500 of them.

    `names` chooses formats; without it all are compared, and those that cannot be used say why. Every file is written
    to a private folder, loaded in a process of its own that checks that it is unchanged, and removed.
    """
    results: list[FormatResult] = []
    every = kinds("strategies.packaging.formats", Format)  # type: ignore[type-abstract]
    found = {name: every[name] for name in (every if names is None else names)}
    for i, (name, kind) in enumerate(found.items()):
        progress(kind.title, i / len(found))
        if cancelled():
            raise Cancelled("The comparison of formats was cancelled.")
        results.append(_try(name, kind(), model, rows[:MAX_ROWS]))
    progress("done", 1.0)
    return tuple(results)


def _try(name: str, format_kind: Format, model: Fitted, rows: NDArray[np.float32]) -> FormatResult:
    result = _Result(name, format_kind)
    missing = format_kind.missing()
    if missing:
        return result.made("unavailable", missing)
    with tempfile.TemporaryDirectory(prefix="drydock-formats-") as folder:
        file = Path(folder) / f"model{format_kind.suffix}"
        try:
            result.found["save_s"] = _save(format_kind, model, file)
        except NotCarried as error:
            return result.made("not carried", str(error))
        except Exception as error:
            return result.made("failed", f"saving failed with {type(error).__name__}: {error}")
        result.found["size_bytes"] = _size(file)
        answers = Path(folder) / "answers.npy"
        rows = rows if format_kind.reads_gaps else rows[~np.isnan(rows).any(axis=1)]
        reply = _load_elsewhere(name, file, model, rows, answers)
        if "error" in reply:
            return result.made("failed", f"loading failed with {reply['error']}")
        result.found |= reply
        return _judged(result, model, rows, np.load(answers))


class _Result:
    """A result in the making."""

    def __init__(self, name: str, format_kind: Format) -> None:
        self.name, self.kind, self.found = name, format_kind, dict[str, Any]()

    def made(
        self, status: Literal["ok", "differs", "not carried", "unavailable", "failed"], reason: str
    ) -> FormatResult:
        kind = self.kind
        return FormatResult(
            self.name, kind.title, status, reason, kind.safety, kind.carries, kind.cannot, kind.readers, **self.found
        )


def _judged(result: _Result, model: Fitted, rows: NDArray[np.float32], answers: NDArray[Any]) -> FormatResult:
    task = model.about.task
    reference = reference_answers(model.pipeline, rows, task)
    result.found["parity"] = parity = compare(reference, answers, task)
    problem = shortfall(parity, reference, task)
    return result.made("differs", problem) if problem else result.made("ok", "")


def _save(format_kind: Format, model: Fitted, file: Path) -> float:
    """Save it and return the median time; each time to a new name, as a file that is there costs another time."""
    names = itertools.chain([file], (file.with_name(f"{i}-{file.name}") for i in itertools.count()))

    def save() -> float:
        target, began_s = next(names), time.perf_counter()
        format_kind.save(model, target)
        return time.perf_counter() - began_s

    return repeated(save)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else sum(f.stat().st_size for f in path.rglob("*") if f.is_file())


def _load_elsewhere(name: str, file: Path, model: Fitted, rows: NDArray[np.float32], answers: Path) -> dict[str, Any]:
    rows_file = answers.with_name("rows.npy")
    np.save(rows_file, rows)
    about = model.about
    order = {
        "format": name,
        "file": str(file),
        "sha256": digest(file),
        "schema": about.schema.to_dict(),
        "task": about.task,
        "target": about.target,
        "outputs": list(about.outputs),
        "rows": str(rows_file),
        "answers": str(answers),
    }
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "strategies.packaging.formats._child"],
            input=json.dumps(order),
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            env={**os.environ, "PYTHONPATH": path},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"error": f"it took longer than {_LIMIT_S:.0f} s"}
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0 or not lines:
        return {"error": f"exit status {done.returncode}: {done.stderr.strip()[-300:]}"}
    return dict(json.loads(lines[-1]))
