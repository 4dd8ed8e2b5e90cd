"""The parts of a scenario, each validated and immutable."""

import unicodedata
from collections.abc import Mapping
from typing import Annotated, Literal

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
Application = Literal["model", "dealership"]
"""What is served: the lone model, or the car dealership's site of five components, one of which is the model."""


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
    max_slo_missed_min_per_month: float | None = Field(
        None, gt=0, description="The minutes a month in which the service level objective may be missed."
    )
    data_stays_on_device: bool = Field(
        False, description="Whether what requests carry may not leave the device they are made on."
    )


class Forecast(Part):
    """The traffic that the decision is for, which nobody has seen yet."""

    rate_rps: float = Field(10.0, gt=0, le=1e6, description="Mean requests per second over a month.")
    swing: float = Field(0.8, ge=0, le=1, description="How far the rate rises and falls over a day, as a share.")
    uncertainty_share: float = Field(0.2, ge=0, lt=1, description="How far the mean may be off either way, as a share.")


class Cost(Part):
    """What is assumed about paying for it; a price list says the rest."""

    hours_per_month: float = Field(730.0, gt=0, le=744, description="The hours that a month is taken to have.")
    free_tier: bool = Field(False, description="Whether the provider's monthly free tier is taken off.")
    headroom_share: float = Field(0.3, ge=0, le=10, description="What fixed machines are bought beyond the peak.")
    redundancy: int = Field(0, ge=0, le=10, description="The replicas beyond those that the traffic needs.")
    staff_usd_per_hour: float = Field(60.0, ge=0, le=10_000, description="What an hour of operating work costs.")
    payload_bytes: int | None = Field(None, ge=0, le=10**9, description="A request and its answer; empty as measured.")
    brokers: int = Field(2, ge=1, le=30, description="The brokers of a message stream.")
    nat_gateways: int = Field(0, ge=0, le=30, description="The NAT gateways that private networks need.")
    releases_per_month: float = Field(0.0, ge=0, le=1_000, description="The model's new versions in a month.")


class Stakes(Part):
    """Money at stake; with all at 0 there is no figure in dollars."""

    usd_per_wrong: float = Field(0.0, ge=0, le=1e9, description="What a wrong prediction costs that need not be.")
    usd_per_late: float = Field(0.0, ge=0, le=1e9, description="What an answer after the promised latency costs.")
    usd_per_missing: float = Field(0.0, ge=0, le=1e9, description="What a request without an answer costs.")


class Weights(Part):
    """How much each of the three counts in a ranking; with all at 0 there is no ranking."""

    latency: float = Field(0.0, ge=0, le=1_000, description="The weight of latency.")
    cost: float = Field(0.0, ge=0, le=1_000, description="The weight of cost.")
    risk: float = Field(0.0, ge=0, le=1_000, description="The weight of risk.")
    risk_figure: Name = Field("slo_missed_min_month", description="The figure that stands for risk.")


class Measurement(Part):
    """How carefully to measure."""

    warm_up_s: float = Field(1.0, ge=0, le=600, description="The seconds of traffic at the start that do not count.")
    repetitions: int = Field(3, ge=1, le=100, description="The number of times each candidate is measured.")
    timeout_s: float = Field(5.0, gt=0, le=600, description="The seconds after which a request counts as timed out.")


class Sizing(Part):
    """How a candidate is paid for, where the usual way is not meant."""

    instance: Text = Field("", description="A price or machine of the list; empty takes the cheapest that fits.")
    memory_mb: int = Field(0, ge=0, le=1_048_576, description="A replica's memory in MB; 0 takes what was measured.")
    vcpu: float | None = Field(None, gt=0, le=1_024, description="A replica's processors; empty one for each worker.")
    staff_hours: float = Field(0.0, ge=0, le=744, description="The hours of operating work in a month.")


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
    source: Literal["measured", "simulated"] = Field(
        "measured", description="Whether it is deployed and measured here, or simulated from measured parts."
    )
    sizing: Sizing = Field(Sizing(), description="A table of how it is paid for.")
