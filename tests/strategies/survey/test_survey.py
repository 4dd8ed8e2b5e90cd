"""Surveys of real deployments: what they are made of is known, and so is which version answers."""

import dataclasses
import json
import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from data.errors import Cancelled, InvalidValue
from strategies.contract import Limits
from strategies.embedded import Embedded, EmbeddedDeployment
from strategies.hosts.process import ProcessHost
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import load_predictor
from strategies.survey.again import published_again
from strategies.survey.job import run_survey
from strategies.survey.survey import Survey, read_surveys, save_survey
from strategies.survey.taking_up import ask, take_up

KNOWN = {  # units, processes, ports, stores, brokers; with one worker on plain processes
    "embedded": (1, 1, 0, 0, 0),
    "api": (2, 2, 1, 0, 0),
    "streaming": (3, 4, 1, 5, 1),  # the broker's watcher and the broker; four streams and the bucket of models
    "batch": (2, 2, 0, 1, 0),
}


@pytest.fixture(scope="module")
def surveys(tumour_forest: ModelPackage, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Survey]:
    """All four, in a process of their own as the queue runs them: this one may have other children."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DRYDOCK_HOME", str(home))
        patch.delenv("NATS_URL", raising=False)
        payload = {"folder": str(tumour_forest.folder), "strategies": list(KNOWN)}
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found = pool.apply(run_survey, (payload,))
        kept = read_surveys()
    assert {name: survey.to_dict() for name, survey in kept.items()} == {s["strategy"]: s for s in found["surveys"]}
    return kept


@pytest.mark.parametrize("name", KNOWN)
def test_parts_are_those_that_are_known(surveys: dict[str, Survey], name: str) -> None:
    parts = surveys[name].parts
    assert (len(parts.units), parts.processes, parts.ports, len(parts.stores), parts.brokers) == KNOWN[name]
    assert surveys[name].total == sum(KNOWN[name]) + surveys[name].update_steps


@pytest.mark.parametrize("name", ["api", "streaming", "batch"])
def test_a_new_version_is_taken_up_and_no_request_is_dropped(surveys: dict[str, Survey], name: str) -> None:
    taking_up = surveys[name].taking_up
    assert taking_up is not None
    assert taking_up.sent > 20
    assert taking_up.dropped == 0
    assert 0 < taking_up.first_new_s < 60
    assert surveys[name].update_steps == 1


def test_embedded_needs_a_deployment(surveys: dict[str, Survey]) -> None:
    assert surveys["embedded"].needs_deployment
    assert surveys["embedded"].taking_up is None
    assert surveys["embedded"].update_steps == 2


@pytest.mark.parametrize("kind", ["onnx", "skops"])
def test_a_model_published_again_answers_the_same_under_another_version(
    tumour_forest: ModelPackage, tmp_path: Path, kind: str
) -> None:
    served = ModelPackage(tumour_forest.folder, dataclasses.replace(tumour_forest.manifest, format=kind))  # type: ignore[arg-type]
    newer = published_again(served, tmp_path)
    assert newer.version != tumour_forest.version
    assert ModelPackage.open(newer.folder).manifest == newer.manifest
    x = np.random.default_rng(1).uniform(1, 20, (50, 30)).astype(np.float32)
    assert np.array_equal(load_predictor(served).predict(x), load_predictor(newer).predict(x))


class Drops(EmbeddedDeployment):
    """Answers every other request, and forgets the rest."""

    def issue(self, requests, done) -> None:  # type: ignore[no-untyped-def]
        super().issue([request for request in requests if request.id % 2], done)


def test_requests_without_an_answer_are_counted_as_dropped(tumour_forest: ModelPackage, tmp_path: Path) -> None:
    newer = published_again(tumour_forest, tmp_path)
    deployment = Drops(tumour_forest)
    deployment.prepare(np.zeros((3, 30), np.float32))
    found = take_up(deployment, newer, 3, timeout_s=0.1)
    assert found.dropped == (found.sent + 1) // 2


class Deaf(EmbeddedDeployment):
    def update(self, model: ModelPackage) -> None:
        """Takes no model up."""


def test_a_version_that_never_answers_and_a_cancel_end_the_watch(tumour_forest: ModelPackage, tmp_path: Path) -> None:
    newer = published_again(tumour_forest, tmp_path)
    deployment = Deaf(tumour_forest)
    deployment.prepare(np.zeros((1, 30), np.float32))
    with pytest.raises(InvalidValue, match="gave no answer within"):
        take_up(deployment, newer, 1, timeout_s=1.0, within_s=0.2)
    with pytest.raises(Cancelled):
        take_up(deployment, newer, 1, timeout_s=1.0, cancelled=lambda: True)


def test_asking_counts_the_answers(tumour_forest: ModelPackage) -> None:
    with Embedded().deploy(tumour_forest, ProcessHost(), Limits()) as deployment:
        deployment.prepare(np.zeros((1, 30), np.float32))
        assert ask(deployment, 1, timeout_s=1.0, for_s=0.2) >= 5


def test_a_survey_survives_its_file_and_a_broken_file_is_left_out(home: Path, surveys: dict[str, Survey]) -> None:
    save_survey(surveys["api"])
    (home / "surveys" / "batch.process.json").write_text("{}")
    (home / "surveys" / "embedded.process.json").write_text("no json")
    assert read_surveys() == {"api": surveys["api"]}
    assert Survey.from_dict(json.loads(json.dumps(surveys["api"].to_dict()))) == surveys["api"]
