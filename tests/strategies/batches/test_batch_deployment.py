"""The batch strategy: when jobs begin, what their answers carry, and what happens when one fails."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from data.errors import InvalidValue, UnknownKind
from data.trace import Status
from strategies.batch import Batch
from strategies.batches.deployment import BatchDeployment
from strategies.contract import Answer, Limits, Request
from strategies.hosts.process import ProcessHost
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import load_predictor

PATIENCE_S = 60.0


@contextmanager
def deployed(model: ModelPackage, **settings: object) -> Iterator[BatchDeployment]:
    with Batch().deploy(model, ProcessHost(), Limits(settings=settings)) as deployment:  # type: ignore[arg-type]
        assert isinstance(deployment, BatchDeployment)
        yield deployment


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    from data.catalogue import find_dataset

    dataset = find_dataset("flight_delay")
    found = dataset.load().iloc[::5_000]
    encoded: np.ndarray = dataset.schema.encode(found)
    assert np.isnan(encoded).any()
    return encoded


class Answers(dict[int, Answer]):
    def take(self, answer: Answer) -> None:
        assert answer.id not in self
        self[answer.id] = answer


def wait_for(deployment: BatchDeployment, answers: Answers, count: int) -> None:
    deadline_s = time.perf_counter() + PATIENCE_S
    while len(answers) < count:
        deployment.poll(0.05)
        assert time.perf_counter() < deadline_s, f"{len(answers)} of {count} answers"


def test_rows_with_gaps_and_categories_arrive_as_they_were(flights_linear: ModelPackage, rows: np.ndarray) -> None:
    expected = load_predictor(flights_linear).predict(rows)
    answers = Answers()
    with deployed(flights_linear) as deployment:
        deployment.prepare(rows)
        began_s = time.perf_counter()
        deployment.issue([Request(i, i) for i in range(len(rows))], answers.take)
        assert not answers
        time.sleep(0.05)
        deployment.poll(0.0)
        assert deployment.facts().runs == ()  # nobody has said that this is all
        deployment.flush()
        wait_for(deployment, answers, len(rows))
        facts, usage = deployment.facts(), deployment.usage()
    for number, answer in answers.items():
        assert (answer.status, answer.version) == (Status.OK, flights_linear.version)
        np.testing.assert_allclose(answer.outputs, expected[number], rtol=1e-6)
        assert answer.start_s >= began_s
    (run,) = facts.runs
    assert (run.rows, run.chunks, run.version) == (len(rows), 1, flights_linear.version)
    assert began_s <= run.collected_from_s <= run.began_s <= run.ready_s <= run.published_s <= facts.seen_s
    assert facts.rows_per_s == pytest.approx(len(rows) / run.took_s)
    assert facts.staleness_s == (facts.seen_s - run.began_s,)
    assert facts.chunks == 1
    assert usage.cpu_s is not None
    assert usage.cpu_s > 0
    assert usage.sent_bytes is not None
    assert usage.sent_bytes > 4 * rows.size // 10
    assert usage.peak_bytes is not None
    assert usage.peak_bytes > 10_000_000


def test_a_number_of_rows_begins_a_job_and_later_rows_wait_for_the_next(
    flights_linear: ModelPackage, rows: np.ndarray
) -> None:
    answers = Answers()
    with deployed(flights_linear, max_rows=10) as deployment:
        deployment.prepare(rows)
        for number in range(15):
            deployment.issue([Request(number, number)], answers.take)
        wait_for(deployment, answers, 10)
        deployment.poll(0.1)
        assert sorted(answers) == list(range(10))
        deployment.flush()
        wait_for(deployment, answers, 15)
        facts = deployment.facts()
    assert [run.rows for run in facts.runs] == [10, 5]
    assert facts.staleness_s[0] == facts.runs[1].published_s - facts.runs[0].began_s


def test_a_schedule_begins_a_job_at_its_moments(flights_linear: ModelPackage, rows: np.ndarray) -> None:
    answers = Answers()
    with deployed(flights_linear, every_s=0.5) as deployment:
        deployment.prepare(rows)
        began_s = time.perf_counter()
        deployment.issue([Request(0, 0)], answers.take)
        wait_for(deployment, answers, 1)
        deployment.issue([Request(1, 1), Request(2, 2)], answers.take)
        wait_for(deployment, answers, 3)
        first, second = deployment.facts().runs
    assert first.began_s - began_s > 0.3
    assert (first.rows, second.rows) == (1, 2)
    assert second.began_s - first.began_s > 0.3


def test_a_row_that_the_model_cannot_read_is_an_error_with_its_reason(
    flights_linear: ModelPackage, rows: np.ndarray
) -> None:
    spoiled = rows[:3].copy()
    spoiled[1, flights_linear.manifest.schema.names.index("distance_miles")] = np.nan
    answers = Answers()
    with deployed(flights_linear) as deployment:
        deployment.prepare(spoiled)
        deployment.issue([Request(i, i) for i in range(3)], answers.take)
        deployment.flush()
        wait_for(deployment, answers, 3)
        assert deployment.health() == ""
    assert [answers[i].status for i in range(3)] == [Status.OK, Status.ERROR, Status.OK]
    assert "distance_miles" in answers[1].reason
    assert "must be given" in answers[1].reason


def test_a_job_that_fails_is_told_to_its_requests_and_the_next_may_succeed(
    flights_linear: ModelPackage, rows: np.ndarray, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in flights_linear.folder.iterdir():
        (broken / file.name).write_bytes(file.read_bytes())
    (broken / "model.onnx").write_bytes(b"damaged")
    answers = Answers()
    with deployed(ModelPackage(broken, flights_linear.manifest)) as deployment:
        deployment.prepare(rows)
        deployment.issue([Request(0, 0)], answers.take)
        deployment.flush()
        wait_for(deployment, answers, 1)
        assert answers[0].status == Status.ERROR
        assert "is not the file packaged" in answers[0].reason
        assert deployment.health() == ""
        deployment.update(flights_linear)
        deployment.issue([Request(1, 1)], answers.take)
        deployment.flush()
        wait_for(deployment, answers, 2)
    assert answers[1].status == Status.OK


def test_it_ends_while_a_job_is_under_way(flights_linear: ModelPackage, rows: np.ndarray) -> None:
    with deployed(flights_linear) as deployment:
        deployment.prepare(rows)
        deployment.issue([Request(0, 0)], lambda _: None)
        deployment.flush()
        folder = deployment._folder
        assert folder.exists()
    assert not folder.exists()


@pytest.mark.parametrize(
    ("name", "value"), [("every_s", -1), ("max_rows", 1.5), ("max_rows", True), ("engine", "spark"), ("chunks", 3)]
)
def test_a_wrong_setting_is_refused(flights_linear: ModelPackage, name: str, value: object) -> None:
    kind, words = (UnknownKind, "spark") if name == "engine" else (InvalidValue, name)
    with pytest.raises(kind, match=words):
        with deployed(flights_linear, **{name: value}):
            pytest.fail("it was taken")
