"""A fault around a predictor that somebody else loads."""

import json
import os

import numpy as np
from numpy.typing import NDArray

from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import Predictor
from strategies.releases.faults._choosing import make_fault
from strategies.releases.faults.contract import Fault

VARIABLE = "DRYDOCK_FAULT"
"""Environment variable with the fault as JSON: its name, its settings, and the version of the model that has it."""


class Faulty(Predictor):
    """A predictor with a fault, which begins after so many calls that only try it out."""

    def __init__(self, predictor: Predictor, fault: Fault, tries: int) -> None:
        self._predictor, self._fault, self._tries = predictor, fault, tries
        self._faulty = fault.wrap(predictor.predict)
        if not tries:
            fault.begin()

    def predict(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        if not self._tries:
            return self._faulty(x)
        self._tries -= 1
        if not self._tries:
            self._fault.begin()
        return self._predictor.predict(x)


def dress(package: ModelPackage, predictor: Predictor, tries: int = 0) -> Predictor:
    """The predictor with the fault in this process's environment, if it is the version that has it."""
    order = json.loads(os.environ[VARIABLE])
    if package.version != order["version"]:
        return predictor
    return Faulty(predictor, make_fault(order["fault"], order.get("settings", {})), tries)
