"""What a training leaves behind for its readers, beside the model: kept in the package as evaluation.json."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from strategies.packaging.package import ModelPackage
from strategies.training.evaluation import Evaluation
from strategies.training.learning_curve import LearningCurve

REPORT = "evaluation.json"


@dataclass(frozen=True, slots=True)
class Report:
    """How a model was trained and how good it is."""

    spec: Mapping[str, Any]
    """The training spec's fields."""
    parameters: Mapping[str, Any]
    """All hyperparameters, the defaulted ones too."""
    evaluation: Evaluation
    learning_curve: LearningCurve | None
    split: str
    """How the rows were parted."""
    rows: Mapping[str, int]
    """Number of rows by part: train, validation, test."""
    stage_s: Mapping[str, float]
    """Seconds that each stage took."""
    notes: tuple[str, ...] = ()

    def to_json(self) -> str:
        return _adapter().dump_json(self, indent=1).decode() + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> "Report":
        return _adapter().validate_json(text)

    @classmethod
    def of(cls, package: ModelPackage) -> "Report | None":
        """The report in a package; None for one that was not trained here."""
        path = package.folder / REPORT
        return cls.from_json(path.read_bytes()) if path.is_file() else None


@cache
def _adapter() -> "TypeAdapter[Report]":
    return TypeAdapter(Report)
