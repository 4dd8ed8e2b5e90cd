"""Deployments of known behaviour, within the test's own process."""

import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from data.trace import Status
from data.usage import Usage
from strategies.contract import Answer, Deployment, Done, Request
from strategies.packaging.package import ModelPackage


class Scripted(Deployment):
    """Does what it is told with each request; counts how often it is asked for its usage."""

    wake_error_s = 0.0003

    def __init__(self, script: "Callable[[Scripted, Request, Done], None] | None" = None) -> None:
        self._script = script or (lambda self, request, done: done(self.ok(request)))
        self.rows = 0
        self.issued: list[int] = []
        self.group_sizes: list[int] = []
        self.flushed = 0
        self.held: list[tuple[Request, Done]] = []
        self.reads = 0
        self.dies_after: int | None = None
        """Number of requests after which it is dead."""

    def ok(self, request: Request, version: str = "v1", mirrored: bool = False) -> Answer:
        return Answer(request.id, Status.OK, np.array([0.25, 0.75]), version, 2, time.perf_counter(), mirrored=mirrored)

    def prepare(self, rows: NDArray[np.float32]) -> None:
        self.rows = len(rows)

    def issue(self, requests: Sequence[Request], done: Done) -> None:
        self.group_sizes.append(len(requests))
        for request in requests:
            self.issued.append(request.id)
            self._script(self, request, done)

    def hold(self, request: Request, done: Done) -> None:
        self.held.append((request, done))

    def release(self) -> None:
        held, self.held = self.held, []
        for request, done in held:
            done(self.ok(request))

    def poll(self, wait_s: float) -> None:
        if wait_s > 0:
            time.sleep(wait_s)

    def flush(self) -> None:
        self.flushed += 1
        self.release()

    def update(self, model: ModelPackage) -> None:  # noqa: ARG002
        raise AssertionError("nobody asked for a new version")

    def usage(self) -> Usage:
        self.reads += 1
        return Usage(cpu_s=float(self.reads))

    def health(self) -> str:
        dead = self.dies_after is not None and len(self.issued) >= self.dies_after
        return "replica 0 was killed by SIGKILL" if dead else ""


def spend(seconds: float) -> None:
    """Keep the calling thread busy."""
    until_s = time.perf_counter() + seconds
    while time.perf_counter() < until_s:
        pass
