"""A scenario names all that a comparison needs: a team's TOML file, the page's state, the headless run's argument.

The three are one value. `Scenario.to_toml` and `from_toml` are inverse; so are `to_query` and `from_query`.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from data.discovery import kind, kind_name
from data.errors import InvalidScenario
from data.workloads.contract import Workload

Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9_.-]*$")]
Scalar = bool | int | float | str


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DataChoice(_Part):
    """Which rows to learn from."""

    name: Name = Field("car_choice", description="A dataset in data/datasets/, or an upload's name.")
    target: str = Field("", description="Target column; empty takes the dataset's first.")


class ModelChoice(_Part):
    """Which algorithm to train on them, or which package to use as it is."""

    algorithm: Name = "random_forest"
    parameters: Mapping[str, Scalar] = Field(
        default_factory=dict, description="Hyperparameters that differ from the defaults."
    )
    package: str = Field("", description="Identifier of an existing model package; empty trains one.")
    format: Name = Field("onnx", description="Format that the model is served in.")


class Slo(_Part):
    """What counts as good enough."""

    percentile: float = Field(99.0, gt=0, lt=100, description="Which percentile of latency is promised.")
    latency_ms: float = Field(50.0, gt=0, description="The latency promised, in milliseconds.")
    max_error_share: float = Field(
        0.01, ge=0, lt=1, description="Share of requests that may fail, be refused or time out."
    )


class Budget(_Part):
    """Hard limits of the decision; None means no limit."""

    usd_per_month: float | None = Field(None, gt=0)
    max_staleness_s: float | None = Field(
        None, gt=0, description="Oldest model or prediction that is still acceptable."
    )


class Measurement(_Part):
    """How carefully to measure."""

    warm_up_s: float = Field(1.0, ge=0, le=600)
    repetitions: int = Field(3, ge=1, le=100)
    timeout_s: float = Field(5.0, gt=0, le=600, description="After this long a request counts as timed out.")


class Candidate(_Part):
    """One way to deploy: strategy × host × architecture × release policy, and its size."""

    name: Name
    strategy: Name
    host: Name = "process"
    architecture: Name = "traditional"
    release: Name = "basic"
    workers: int = Field(1, ge=1, le=64, description="Processes, consumers or function concurrency.")
    settings: Mapping[str, Scalar] = Field(
        default_factory=dict, description="What only this strategy, host or plan knows."
    )


class Scenario(_Part):
    """Everything that a comparison needs, validated and immutable."""

    name: Name = "untitled"
    title: str = Field("", max_length=120)
    seed: int = Field(1, ge=0, lt=2**63)
    data: DataChoice = DataChoice()
    model: ModelChoice = ModelChoice()
    workload: Annotated[Workload, Field(description="Traffic; `kind` names a file in data/workloads/.")]
    slo: Slo = Slo()
    budget: Budget = Budget()
    prices: str = Field("aws-us-east-1", description="A price list in data/prices/.")
    measurement: Measurement = Measurement()
    candidates: tuple[Candidate, ...] = Field(min_length=1, max_length=24)

    @field_validator("workload", mode="before")
    @classmethod
    def _workload_by_kind(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        fields = dict(value)
        return kind("data.workloads", Workload, str(fields.pop("kind", "poisson")))(**fields)  # type: ignore[type-abstract]

    @model_validator(mode="after")
    def _names_differ(self) -> "Scenario":
        names = [candidate.name for candidate in self.candidates]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"candidates must have different names, and {', '.join(repeated)} is used more than once")
        return self
