"""What release tests share: rows for the tumour model and what is true of them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from strategies.packaging.package import ModelPackage
from strategies.releases.live.held_out import held_out


@pytest.fixture(scope="session")
def rows(tumour_forest: ModelPackage) -> NDArray[np.float32]:
    """Rows that the model has not learned from. (rows, features)"""
    return held_out(tumour_forest)[0]


@pytest.fixture(scope="session")
def truth(tumour_forest: ModelPackage) -> list[str | float]:
    """Their true classes."""
    return list(held_out(tumour_forest)[1] or ())
