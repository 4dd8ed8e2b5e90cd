"""Predicting a dataset ahead of need, and finding every answer by its row's number."""

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from data.catalogue import find_dataset
from data.errors import InvalidValue
from strategies.batches.published import Published
from strategies.batches.queued import LEAST_EVERY_S, keep_predicting, output_of, predict_ahead
from strategies.batches.schedule import read_history, staleness
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import load_predictor
from strategies.training.watch import silent


def test_every_row_has_the_answer_that_the_model_gives(home: Path, tumour_forest: ModelPackage) -> None:
    stages: list[str] = []
    done = predict_ahead(
        {"folder": str(tumour_forest.folder), "data": "tumour"}, lambda stage, _share: stages.append(stage)
    )
    dataset = find_dataset("tumour")
    expected = load_predictor(tumour_forest).predict(dataset.schema.encode(dataset.load()))[:, 1]
    published = Published(output_of(tumour_forest.version, "tumour"))
    assert done == {"output": str(output_of(tumour_forest.version, "tumour")), "rows": len(expected), "rejected": 0}
    for row in (1, 100, len(expected)):
        found = published.find(str(row))
        assert found.probabilities["malignant"] == pytest.approx(expected[row - 1], abs=1e-6)
        assert found.version == tumour_forest.version
        assert 0 < found.age_s < 600
    assert len(np.unique(expected)) > 20
    assert stages
    assert [path.name for path in (home / "computed" / tumour_forest.version).glob("*.rows.parquet")] == []


def test_a_dataset_without_the_models_features_is_refused(home: Path, tumour_forest: ModelPackage) -> None:  # noqa: ARG001
    with pytest.raises(InvalidValue, match="which the model reads"):
        predict_ahead({"folder": str(tumour_forest.folder), "data": "digits"})


def test_a_schedule_publishes_anew_and_its_staleness_is_measured(
    home: Path,  # noqa: ARG001
    tumour_forest: ModelPackage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("strategies.batches.queued.LEAST_EVERY_S", 0.1)
    output = output_of(tumour_forest.version, "tumour")
    payload = {"folder": str(tumour_forest.folder), "data": "tumour", "every_s": 0.5}
    said: list[str] = []

    def note(stage: str, _share: float, message: str = "") -> None:
        said.append(f"{stage} {message}")

    done = keep_predicting(payload, note, lambda: len(read_history(output)) >= 3)
    history = read_history(output)
    assert done == {"runs": 3} == {"runs": len(history)}
    moments = [datetime.fromisoformat(one.published_at) for one in history]
    assert all((later - earlier).total_seconds() > 0.1 for earlier, later in pairwise(moments))
    ages = staleness(history, datetime.now(UTC))
    assert all(0 < age.fresh_s <= age.oldest_s for age in ages)
    assert ages[0].oldest_s == pytest.approx(
        (moments[1] - datetime.fromisoformat(history[0].computed_at)).total_seconds()
    )
    assert any(line.startswith("waiting again in") for line in said)


@pytest.mark.parametrize("every_s", [0, LEAST_EVERY_S - 1, float("nan")])
def test_a_schedule_too_dense_is_refused(home: Path, tumour_forest: ModelPackage, every_s: float) -> None:  # noqa: ARG001
    with pytest.raises(InvalidValue, match=r"every_s.*must be at least 5"):
        keep_predicting(
            {"folder": str(tumour_forest.folder), "data": "tumour", "every_s": every_s}, silent, lambda: False
        )
