"""One job over collected requests, run by a host as a process of its own, aside from whoever waits for it."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.errors import DrydockError
from data.usage import Usage
from strategies.batches.collected import KEY, read_answers, write_requests
from strategies.batches.facts import BatchRun
from strategies.batches.manifest import BatchManifest, manifest_path, rejects_path
from strategies.contract import Limits
from strategies.hosts.contract import Host, Running, Service
from strategies.packaging.package import ModelPackage

_LOOK_EVERY_S = 0.01
INPUT, OUTPUT = "requests.parquet", "answers.parquet"


class JobDied(DrydockError):
    """The job ended without an output."""


@dataclass(frozen=True, slots=True, eq=False)
class Finished:
    """What became of a job."""

    places: NDArray[np.int64]
    """Which of the requests were answered. (answered,)"""
    outputs: NDArray[np.float64]
    """(answered, outputs)"""
    run: BatchRun | None
    """None for a job that failed."""
    error: str = ""
    """Why it failed."""
    rejected: str = ""
    """What the model cannot read in requests without an answer."""


class Launched:
    """A job under way. Its thread writes the requests, has the host run the job, and reads the answers."""

    def __init__(
        self, model: ModelPackage, host: Host, limits: Limits, engine: str, rows: Sequence[NDArray[np.float32]],
        collected_from_s: float, folder: Path, done: threading.Event,
    ) -> None:  # fmt: skip
        self.model = model
        self.result: Finished | None = None
        self.began_s = time.perf_counter()
        self.ready_s = np.nan
        self.usage = Usage(0.0, 0, 0, 0.0)
        self._host, self._limits, self._engine, self._rows = host, limits, engine, rows
        self._collected_from_s, self._folder, self._done = collected_from_s, folder, done
        self._running: Running | None = None
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="batch job", daemon=True)
        self._thread.start()

    def used(self) -> Usage:
        """What the job took so far; bytes are those of its input and output files."""
        with self._lock:
            if self._running is not None:
                self._note(self._running)
            return self.usage

    def close(self) -> None:
        """Stop the job, wherever it is, and wait until nothing of it is left."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            result = self._whole()
        except Exception as error:  # whatever a host, a disk or a file may raise is an answer to those who wait
            nothing = np.empty(0, np.int64), np.empty((0, 1))
            result = Finished(*nothing, None, f"{type(error).__name__}: {error}")
        self.result = result
        self._done.set()

    def _whole(self) -> Finished:
        input_, output = self._folder / INPUT, self._folder / OUTPUT
        write_requests(input_, self._rows, self.model.manifest.schema)
        with self._host.run(self._service()) as running:
            self.ready_s = time.perf_counter()
            self._running = running
            try:
                while not output.exists() and not self._stop.wait(_LOOK_EVERY_S):
                    if running.health() and not output.exists():
                        raise JobDied(running.health())
            finally:
                with self._lock:
                    self._note(running)
                    self._running = None
        published_s = time.perf_counter() if output.exists() else np.nan
        if self._stop.is_set():
            raise JobDied("the deployment was stopped")
        return self._finished(output, published_s)

    def _service(self) -> Service:
        options = {
            "input": f"{{files:exchange}}/{INPUT}",
            "package": "{files:package}",
            "output": f"{{files:exchange}}/{OUTPUT}",
            "key": KEY,
            "workers": self._limits.workers,
            "engine": self._engine,
        }
        return Service(
            name="batch job",
            module="strategies.batches",
            arguments=("--quiet", *(part for name, value in options.items() for part in (f"--{name}", str(value)))),
            files={"package": self.model.folder, "exchange": self._folder},
            listens=False,
            writable=("exchange",),
            cpus=self._limits.cpus,
            memory_bytes=self._limits.memory_bytes,
        )

    def _finished(self, output: Path, published_s: float) -> Finished:
        manifest = BatchManifest.read(output)
        places, outputs = read_answers(output, self.model.manifest)
        sent_bytes = (self._folder / INPUT).stat().st_size + output.stat().st_size
        used, spent = self.usage, manifest.peak_bytes or 0
        # The host sees the job's own process; the job knows its workers' memory too.
        self.usage = Usage(used.cpu_s, max(used.peak_bytes or 0, spent), sent_bytes, used.instance_s)
        about = manifest.about
        run = BatchRun(
            about.version, about.rows_in, manifest.chunks, f"{about.loop} ({manifest.loop_why})",
            self._collected_from_s, self.began_s, self.ready_s, published_s, manifest.rows_per_s,
        )  # fmt: skip
        rejected = rejects_path(output).read_text(encoding="utf-8") if about.rows_rejected else ""
        for path in (output, manifest_path(output), rejects_path(output), self._folder / INPUT):
            path.unlink(missing_ok=True)
        return Finished(places, outputs, run, rejected=rejected)

    def _note(self, running: Running) -> None:
        found = running.usage()
        self.usage = Usage(found.cpu_s, found.peak_bytes, self.usage.sent_bytes, found.instance_s)
