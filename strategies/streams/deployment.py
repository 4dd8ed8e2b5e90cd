"""The application's side of the streaming deployment: requests go out, answers come in, models are published."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from data.errors import Unavailable
from data.trace import Status
from data.usage import Usage
from strategies.contract import Deployment, Done, Limits, Request
from strategies.packaging.package import ModelPackage
from strategies.streams.answers import AnswerReader
from strategies.streams.broker import Broker
from strategies.streams.codec import About
from strategies.streams.facts import StreamFacts
from strategies.streams.keeper import Keeper
from strategies.streams.ledger import Ledger
from strategies.streams.names import Names
from strategies.streams.publications import Publications
from strategies.streams.publisher import Publisher
from strategies.streams.wire import Wire

SWAP_TIMEOUT_S = 60.0
CHORE_S = 0.02


class StreamingDeployment(Deployment):
    """Requests go into one stream and answers come out of another; both are read and written without waiting."""

    wake_error_s = 0.0005

    def __init__(self, broker: Broker, keeper: Keeper, names: Names, limits: Limits, models: Publications) -> None:
        self.broker, self.keeper, self.names = broker, keeper, names
        inbox = b"_INBOX.%b" % secrets.token_hex(8).encode()
        self._wire = Wire(broker.url, f"{names.prefix} application")
        self._models = models
        self._ledger = Ledger(names.prefix, limits.timeout_s, self._answered)
        self._publisher = Publisher(self._wire, names, inbox + b".r", self._ledger.refuse)
        self._answers = AnswerReader(self._wire, names, inbox + b".a", self._ledger.take)
        self._wire.subscribe(names.reports.encode(), models.report)
        self._expired_s = 0.0

    def open(self, timeout_s: float = 30.0) -> None:
        """Connect, and wait until every consumer serves the first model."""
        self._wire.connect(timeout_s)
        self._until_served(timeout_s)

    def close(self) -> None:
        self._wire.close()

    def prepare(self, rows: NDArray[np.float32]) -> None:
        self._publisher.prepare(rows)

    def issue(self, requests: Sequence[Request], done: Done) -> None:
        for request in requests:
            self._publisher.publish(self._ledger.enter(request.id, done), request.row)
        self._wire.flush()

    def poll(self, wait_s: float) -> None:
        self._publisher.pump()
        self._answers.pump()
        self._wire.poll(wait_s)
        now_s = time.perf_counter()
        if now_s - self._expired_s >= CHORE_S:
            self._expired_s = now_s
            for number in self._ledger.expire():
                self._publisher.forget(number)

    def update(self, model: ModelPackage) -> None:
        self.publish(model)
        self._until_served(SWAP_TIMEOUT_S)

    def publish(self, model: ModelPackage) -> None:
        """Begin to ship a new version, without waiting; `served` says when it has arrived."""
        self._models.begin(model)

    def served(self) -> bool:
        """Whether every consumer serves the model published last; raises, once, why it cannot be served."""
        if not self._models.complete:
            return False
        self._models.finish()
        return True

    def usage(self) -> Usage:
        """Consumers and, where it is ours, the broker; bytes are what this side sent and received."""
        group, broker = self.keeper.usage(), self.broker.usage()
        return Usage(
            cpu_s=(group.cpu_s or 0.0) + (broker.cpu_s or 0.0),
            peak_bytes=(group.peak_bytes or 0) + (broker.peak_bytes or 0),
            sent_bytes=self._wire.sent_bytes + self._wire.received_bytes,
            instance_s=(group.instance_s or 0.0) + (broker.instance_s or 0.0),
        )

    def health(self) -> str:
        """Empty as long as requests will be answered; a consumer that is being replaced is no failure."""
        return self.broker.health() or self.keeper.health()

    def facts(self) -> StreamFacts:
        """What only a stream can tell, since the deployment began."""
        lag = np.array(self._ledger.lag, np.float64).reshape(-1, 2)
        return StreamFacts(
            publications=self._models.values(),
            consumers=self._models.consumers(),
            lag_at_s=lag[:, 0],
            lag=lag[:, 1].astype(np.int64),
            tally=replace(self._ledger.tally),
            republished=self._publisher.republished,
            restarts=self.keeper.restarts,
            reconnections=max(0, self._wire.epoch - 1),
        )

    def _answered(self, number: int, about: About) -> None:
        self._publisher.forget(number)
        if about.status == Status.OK:
            self._models.answered(about.version, about.start_s)

    def _until_served(self, timeout_s: float) -> None:
        until_s = time.perf_counter() + timeout_s
        while not self.served():
            self.poll(0.005)
            if problem := self.health():
                raise Unavailable(f"the model could not be published ({problem})", "deploy again")
            if time.perf_counter() > until_s:
                raise Unavailable(f"not every consumer served the model within {timeout_s:g} s", "deploy again")
