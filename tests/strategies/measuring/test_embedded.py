"""What the embedded strategy says of its consumption, against work of a known size."""

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from data.trace import Status
from strategies._footprint import FootprintUnknown, footprint_bytes
from strategies.contract import Answer, Request
from strategies.embedded import EmbeddedDeployment
from strategies.packaging.package import ModelPackage

WORK_S = 0.002


def works(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Uses a known amount of processor time."""
    until_s = time.process_time() + WORK_S
    while time.process_time() < until_s:
        pass
    return np.array([[0.25, 0.75]], np.float32)[: len(x)]


def test_processor_time_is_that_of_predictions_alone(tumour_forest: ModelPackage) -> None:
    deployment = EmbeddedDeployment(tumour_forest)
    deployment.prepare(np.zeros((1, 30), np.float32))
    deployment._predict = works
    before_s = deployment.usage().cpu_s
    for number in range(64):
        deployment.issue([Request(number, 0)], lambda _: None)
        works(np.zeros((1, 30), np.float32))  # what else the process does, such as generating load
    after_s = deployment.usage().cpu_s
    assert before_s is not None
    assert after_s is not None
    assert 64 * WORK_S <= after_s - before_s < 1.6 * 64 * WORK_S


def test_loading_counts_too(tumour_forest: ModelPackage) -> None:
    usage = EmbeddedDeployment(tumour_forest).usage()
    assert usage.cpu_s is not None
    assert usage.cpu_s > 0


def test_memory_is_what_a_fresh_process_gains_each_time(tumour_forest: ModelPackage) -> None:
    gains = [footprint_bytes(tumour_forest) for _ in range(2)]
    assert gains[0] == pytest.approx(gains[1], rel=0.2)
    assert gains[0] > tumour_forest.served_file.stat().st_size


def test_a_model_that_cannot_be_loaded_says_so(tumour_forest: ModelPackage) -> None:
    gone = ModelPackage(tumour_forest.folder / "gone", tumour_forest.manifest)
    with pytest.raises(FootprintUnknown, match=r"manifest\.json"):
        footprint_bytes(gone)


def test_a_row_that_breaks_the_model_fails_alone(tumour_forest: ModelPackage) -> None:
    deployment = EmbeddedDeployment(tumour_forest)
    deployment.prepare(np.zeros((2, 30), np.float32))
    deployment._rows[1] = np.zeros((1, 7), np.float32)
    answers: list[Answer] = []
    deployment.issue([Request(0, 0), Request(1, 1), Request(2, 0)], answers.append)
    assert [answer.status for answer in answers] == [Status.OK, Status.ERROR, Status.OK]
    assert "7" in answers[1].reason
    assert answers[1].outputs is None
