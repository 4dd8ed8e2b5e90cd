"""The model that a scenario's candidates serve: the package it names, one trained the same way before, or a new one."""

from pathlib import Path
from typing import Any

from data.catalogue import find_dataset
from data.scenario import Scenario
from strategies.packaging.package import ModelPackage
from strategies.packaging.shelf import find_package, list_packages
from strategies.training.job import run_training
from strategies.training.report import Report
from strategies.training.spec import TrainingSpec
from strategies.training.watch import CancelCheck, Progress, never, silent

# What a training is asked that leaves the model itself as it is.
_BESIDE = frozenset({"name", "learning_curve", "track"})


def package_for(scenario: Scenario, *, progress: Progress = silent, cancelled: CancelCheck = never) -> ModelPackage:
    """The package to deploy.

    Without a package's version in the scenario, one that was trained from the same rows with the same choices and seed
    is taken from the shelf; where there is none, the model is trained.

    Raises
    ------
    InvalidValue
        The package is not on the shelf, or a hyperparameter, target or dataset cannot be used.
    Cancelled
        `cancelled` said yes.
    """
    if scenario.model.package:
        return find_package(scenario.model.package)
    spec = TrainingSpec.from_choices(scenario.data, scenario.model, scenario.seed, learning_curve=False)
    known = _trained_before(spec)
    if known is not None:
        return known
    made = run_training(spec.model_dump(), progress, cancelled)
    return ModelPackage.open(Path(made["folder"]))


def _trained_before(spec: TrainingSpec) -> ModelPackage | None:
    content_hash = find_dataset(spec.data).content_hash
    for package in list_packages():
        if package.manifest.data_hash == content_hash:
            report = Report.of(package)
            if report is not None and _choices(report.spec) == _choices(spec.model_dump()):
                return find_package(package.version)
    return None


def _choices(spec: Any) -> dict[str, Any]:
    return {name: value for name, value in spec.items() if name not in _BESIDE}
