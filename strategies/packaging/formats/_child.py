"""Loads one saved model in a process that has loaded nothing yet, and times it.

Run as ``python -m strategies.packaging.formats._child`` with the order as JSON on standard input; the findings are the
last line on standard output. Before it loads, it makes sure that the file is the one that its parent just wrote:
some formats run whatever is in the file.
"""

import hashlib
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from data.discovery import kind
from data.errors import InvalidValue
from data.schema import Schema
from strategies.packaging.formats.contract import About, Format, Predict

RUNS = 3
LONG_S = 2.0
SINGLE_ROWS = 20


def digest(path: Path) -> str:
    """SHA-256 of a file, or of a folder's files with their names, in hex."""
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    parts = hashlib.sha256()
    for file in sorted(path.rglob("*")):
        if file.is_file():
            parts.update(
                f"{file.relative_to(path).as_posix()}\0{hashlib.sha256(file.read_bytes()).hexdigest()}".encode()
            )
    return parts.hexdigest()


def run(order: dict[str, Any]) -> dict[str, Any]:
    """Load, answer, and say how long each took."""
    path = Path(order["file"])
    if digest(path) != order["sha256"]:
        raise InvalidValue(path.name, digest(path)[:12], "is not the file that was just written", "save it again")
    about = About(Schema.from_dict(order["schema"]), order["task"], order["target"], tuple(order["outputs"]))
    format_kind = kind("strategies.packaging.formats", Format, order["format"])()  # type: ignore[type-abstract]
    first_s, predict = _timed(format_kind, path, about)
    again = repeated(lambda: _timed(format_kind, path, about)[0])
    rows = np.load(order["rows"])
    np.save(order["answers"], predict(rows))
    return {
        "first_load_s": first_s,
        "load_s": again,
        "row_s": statistics.median(_row_s(predict, rows[i % len(rows)][None]) for i in range(SINGLE_ROWS)),
    }


def repeated(timed: Callable[[], float]) -> float:
    """Median of a few runs, of one where a run takes long."""
    took_s = [timed()]
    while len(took_s) < RUNS and sum(took_s) < LONG_S:
        took_s.append(timed())
    return statistics.median(took_s)


def _timed(format_kind: Format, path: Path, about: About) -> tuple[float, Predict]:
    began_s = time.perf_counter()
    predict = format_kind.load(path, about)
    return time.perf_counter() - began_s, predict


def _row_s(predict: Predict, row: np.ndarray) -> float:
    began_s = time.perf_counter()
    predict(row)
    return time.perf_counter() - began_s


if __name__ == "__main__":
    try:
        found = run(json.loads(sys.stdin.read()))
    except Exception as error:
        found = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(found))
