"""The parts of a scenario, each validated and immutable."""

import unicodedata
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError


def _one_line(text: str) -> str:
    # What TOML, a URL and a table's cell can all hold: no control characters, no halves of surrogate pairs.
    if any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in text):
        raise PydanticCustomError("one_line", "must be one line of printable text")
    return text


_NAME = r"^[a-z0-9][a-z0-9_.-]*$"
_KEY = r"^[A-Za-z_][A-Za-z0-9_]*$"
PATTERNS: Mapping[str, str] = {
    _NAME: "must be of a–z, 0–9, _, . and -, and begin with a letter or digit",
    _KEY: "must be of letters, digits and _, and begin with a letter or _",
}
"""The rule that each pattern stands for, in words."""

Name = Annotated[str, Field(min_length=1, max_length=64, pattern=_NAME)]
Key = Annotated[str, Field(min_length=1, max_length=64, pattern=_KEY)]
Text = Annotated[str, Field(max_length=200), AfterValidator(_one_line)]
Integer = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Scalar = bool | Integer | float | Text


class Part(BaseModel):
    """A table of the TOML file: unknown keys are refused, and a number is a number, never a text or a truth value."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class DataChoice(Part):
    """Which rows to learn from."""

    name: Name = Field("car_choice", description="A dataset in data/datasets/, or an upload's name.")
    target: Text = Field("", description="Target column; empty takes the dataset's first.")


class ModelChoice(Part):
    """Which algorithm to train on them, or which package to use as it is."""

    algorithm: Name = Field("random_forest", description="A kind of model that Drydock trains.")
    parameters: Mapping[Key, Scalar] = Field(
        default_factory=dict, description="Hyperparameters that differ from the defaults."
    )
    package: Text = Field("", description="Identifier of an existing model package; empty trains one.")
    format: Name = Field("onnx", description="Format that the model is served in.")


class Slo(Part):
    """What counts as good enough."""

    percentile: float = Field(99.0, gt=0, lt=100, description="The percentile of latency that is promised.")
    latency_ms: float = Field(50.0, gt=0, description="The latency promised, in milliseconds.")
    max_error_share: float = Field(
        0.01, ge=0, lt=1, description="The share of requests that may fail, be refused or time out."
    )


class Budget(Part):
    """Hard limits of the decision; None means no limit."""

    usd_per_month: float | None = Field(None, gt=0, description="The most that it may cost, in US dollars per month.")
    max_staleness_s: float | None = Field(
        None, gt=0, description="The age of a model or prediction that is still acceptable, in seconds."
    )


class Measurement(Part):
    """How carefully to measure."""

    warm_up_s: float = Field(1.0, ge=0, le=600, description="The seconds of traffic at the start that do not count.")
    repetitions: int = Field(3, ge=1, le=100, description="The number of times each candidate is measured.")
    timeout_s: float = Field(5.0, gt=0, le=600, description="The seconds after which a request counts as timed out.")


class Candidate(Part):
    """One way to deploy: strategy × host × architecture × release policy, and its size."""

    name: Name = Field(description="A name that no other candidate has.")
    strategy: Name = Field(description="A strategy in strategies/, such as embedded or api.")
    host: Name = Field("process", description="A host in strategies/hosts/.")
    architecture: Name = Field("traditional", description="An architecture in simulators/architectures/.")
    release: Name = Field("basic", description="A release policy in strategies/releases/.")
    workers: int = Field(1, ge=1, le=64, description="The number of processes, consumers or concurrent functions.")
    settings: Mapping[Key, Scalar] = Field(
        default_factory=dict, description="What only this strategy, host or plan knows."
    )
