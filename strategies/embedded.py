"""Embedded: the model lives in the application's own process.

The process that measures is that application: a prediction is a function call from it, nothing crosses a process
boundary, and a new model ships only with a new release of the application.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidValue
from data.trace import Status
from data.usage import Usage
from strategies._footprint import footprint_bytes
from strategies.contract import Answer, Deployment, Done, Limits, Request, Strategy
from strategies.hosts.contract import Host
from strategies.loadgen.quiet import WAKE_ERROR_S
from strategies.packaging.package import ModelPackage

_SAMPLED = 8
"""Of so many predictions one is timed, and stands for the others."""


class Embedded(Strategy):
    title = "Embedded"
    summary = (
        "The model is loaded into the application itself: a prediction is a function call, with no network in between. "
        "A new model reaches users with the next release of the application."
    )
    hosts = ("process",)
    not_on: ClassVar[Mapping[str, str]] = {
        "container": "The model lives in the application's own process: the application is what a container holds.",
        "function": "The model lives in the application's own process: API shows how a model fares in a function.",
    }
    update_needs_deployment = True

    @contextmanager
    def deploy(self, model: ModelPackage, host: Host, limits: Limits) -> Iterator[Deployment]:  # noqa: ARG002 - the caller's process is the host
        if limits.settings:
            name, value = next(iter(limits.settings.items()))
            raise InvalidValue(name, value, "is not a setting of embedded", "remove it; embedded has none")
        yield EmbeddedDeployment(model)


class EmbeddedDeployment(Deployment):
    """Answers within `issue`: while the model computes, the application does nothing else, and requests queue up."""

    wake_error_s = WAKE_ERROR_S

    def __init__(self, model: ModelPackage) -> None:
        self._began_s = time.perf_counter()
        self._bytes = 0
        self._cpu_s = 0.0
        self._calls = 0
        self._load(model)
        self._rows: list[NDArray[np.float32]] = []

    def _load(self, model: ModelPackage) -> None:
        # While a version is swapped, the application holds the old one and the new one.
        self._bytes += footprint_bytes(model)
        cpu_s = time.process_time()
        from strategies.packaging.runtime import load_predictor

        predictor = load_predictor(model)
        predictor.predict(np.full((1, len(model.manifest.schema)), 0.0, np.float32))
        self._predict, self._version = predictor.predict, model.version
        self._cpu_s += time.process_time() - cpu_s

    def prepare(self, rows: NDArray[np.float32]) -> None:
        # The application already holds each row as the numbers that the model reads.
        table = np.ascontiguousarray(rows, np.float32)
        self._rows = [table[i : i + 1] for i in range(len(table))]  # each (1, features)

    def issue(self, requests: Sequence[Request], done: Done) -> None:
        for request in requests:
            start_s = time.perf_counter()
            # Processor time of the whole process during the call: the model's, its threads' included, and not the
            # generator's own, which stands still meanwhile. To ask for it takes a fifth of a small model's prediction.
            sampled = self._calls % _SAMPLED == 0
            self._calls += 1
            cpu_s = time.process_time() if sampled else 0.0
            try:
                outputs = self._predict(self._rows[request.row])[0].astype(np.float64)
            except Exception as error:  # a model that fails on a row fails that request, not the application
                answer = Answer(request.id, Status.ERROR, start_s=start_s, reason=f"{type(error).__name__}: {error}")
            else:
                answer = Answer(request.id, Status.OK, outputs, self._version, 0, start_s)
            if sampled:
                self._cpu_s += (time.process_time() - cpu_s) * _SAMPLED
            done(answer)

    def poll(self, wait_s: float) -> None:
        if wait_s > 0:
            time.sleep(wait_s)  # nothing is ever under way: every answer was given in `issue`

    def update(self, model: ModelPackage) -> None:
        """Swap the model; the next call is answered by the new one."""
        self._load(model)

    def usage(self) -> Usage:
        """Processor time of loading and predicting; memory that a process gains by embedding the model and its runtime.

        The rest of the process is the application's, and here the generator's; neither counts.
        """
        return Usage(
            cpu_s=self._cpu_s, peak_bytes=self._bytes, sent_bytes=0, instance_s=time.perf_counter() - self._began_s
        )
