"""Predicts a whole file: ``python -m strategies.batches --input IN.parquet --package FOLDER --output OUT.parquet``.

Asked again after an interruption, it goes on where it was. Ctrl-C and SIGTERM stop it, and keep what is finished.
"""

import argparse
import json
import signal
import sys
import threading
import time
from datetime import datetime
from pathlib import Path
from types import FrameType

from data.errors import Cancelled, DrydockError
from strategies.batches.job import BatchJob
from strategies.batches.run import run
from strategies.batches.schedule import follow
from strategies.hosts.lifeline.place import Place

_REPORT_EVERY_S = 1.0
CANCELLED_STATUS = 130


def main(arguments: list[str]) -> int:
    asked = _parser().parse_args(arguments)
    stop = threading.Event()

    def on_signal(_: int, __: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    Place.here().announce()
    try:
        job = _job(asked)
        report = _Report(asked.quiet)
        if asked.every_s is not None:
            follow(job, asked.every_s, stop=stop, progress=report)
            return 0
        print(json.dumps(run(job, progress=report, cancelled=stop.is_set).to_dict(), indent=2, ensure_ascii=False))
    except Cancelled as error:
        print(error, file=sys.stderr)
        return CANCELLED_STATUS
    except (DrydockError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m strategies.batches", description=__doc__)
    parser.add_argument("--input", type=Path, required=True, help="Parquet or CSV file with a column for each feature")
    parser.add_argument("--package", type=Path, required=True, help="folder of a model package")
    parser.add_argument("--output", type=Path, required=True, help="Parquet file to make")
    parser.add_argument("--key", default="", help="column that answers are found by (default: the row's number)")
    parser.add_argument("--workers", type=int, default=0, help="processes that predict (default: one a core)")
    parser.add_argument("--engine", default="processes", help="processes, dask or inline")
    parser.add_argument("--loop", default="auto", help="auto tries what is fastest; or onnx, sklearn")
    parser.add_argument("--chunk-rows", type=int, default=BatchJob.__dataclass_fields__["chunk_rows"].default)
    parser.add_argument("--computed-at", type=datetime.fromisoformat, help="moment to state in the output (ISO 8601)")
    parser.add_argument("--every-s", type=float, help="stay, and run again this often where the input has changed")
    parser.add_argument("--quiet", action="store_true", help="print no progress")
    return parser


def _job(asked: argparse.Namespace) -> BatchJob:
    names = ("input", "package", "output", "workers", "engine", "key", "chunk_rows", "loop", "computed_at")
    return BatchJob(**{name: getattr(asked, name) for name in names})


class _Report:
    """Progress on the error stream, at most once a second and at each new stage."""

    def __init__(self, quiet: bool) -> None:
        self._quiet, self._stage, self._last_s = quiet, "", 0.0

    def __call__(self, stage: str, share: float) -> None:
        now_s = time.perf_counter()
        if not self._quiet and (stage != self._stage or now_s - self._last_s >= _REPORT_EVERY_S):
            self._stage, self._last_s = stage, now_s
            print(f"{stage} {share:.0%}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
