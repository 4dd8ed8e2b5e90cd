"""Predicting a dataset ahead of need, and finding every answer by its row's number."""

from pathlib import Path

import numpy as np
import pytest

from data.catalogue import find_dataset
from data.errors import InvalidValue
from strategies.batches.published import Published
from strategies.batches.queued import output_of, predict_ahead
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import load_predictor


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
