"""Streaming when consumers or the server die: nothing is lost, answered twice or forgotten."""

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from data.trace import Status
from strategies.packaging.package import ModelPackage
from strategies.streams import topology
from strategies.streams.dead_letters import dead_letters
from tests.strategies.streams.steps import (
    Ask,
    Rows,
    checked,
    consumer_pids,
    deliveries,
    deployed,
    drained,
    dying,
    on_server,
    polled_until,
    stored_ids,
)

pytestmark = pytest.mark.usefixtures("own_home")


def test_a_consumer_that_dies_with_a_batch_in_hand_loses_nothing(
    tumour_forest: ModelPackage, rows: Rows, right: Rows, asker: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dying(monkeypatch, "predicting", once=tmp_path / "died")
    with deployed(tumour_forest, rows, ack_wait_s=0.5) as deployment:
        ask = asker(deployment)
        ask.send(range(100), len(rows))
        answers = checked(ask.wait(100), right, 100)
        assert (tmp_path / "died").exists()
        assert deployment.facts().restarts == 1
        assert max(answer.attempts for answer in answers) == 2
        assert deployment.facts().tally.redelivered > 0
        assert "SIGKILL" in deployment.keeper.last_death


def test_an_answer_that_was_stored_but_not_acknowledged_is_not_given_twice(
    tumour_forest: ModelPackage, rows: Rows, right: Rows, asker: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dying(monkeypatch, "answered", once=tmp_path / "died")
    with deployed(tumour_forest, rows, ack_wait_s=0.5) as deployment:
        ask = asker(deployment)
        ask.send(range(100), len(rows))
        answers = checked(ask.wait(100), right, 100)
        # All are answered; now the requests whose acknowledgement died are delivered and answered again.
        polled_until(deployment, lambda: deliveries(deployment) > 100 and drained(deployment))
        assert (tmp_path / "died").exists()
        assert any(answer.attempts == 1 for answer in answers)
        ids = stored_ids(deployment)
        assert len(ids) == len(set(ids)) == 100
        tally = deployment.facts().tally
        assert (tally.repeated, tally.unknown) == (0, 0)


def test_a_second_answer_that_the_server_no_longer_knows_for_one_is_dropped_here(
    tumour_forest: ModelPackage, rows: Rows, right: Rows, asker: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(topology, "DUPLICATE_WINDOW_S", 0.2)  # shorter than the time until the second answer
    dying(monkeypatch, "answered", once=tmp_path / "died")
    with deployed(tumour_forest, rows, ack_wait_s=1.0) as deployment:
        ask = asker(deployment)
        ask.send(range(30), len(rows))
        checked(ask.wait(30), right, 30)
        polled_until(deployment, lambda: deployment.facts().tally.repeated > 0 and drained(deployment))
        checked(ask.answers, right, 30)


def test_it_holds_when_the_server_dies_too_between_answer_and_acknowledgement(
    tumour_forest: ModelPackage, rows: Rows, right: Rows, asker: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dying(monkeypatch, "answered", once=tmp_path / "died")
    with deployed(tumour_forest, rows, ack_wait_s=0.5) as deployment:
        ask = asker(deployment)
        ask.send(range(100), len(rows))
        polled_until(deployment, (tmp_path / "died").exists, 0.002)
        deployment.broker.restart()  # type: ignore[attr-defined]
        checked(ask.wait(100), right, 100)
        polled_until(deployment, lambda: drained(deployment))
        ids = stored_ids(deployment)
        assert len(ids) == len(set(ids)) == 100
        assert deployment.facts().reconnections == 1


def test_a_request_that_kills_consumers_is_found_and_its_neighbours_are_answered(
    tumour_forest: ModelPackage, rows: Rows, right: Rows, asker: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    dying(monkeypatch, "row")
    deadly = rows.copy()
    deadly[7, 0] = 666
    with deployed(tumour_forest, deadly, ack_wait_s=0.3) as deployment:
        ask = asker(deployment)
        ask.send(range(50), len(rows))
        answers = ask.wait(50)
        (culprit,) = answers.pop(7)
        assert culprit.status == Status.ERROR
        assert "was tried 4 times without an answer" in culprit.reason
        assert all(answer.status == Status.OK for (answer,) in answers.values())
        for i, (answer,) in answers.items():
            np.testing.assert_allclose(answer.outputs, right[i], atol=1e-5)
        (letter,) = on_server(deployment.broker.url, lambda client: dead_letters(client, deployment.names))
        assert letter.payload.endswith(deadly[7].tobytes())
        assert letter.deliveries == culprit.attempts == 4
        assert deployment.facts().restarts == 4
        assert deployment.facts().tally.dead_letters == 1
        assert drained(deployment)


def test_new_consumers_serve_the_newest_model_when_all_were_killed(
    tumour_forest: ModelPackage, other_forest: ModelPackage, rows: Rows, asker: Ask
) -> None:
    with deployed(tumour_forest, rows, workers=2, ack_wait_s=0.5) as deployment:
        deployment.update(other_forest)
        killed = consumer_pids(deployment)
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        ask = asker(deployment)
        ask.send(range(50), len(rows))
        assert {answer.version for (answer,) in ask.wait(50).values()} == {other_forest.version}
        assert not set(killed) & set(consumer_pids(deployment))
        assert deployment.facts().restarts == 2
        assert deployment.health() == ""


def test_a_model_reaches_consumers_whose_server_was_away(
    tumour_forest: ModelPackage, other_forest: ModelPackage, rows: Rows, asker: Ask
) -> None:
    with deployed(tumour_forest, rows, workers=2) as deployment:
        deployment.broker.restart()  # type: ignore[attr-defined]
        time.sleep(0.5)  # nobody polls: the application learns of it only when it asks
        ask = asker(deployment)
        ask.send(range(20), len(rows))
        assert {answer.version for (answer,) in ask.wait(20).values()} == {tumour_forest.version}
        deployment.broker.restart()  # type: ignore[attr-defined]
        deployment.update(other_forest)
        ask = asker(deployment)
        ask.send(range(20), len(rows))
        assert {answer.version for (answer,) in ask.wait(20).values()} == {other_forest.version}
