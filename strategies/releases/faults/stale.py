"""Trained on stale data: the model has only seen what lies below a limit of one feature, as if the rest came later."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from data.errors import InvalidValue
from strategies.packaging.package import ModelPackage
from strategies.releases.faults.contract import Fault


@dataclass(slots=True)
class Stale(Fault):
    title: ClassVar[str] = "Trained on stale data"
    summary: ClassVar[str] = "It was trained on an old part of the data, and has not met what came since."

    feature: int = 0
    """Number of the feature that tells old rows from new, from 0."""
    share: float = 0.5
    """Share of the training rows, with the feature's smallest values, that it has seen."""

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise InvalidValue("share", self.share, "must lie between 0 and 1", "0.5 trains on the older half")

    def package(self, model: ModelPackage, folder: Path) -> ModelPackage:
        from data.catalogue import find_dataset
        from data.discovery import kind
        from strategies.packaging.build import build_package
        from strategies.training.algorithms.contract import Algorithm
        from strategies.training.report import Report
        from strategies.training.spec import TrainingSpec
        from strategies.training.train import prepare
        from strategies.training.watch import Watch, never, silent

        report = Report.of(model)
        if report is None:
            remedy = "choose a model that Drydock trained"
            raise InvalidValue("model package", model.manifest.name, "does not say what it was trained on", remedy)
        spec = TrainingSpec.read(report.spec)
        prepared = prepare(spec, find_dataset(spec.data))
        learn = prepared.split.train
        values = prepared.X[learn, self.feature]
        old = learn[values <= np.nanquantile(values, self.share)]
        task, classes = prepared.target.task, np.unique(prepared.y)
        if task != "regression" and len(np.unique(prepared.y[old])) < len(classes):
            rule = "leaves out a whole class"
            raise InvalidValue("share", self.share, rule, "take a larger share, or another feature")
        algorithm = kind("strategies.training.algorithms", Algorithm, spec.algorithm)(spec.parameters)  # type: ignore[type-abstract]
        watch = Watch(silent, never).part("fitting", 0.0, 1.0)
        pipeline = algorithm.fit(prepared.schema, task, prepared.X[old], prepared.y[old], spec.seed, watch)
        return build_package(
            pipeline, prepared.schema, task, prepared.target.column, prepared.outputs, folder,
            prepared.X[prepared.split.test], name=model.manifest.name, format=model.manifest.format,
            algorithm=spec.algorithm, threshold=model.manifest.threshold,
            notes=("Trained on stale data, on purpose.",),
        )  # fmt: skip
