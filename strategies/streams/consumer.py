"""A consumer process: ``python -m strategies.streams.consumer --prefix P --replica N``.

The server's address, which holds a secret, comes in the environment variable `DRYDOCK_NATS_URL`. The process fetches
the newest published model, joins the group that shares the requests, and answers until it is told to stop. It has no
model of its own to start with and needs no new deployment for another one.
"""

import argparse
import json
import logging
import os
import secrets
import signal
import sys
import time
from dataclasses import asdict

from data.errors import Unavailable
from strategies.hosts.lifeline.place import Place
from strategies.streams.facts import ConsumerState
from strategies.streams.frames import Frame, pub
from strategies.streams.names import Names
from strategies.streams.puller import Puller
from strategies.streams.watcher import Dress, Loaded, Watcher
from strategies.streams.wire import Wire
from strategies.streams.worker import Worker

URL_VARIABLE = "DRYDOCK_NATS_URL"
MAX_BATCH, FIRST_BATCH = 512, 32
IDLE_S = 0.02
"""How long the loop waits for requests before it looks for a new model."""
REPORT_EVERY_S = 0.5
DRAIN_S = 1.0


class Consumer:
    """The process's one loop: models are adopted between two batches, never within one."""

    def __init__(
        self, url: str, names: Names, replica: int, ack_wait_s: float, first: Loaded, watcher: Watcher
    ) -> None:
        inbox = b"_INBOX.%b" % secrets.token_hex(8).encode()
        self._wire = Wire(url, f"{names.prefix} consumer {replica}")
        self._names, self._replica, self._watcher, self._ack_wait_s = names, replica, watcher, ack_wait_s
        self._worker = Worker(self._wire, names, replica, inbox)
        self._requests: list[Frame] = []
        self._suspects: list[Frame] = []
        self._group = Puller(
            self._wire, inbox + b".g", names.requests, names.group, FIRST_BATCH, self._requests.extend
        )  # fmt: skip
        self._solo = Puller(self._wire, inbox + b".s", names.requests, names.solo, 1, self._suspects.extend)
        self._report_s = 0.0
        self._adopt(first)

    def run(self, stopping: "Stop") -> None:
        self._wire.connect(timeout_s=30.0)
        Place.here().announce()
        epoch = self._wire.epoch
        while not stopping.asked:
            if not self._worker.outbox.stuck:
                self._group.pull()
                self._solo.pull()
            self._worker.outbox.pump()
            self._wire.poll(IDLE_S)
            if self._wire.epoch != epoch:
                epoch = self._wire.epoch
                self._worker.lost_connection()
            self._adopt_newer()
            self._serve()
            self._report()
        self._drain()

    def _serve(self) -> None:
        if self._requests:
            batch = self._requests[:]
            self._requests.clear()
            began_s = time.perf_counter()
            self._worker.take(batch)
            self._pace((time.perf_counter() - began_s) / len(batch))
            self._wire.flush()
        if self._suspects:
            alone = self._suspects[:]
            self._suspects.clear()
            self._worker.take_alone(alone)
            self._wire.flush()

    def _pace(self, row_s: float) -> None:
        # Whatever is asked for must be answered well before the server would give it to somebody else.
        wanted = int(self._ack_wait_s / 4 / max(row_s, 1e-7))
        self._group.batch = min(max(wanted, 1), MAX_BATCH, 2 * self._group.batch)

    def _adopt_newer(self) -> None:
        while not self._watcher.loaded.empty():
            self._adopt(self._watcher.loaded.get())

    def _adopt(self, loaded: Loaded) -> None:
        self._loaded, self._swapped_s = loaded, time.perf_counter()
        if loaded.manifest is not None and loaded.predictor is not None:
            self._worker.serve(loaded.manifest, loaded.predictor)
            self._serving = loaded.manifest.version
        self._report_s = 0.0

    def _report(self) -> None:
        now_s = time.perf_counter()
        if now_s < self._report_s or not self._wire.connected:
            return
        self._report_s = now_s + REPORT_EVERY_S
        counts = self._worker.counts
        state = ConsumerState(
            self._replica, os.getpid(), self._serving, self._loaded.event.number, self._swapped_s, self._loaded.refusal,
            counts.answered, counts.dead, self._worker.outbox.refused, counts.busy_s,
        )  # fmt: skip
        self._wire.send(pub(self._names.reports.encode(), json.dumps(asdict(state)).encode()))
        self._wire.flush()

    def _drain(self) -> None:
        """Finish what is in hand; what was not begun is delivered to another consumer."""
        until_s = time.perf_counter() + DRAIN_S
        while (self._worker.outbox.waiting or self._wire.unsent_bytes) and self._wire.connected:
            if time.perf_counter() > until_s:
                break
            self._wire.poll(0.01)
        self._wire.close()


class Stop:
    """Whether SIGTERM or SIGINT has come."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, *_: object) -> None:
        self.asked = True


def first_model(watcher: Watcher, stopping: Stop, timeout_s: float = 30.0) -> Loaded:
    """The newest published model; `Unavailable` when none can be had, with the reason."""
    until_s = time.perf_counter() + timeout_s
    refusal = "none was published"
    while time.perf_counter() < until_s and not stopping.asked:
        if watcher.loaded.empty():
            time.sleep(0.005)
            continue
        loaded = watcher.loaded.get()
        if loaded.predictor is not None:
            return loaded
        refusal = loaded.refusal
    raise Unavailable(
        f"no model to serve ({watcher.last_error or refusal})", "publish one, or check the server's address"
    )


def main(arguments: list[str] | None = None, dress: Dress | None = None) -> None:
    """Run a consumer; `dress` may change what the models that it loads answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prefix", required=True, help="prefix of the deployment's names on the server")
    parser.add_argument("--replica", type=int, default=0, help="number of this consumer")
    parser.add_argument("--ack-wait-s", type=float, default=2.0, help="acknowledgement time of the shared consumer")
    asked = parser.parse_args(arguments)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    stopping, names, url = Stop(), Names(asked.prefix), os.environ[URL_VARIABLE]
    # The thread that loads a model takes many short steps; it should not wait 5 ms, the default, for each.
    sys.setswitchinterval(0.001)
    watcher = Watcher(url, names, asked.replica, *([dress] if dress else []))
    watcher.start()
    first = first_model(watcher, stopping)
    Consumer(url, names, asked.replica, asked.ack_wait_s, first, watcher).run(stopping)


if __name__ == "__main__":
    main()
