"""100,000 requests while consumers and server are killed and a model is published: each is answered once."""

import os
import signal
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from data.trace import Status
from strategies.contract import Answer, Limits, Request
from strategies.hosts.process import ProcessHost
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import load_predictor
from strategies.streaming import Streaming
from strategies.streams.deployment import StreamingDeployment

N = 100_000
AHEAD = 20_000
"""Requests that may be unanswered before the sender waits."""
LATE = 95_000
WITHIN_S = 240.0
# After so many answers: kill a consumer, kill the server, ask the server to end, or publish another model.
EVENTS = [
    (10_000, "consumer"), (25_000, "server"), (35_000, "consumer"), (45_000, "model"), (50_000, "server, politely"),
    (60_000, "consumer"), (75_000, "server"), (90_000, "consumer"),
]  # fmt: skip


class Flood:
    """Keeps every answer, and makes things happen once enough have come."""

    def __init__(self, deployment: StreamingDeployment, next_model: ModelPackage) -> None:
        self.deployment, self.next_model, self.events = deployment, next_model, list(EVENTS)
        self.versions: set[str] = set()
        self.times: Counter[int] = Counter()
        self.wrong: list[Answer] = []
        self.killed: list[int] = []
        self.right: dict[str, NDArray[np.float32]] = {}

    def take(self, answer: Answer) -> None:
        self.times[answer.id] += 1
        expected = self.right.get(answer.version)
        if answer.status != Status.OK or expected is None or answer.outputs is None:
            self.wrong.append(answer)
            return
        self.versions.add(answer.version)
        if np.abs(answer.outputs - expected[answer.id % len(expected)]).max() > 1e-5:
            self.wrong.append(answer)

    def run(self, rows: int) -> None:
        sent, adopted, until_s = 0, True, time.monotonic() + WITHIN_S
        while len(self.times) < N:
            if sent < N and sent - len(self.times) < AHEAD:
                # The last of them wait for the new model, whatever became of servers and consumers meanwhile.
                adopted = len(self.versions) > 1 or sent < LATE
                chunk = range(sent, min(sent + (100 if adopted else 1), N))
                self.deployment.issue([Request(i, i % rows) for i in chunk], self.take)
                sent = chunk.stop
            self.deployment.poll(0.0 if sent < N and adopted else 0.01)
            if self.events and len(self.times) >= self.events[0][0]:
                self._happen(self.events.pop(0)[1])
            assert time.monotonic() < until_s, f"{len(self.times)} of {N} answered; {self.deployment.health()}"

    def _happen(self, event: str) -> None:
        if event == "consumer":
            alive = [pid for pids in self.deployment.keeper.pids for pid in pids]
            self.killed.append(alive[0])
            os.kill(alive[0], signal.SIGKILL)
        elif event == "model":
            self.deployment.publish(self.next_model)
        else:
            self.deployment.broker.restart(hard=event == "server")  # type: ignore[attr-defined]


@pytest.mark.slow
def test_a_hundred_thousand_requests_are_each_answered_once(
    home: Path,  # noqa: ARG001 - sets the state folder
    tumour_forest: ModelPackage, other_forest: ModelPackage, rows: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.delenv("NATS_URL", raising=False)
    with Streaming().deploy(other_forest, ProcessHost(), Limits(workers=2, timeout_s=WITHIN_S)) as deployment:
        assert isinstance(deployment, StreamingDeployment)
        deployment.prepare(rows)
        flood = Flood(deployment, tumour_forest)
        flood.right = {
            package.version: load_predictor(package).predict(rows) for package in (tumour_forest, other_forest)
        }
        flood.run(len(rows))
        for _ in range(50):  # whatever else is on its way may come
            deployment.poll(0.01)
        while not deployment.served():
            deployment.poll(0.01)
        facts = deployment.facts()
    assert not flood.events
    assert flood.times.keys() == set(range(N))  # none lost, none invented
    assert set(flood.times.values()) == {1}  # none twice
    assert not flood.wrong
    assert flood.versions == flood.right.keys()
    assert (facts.tally.unknown, facts.tally.rejected, facts.tally.dead_letters) == (0, 0, 0)
    assert facts.restarts >= len(set(flood.killed)) >= 3
    assert facts.reconnections >= 3
    assert facts.tally.redelivered > 0
