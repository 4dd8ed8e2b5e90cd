"""The smallest orchestrator: replicas of a server behind a balancer, probed, and replaced when they die.

It does what Kubernetes' Service, readiness probe and Deployment do for these containers, with nothing left out that the
lesson speaks of: a replica that died gets requests until a probe has missed it.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data.schema import Schema
from data.usage import Usage
from strategies.api import ApiDeployment, Settings
from strategies.contract import Answer, Deployment, Done, Limits, Request
from strategies.hosts._readiness import answers
from strategies.hosts.contract import Host, Running, Service, StartFailed
from strategies.packaging.package import ModelPackage

_CONNECTIONS = 4
_SLICE_S = 0.001


@dataclass(slots=True, eq=False)
class _Replica:
    number: int
    running: Running
    client: ApiDeployment


class Replicas(Deployment):
    """Requests go round those replicas that answered their last probe."""

    wake_error_s = ApiDeployment.wake_error_s

    def __init__(self, service: Service, host: Host, schema: Schema, timeout_s: float, probe_s: float, restart: bool):
        self._service, self._host, self._schema = service, host, schema
        self._limits, self._probe_s, self._restart = Limits(timeout_s=timeout_s), probe_s, restart
        self._undo = ExitStack()
        self._rows: NDArray[np.float32] | None = None
        self._all: list[_Replica] = []
        self._ready: tuple[_Replica, ...] = ()
        self._turn = self._answered = 0
        self._over = threading.Event()
        self._helpers: list[threading.Thread] = []
        self.start_s: list[float] = []
        """How long each replica took from its start until it served."""
        self.restored_s: float | None = None
        """When a replica that died had been replaced, on the `time.perf_counter` clock."""
        self.failure = ""
        """Why a replacement did not start."""

    def start(self, count: int) -> None:
        """Start the first replicas, side by side, and begin to probe them."""
        with ThreadPoolExecutor(count) as starting:
            self._all = list(starting.map(self._started, range(count)))
        self._ready = tuple(self._all)
        self._run(self._probe)

    def _started(self, number: int) -> _Replica:
        began_s = time.perf_counter()
        running = self._undo.enter_context(self._host.run(self._service))
        self.start_s.append(time.perf_counter() - began_s)
        settings = Settings(connections=_CONNECTIONS)
        client = ApiDeployment(running, self._schema, self._limits, settings, "")
        self._undo.callback(client.close)
        if self._rows is not None:
            client.prepare(self._rows)
        return _Replica(number, running, client)

    def prepare(self, rows: NDArray[np.float32]) -> None:
        self._rows = rows
        for each in self._all:
            each.client.prepare(rows)

    def issue(self, requests: Sequence[Request], done: Done) -> None:
        for request in requests:
            ready = self._ready or tuple(self._all)  # nobody else is left to ask
            chosen = ready[self._turn % len(ready)]
            self._turn += 1
            chosen.client.issue([request], self._told(done, chosen.number))

    def poll(self, wait_s: float) -> None:
        before, until_s = self._answered, time.perf_counter() + wait_s
        while True:
            for each in tuple(self._all):
                each.client.poll(0.0)
            left_s = until_s - time.perf_counter()
            if left_s <= 0 or self._answered > before:
                return
            time.sleep(min(left_s, _SLICE_S))

    def update(self, model: ModelPackage) -> None:
        for each in self._ready:
            each.client.update(model)

    def usage(self) -> Usage:
        used = [each.running.usage() for each in self._all]
        return Usage(
            cpu_s=sum(one.cpu_s or 0 for one in used),
            peak_bytes=max((one.peak_bytes or 0 for one in used), default=0),
            instance_s=sum(one.instance_s or 0 for one in used),
        )

    def first(self) -> Running:
        """The replica that something is going to happen to."""
        return self._all[0].running

    def close(self) -> None:
        self._over.set()
        for helper in self._helpers:
            helper.join()
        self._undo.close()

    def _told(self, done: Done, number: int) -> Done:
        def tell(answer: Answer) -> None:
            self._answered += 1
            done(replace(answer, replica=number))

        return tell

    def _run(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name=work.__name__, daemon=True)
        self._helpers.append(thread)
        thread.start()

    def _probe(self) -> None:
        while not self._over.wait(self._probe_s):
            for each in self._ready:
                if not answers(each.running.port, "/readyz"):
                    self._ready = tuple(one for one in self._ready if one is not each)
                    if self._restart:
                        self._run(self._replace)

    def _replace(self) -> None:
        try:
            made = self._started(len(self._all))
        except StartFailed as error:
            self.failure = str(error)
            return
        self._all = [*self._all, made]
        self._ready = (*self._ready, made)
        self.restored_s = time.perf_counter()


@contextmanager
def replicas(
    service: Service, host: Host, schema: Schema, *, count: int, timeout_s: float, probe_s: float, restart: bool
) -> Iterator[Replicas]:
    """So many replicas, up and ready; all of them are stopped at the end."""
    fleet = Replicas(service, host, schema, timeout_s, probe_s, restart)
    try:
        fleet.start(count)
        yield fleet
    finally:
        fleet.close()
