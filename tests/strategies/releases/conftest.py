"""What release tests share: rows for the tumour model and what is wrong with its successors."""

import numpy as np
import pytest
from numpy.typing import NDArray

from data.catalogue import find_dataset
from strategies.packaging.package import ModelPackage
from strategies.training.report import Report
from strategies.training.spec import TrainingSpec
from strategies.training.train import Prepared, prepare


@pytest.fixture(scope="session")
def tumour_data(tumour_forest: ModelPackage) -> Prepared:
    report = Report.of(tumour_forest)
    assert report is not None
    spec = TrainingSpec.read(report.spec)
    return prepare(spec, find_dataset(spec.data))


@pytest.fixture(scope="session")
def rows(tumour_data: Prepared) -> NDArray[np.float32]:
    """Rows that the model has not learned from. (rows, features)"""
    return tumour_data.X[tumour_data.split.test]


@pytest.fixture(scope="session")
def truth(tumour_data: Prepared) -> list[str | float]:
    """Their true classes."""
    return [tumour_data.outputs[int(code)] for code in tumour_data.y[tumour_data.split.test]]
