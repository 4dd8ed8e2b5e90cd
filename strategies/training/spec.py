"""What to train: one validated value that the page, a scenario and a job share."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from data.errors import InvalidValue
from data.scenario.parts import DataChoice, ModelChoice, Scalar
from data.scenario.problems import problems_of


class TrainingSpec(BaseModel):
    """Everything that a training needs; the same spec on the same data gives the same model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: str = Field("car_choice", description="Name of a dataset in data/datasets/, or of an upload.")
    target: str = Field("", description="Target column; empty takes the dataset's first.")
    algorithm: str = Field("random_forest", description="Name of a file in strategies/training/algorithms/.")
    parameters: Mapping[str, Scalar] = Field(
        default_factory=dict, description="Hyperparameters that differ from the defaults."
    )
    format: Literal["onnx", "skops"] = Field("onnx", description="Format that the model is served in.")
    name: str = Field("", max_length=80, description="Name of the model; empty takes the dataset's.")
    seed: int = Field(1, ge=0, lt=2**32, description="Source of everything random: split, fit, bootstrap.")
    validation_share: float = Field(0.2, ge=0.05, le=0.4, description="Share of rows that thresholds are chosen on.")
    test_share: float = Field(0.2, ge=0.05, le=0.4, description="Share of rows that the metrics are computed on.")
    max_rows: int | None = Field(None, ge=100, description="Number of rows to use, at most; None uses all.")
    false_positive_cost: float = Field(1.0, ge=0, le=1e9, description="Cost of saying yes wrongly, in any unit.")
    false_negative_cost: float = Field(1.0, ge=0, le=1e9, description="Cost of missing a yes, in the same unit.")
    learning_curve: bool = Field(True, description="Whether to fit on growing numbers of rows as well.")
    track: bool = Field(True, description="Whether to record the training in MLflow.")

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> "TrainingSpec":
        """The spec of those fields; `InvalidValue` names the first that breaks a rule."""
        try:
            return cls(**fields)
        except ValidationError as error:
            problem = problems_of(error.errors(), fields, {(): cls.model_fields})[0]
            name = ".".join(str(step) for step in problem.path)
            raise InvalidValue(name, problem.value, problem.rule, problem.remedy) from None

    @classmethod
    def from_choices(cls, data: DataChoice, model: ModelChoice, seed: int, **more: Any) -> "TrainingSpec":
        """The spec that a scenario's data and model choices stand for."""
        return cls.read(
            {
                "data": data.name,
                "target": data.target,
                "algorithm": model.algorithm,
                "parameters": dict(model.parameters),
                "format": model.format,
                "seed": seed % 2**32,
                **more,
            }
        )
