"""The application's side of the batch deployment: requests are collected, and answered when a job over them is done."""

import shutil
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.trace import Status
from data.usage import Usage
from strategies.batches.facts import BatchFacts, BatchRun
from strategies.batches.launching import Finished, Launched
from strategies.batches.settings import Settings
from strategies.contract import Answer, Deployment, Done, Limits, Request
from strategies.hosts.contract import Host
from strategies.packaging.package import ModelPackage

_Waiting = tuple[int, Done]
_MAX_FAILURES = 3


class BatchDeployment(Deployment):
    """Collects; one job at a time runs over what was collected until it began."""

    wake_error_s = 0.0005

    def __init__(self, model: ModelPackage, host: Host, limits: Limits, settings: Settings) -> None:
        self._model, self._host, self._limits, self._settings = model, host, limits, settings
        self._table = np.empty((0, len(model.manifest.schema)), np.float32)
        self._waiting: list[_Waiting] = []
        self._rows: list[NDArray[np.float32]] = []
        self._first_s = np.nan
        self._flushed = False
        self._under_way: tuple[Launched, list[_Waiting]] | None = None
        self._news = threading.Event()
        self._folder = Path(tempfile.mkdtemp(prefix="drydock-batch-"))
        self._runs: list[BatchRun] = []
        self._past = Usage(0.0, 0, 0, 0.0)
        self._failures, self._died = 0, ""
        self._next_s = time.perf_counter() + settings.every_s

    def prepare(self, rows: NDArray[np.float32]) -> None:
        self._table = np.ascontiguousarray(rows, np.float32)

    def issue(self, requests: Sequence[Request], done: Done) -> None:
        if not self._waiting:
            self._first_s = time.perf_counter()
        for request in requests:
            self._waiting.append((request.id, done))
            self._rows.append(self._table[request.row])
        self._start_if_due()

    def poll(self, wait_s: float) -> None:
        if self._under_way is None:
            self._start_if_due()
            wait_s = min(wait_s, max(0.0, self._next_s - time.perf_counter())) if self._settings.every_s else wait_s
        if wait_s > 0:
            self._news.wait(wait_s)
        if self._news.is_set():
            self._answer()
            self._start_if_due()

    def flush(self) -> None:
        """Run a job over what was collected, as soon as none is under way."""
        self._flushed = True
        self._start_if_due()

    def update(self, model: ModelPackage) -> None:
        """The next job uses the new version, for the requests collected already too; one under way is not disturbed."""
        self._model = model

    def usage(self) -> Usage:
        """The jobs' processes, and what went into and came out of their files."""
        if self._under_way is None:
            return self._past
        return _sum(self._past, self._under_way[0].used())

    def health(self) -> str:
        """Empty unless jobs keep failing: one that failed is told to its requests, and the next may succeed."""
        return self._died if self._failures >= _MAX_FAILURES else ""

    def facts(self) -> BatchFacts:
        """What only a batch can tell, since the deployment began."""
        return BatchFacts(tuple(self._runs), time.perf_counter())

    def close(self) -> None:
        if self._under_way is not None:
            self._under_way[0].close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start_if_due(self) -> None:
        if self._under_way is not None:
            return
        if not self._waiting:
            self._flushed = False
            self._skip_moments()
            return
        settings = self._settings
        on_time = settings.every_s > 0 and time.perf_counter() >= self._next_s
        if self._flushed or on_time or 0 < settings.max_rows <= len(self._waiting):
            self._start()

    def _start(self) -> None:
        self._skip_moments()
        self._flushed = False
        self._news.clear()
        # Each job has a folder of its own, so that nothing of a failed one can be taken for the next one's.
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        launched = Launched(
            self._model, self._host, self._limits, self._settings.engine, self._rows, self._first_s, folder, self._news
        )
        self._under_way = launched, self._waiting
        self._waiting, self._rows = [], []

    def _skip_moments(self) -> None:
        """The schedule's moments are fixed; one that passed while nothing waited, or a job ran, is not made up for."""
        every_s, now_s = self._settings.every_s, time.perf_counter()
        if every_s > 0 and self._next_s <= now_s:
            self._next_s += every_s * (1 + (now_s - self._next_s) // every_s)

    def _answer(self) -> None:
        """Give the answers of the job that has just ended."""
        assert self._under_way is not None
        launched, waiting = self._under_way
        result = launched.result
        assert result is not None
        self._under_way = None
        self._news.clear()
        self._past = _sum(self._past, launched.used())
        if result.run is None:
            self._failures, self._died = self._failures + 1, result.error
        else:
            self._failures = 0
            self._runs.append(result.run)
        _tell(result, waiting, launched)


def _tell(result: Finished, waiting: list[_Waiting], launched: Launched) -> None:
    answered = dict(zip(result.places.tolist(), result.outputs, strict=True))
    reason = result.error or f"the job rejected the row: {result.rejected.strip()[-500:]}"
    for place, (request_id, done) in enumerate(waiting):
        outputs = answered.get(place)
        if outputs is None:
            done(Answer(request_id, Status.ERROR, start_s=launched.ready_s, reason=reason))
        else:
            done(Answer(request_id, Status.OK, outputs, launched.model.version, start_s=launched.ready_s))


def _sum(one: Usage, other: Usage) -> Usage:
    """Two stretches of time after each other."""
    return Usage(
        cpu_s=(one.cpu_s or 0.0) + (other.cpu_s or 0.0),
        peak_bytes=max(one.peak_bytes or 0, other.peak_bytes or 0),
        sent_bytes=(one.sent_bytes or 0) + (other.sent_bytes or 0),
        instance_s=(one.instance_s or 0.0) + (other.instance_s or 0.0),
    )
