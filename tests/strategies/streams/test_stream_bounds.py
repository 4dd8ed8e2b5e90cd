"""Streaming when something is full, too large or too slow: what was taken is answered, and the rest is refused."""

import os
import signal
from dataclasses import replace

import numpy as np
import pytest

from data.trace import Status
from strategies.contract import Limits
from strategies.hosts.process import ProcessHost
from strategies.packaging.package import ModelPackage
from strategies.streaming import Streaming
from strategies.streams import starting, topology
from strategies.streams.deployment import StreamingDeployment
from strategies.streams.sizes import Sizes
from tests.strategies.streams.steps import Ask, Rows, checked, consumer_pids, deployed, polled_until

pytestmark = pytest.mark.usefixtures("own_home")


def test_a_full_queue_rejects_and_what_it_took_is_answered(
    tumour_forest: ModelPackage, rows: Rows, right: Rows, asker: Ask
) -> None:
    with deployed(tumour_forest, rows, queue_messages=50) as deployment:
        (pid,) = consumer_pids(deployment)
        os.kill(pid, signal.SIGSTOP)
        ask = asker(deployment)
        ask.send(range(80), len(rows))
        rejected = ask.wait(30)
        assert {answer.status for (answer,) in rejected.values()} == {Status.REJECTED}
        assert {answer.reason for (answer,) in rejected.values()} == {"maximum messages exceeded"}
        assert len(rejected) == 30
        os.kill(pid, signal.SIGCONT)
        answers = ask.wait(80)
        for i in range(50):
            np.testing.assert_allclose(answers[i][0].outputs, right[i], atol=1e-5)
        assert deployment.facts().tally.rejected == 30


def test_a_full_stream_of_answers_holds_the_consumers_back_and_costs_no_answer(
    tumour_forest: ModelPackage, rows: Rows, right: Rows, asker: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topology, "DUPLICATE_WINDOW_S", 2.0)  # until an answer makes room for another
    limits = Limits(timeout_s=60)
    sizes = replace(Sizes.of(limits), answer_bytes=10_000, ack_wait_s=0.6)
    with starting.started(tumour_forest, ProcessHost(), limits, sizes) as deployment:
        deployment.prepare(rows)
        ask = asker(deployment)
        ask.send(range(100), len(rows))
        answers = checked(ask.wait(100), right, 100)
        (state,) = deployment.facts().consumers
        assert state.refused_answers > 0
        assert max(answer.attempts for answer in answers) == 1
        assert deployment.facts().tally.dead_letters == 0


def test_a_request_too_large_for_the_stream_fails_alone(tumour_forest: ModelPackage, asker: Ask) -> None:
    limits = Limits(timeout_s=60, max_body_bytes=1)
    with Streaming().deploy(tumour_forest, ProcessHost(), limits) as deployment:
        assert isinstance(deployment, StreamingDeployment)
        deployment.prepare(np.zeros((1, 2_000), np.float32))
        ask = asker(deployment)
        ask.send([0], 1)
        (answer,) = ask.wait(1)[0]
        assert (answer.status, answer.reason) == (Status.ERROR, "message size exceeds maximum allowed")


def test_a_request_that_nobody_answers_times_out(tumour_forest: ModelPackage, rows: Rows, asker: Ask) -> None:
    with Streaming().deploy(tumour_forest, ProcessHost(), Limits(timeout_s=0.3)) as deployment:
        assert isinstance(deployment, StreamingDeployment)
        deployment.prepare(rows)
        (pid,) = consumer_pids(deployment)
        os.kill(pid, signal.SIGSTOP)
        ask = asker(deployment)
        ask.send([0, 1], len(rows))
        assert {answer.status for (answer,) in ask.wait(2).values()} == {Status.TIMEOUT}
        os.kill(pid, signal.SIGCONT)
        # Too late: they are counted and told to nobody.
        polled_until(deployment, lambda: deployment.facts().tally.repeated >= 2)
        assert [len(each) for each in ask.answers.values()] == [1, 1]
