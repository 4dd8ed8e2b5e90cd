"""The scenario itself."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SerializeAsAny, field_serializer, field_validator
from pydantic_core import PydanticCustomError

from data.discovery import kind_name
from data.errors import InvalidScenario
from data.scenario import query, toml
from data.scenario.checking import checked, examined, workload_of
from data.scenario.lines import key_lines
from data.scenario.parts import (
    Application,
    Budget,
    Candidate,
    Cost,
    DataChoice,
    Forecast,
    Key,
    Measurement,
    ModelChoice,
    Name,
    Part,
    Slo,
    Stakes,
    Text,
    Weights,
)
from data.workloads.contract import Workload
from data.workloads.poisson import Poisson


class Scenario(Part):
    """Everything that a comparison needs, validated and immutable.

    >>> small = Scenario.default().evolve(seed=7, slo={"latency_ms": 20.0})
    >>> Scenario.from_toml(small.to_toml()) == small
    True
    >>> small.to_query()
    {'seed': '7', 'slo.latency_ms': '20.0'}
    """

    name: Name = Field("untitled", description="What files and tables call it, a short name.")
    title: Text = Field("", description="A line for people to read above its results.")
    seed: int = Field(1, ge=0, lt=2**63, description="The number that all randomness starts from.")
    data: DataChoice = Field(DataChoice(), description="A table of the rows to learn from.")
    model: ModelChoice = Field(ModelChoice(), description="A table with the algorithm to train on them.")
    application: Application = Field(
        "model", description="What is served: the model alone, or the dealership's five components around it."
    )
    workload: Annotated[
        SerializeAsAny[Workload],
        Field(description="The traffic, a table whose `kind` names a file in data/workloads/."),
    ]
    slo: Slo = Field(Slo(), description="A table of what counts as good enough.")
    budget: Budget = Field(Budget(), description="A table of hard limits.")
    prices: Name = Field("aws-us-east-1", description="A price list in data/prices/, or one of your own.")
    forecast: Forecast = Field(Forecast(), description="A table of the traffic that the decision is for.")
    cost: Cost = Field(Cost(), description="A table of what is assumed about paying.")
    stakes: Stakes = Field(Stakes(), description="A table of the money at stake.")
    faults: Mapping[Key, Mapping[Key, float]] = Field(
        default_factory=dict,
        description="Tables of assumptions about faults that differ from the defaults, such as [faults.crash].",
    )
    weights: Weights = Field(Weights(), description="A table of what counts how much in a ranking.")
    measurement: Measurement = Field(Measurement(), description="A table of how carefully to measure.")
    candidates: tuple[Candidate, ...] = Field(
        strict=False,
        min_length=1,
        max_length=24,
        description="One to 24 deployments to compare, each a table [[candidates]].",
    )

    @classmethod
    def default(cls) -> "Scenario":
        """The car dealership: which of six cars a customer is shown first, asked in the page or of a service."""
        return cls(
            name="car_dealership",
            title="Which car to show first?",
            workload=Poisson(rate_rps=100.0, duration_s=6.0),
            candidates=(Candidate(name="embedded", strategy="embedded"), Candidate(name="api", strategy="api")),
        )

    # -- as a mapping, a file and a URL ------------------------------------------------------------------------------

    def to_mapping(self) -> dict[str, Any]:
        """Tables of plain values; the workload with its `kind`, an optional value that is not set as None."""
        return self.model_dump()

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any]) -> "Scenario":
        """The scenario of such tables; `InvalidScenario` tells all that is wrong with them."""
        return checked(cls, raw)

    def to_toml(self) -> str:
        """The whole scenario, defaults included, so that it means the same when a default changes."""
        return toml.write(self.to_mapping())

    @classmethod
    def from_toml(cls, text: str) -> "Scenario":
        """The scenario of a TOML text; `InvalidScenario` names the line of all that is wrong with it."""
        return checked(cls, toml.parse(text), key_lines(text))

    def save(self, path: Path) -> None:
        """Write the TOML file; it appears whole or not at all."""
        partial = path.with_name(f".{path.name}.partial")
        partial.write_text(self.to_toml(), encoding="utf-8")
        partial.replace(path)

    @classmethod
    def load(cls, path: Path) -> "Scenario":
        """Read a TOML file."""
        return cls.from_toml(toml.read(path))

    def to_query(self) -> dict[str, str]:
        """What differs from the default scenario, as parameters of the page's URL."""
        return query.difference(self.to_mapping(), Scenario.default().to_mapping())

    @classmethod
    def from_query(
        cls, parameters: Mapping[str, str], ignore: Collection[str] = ()
    ) -> tuple["Scenario", list[InvalidScenario]]:
        """The default scenario with the parameters' changes, and a problem for each parameter that cannot be used.

        `ignore` names parameters that are somebody else's. Nothing raises: an old or mistyped link still opens.
        """
        own = {name: value for name, value in parameters.items() if name not in ignore}
        return query.applied(own, Scenario.default().to_mapping(), lambda tables: examined(cls, tables))

    # -- changed copies ----------------------------------------------------------------------------------------------

    def evolve(self, **changes: Any) -> "Scenario":
        """A copy with changes; a mapping changes only the fields of a part that it names.

        >>> Scenario.default().evolve(workload={"rate_rps": 5.0}).workload.mean_rate_rps
        5.0
        """
        raw = self.to_mapping()
        for name, value in changes.items():
            merges = isinstance(value, Mapping) and isinstance(raw.get(name), Mapping)
            if merges and value.get("kind", raw[name].get("kind")) == raw[name].get("kind"):
                value = raw[name] | dict(value)
            raw[name] = value
        return self.from_mapping(raw)

    def candidate(self, name: str) -> Candidate:
        """The candidate of that name."""
        for candidate in self.candidates:
            if candidate.name == name:
                return candidate
        known = ", ".join(candidate.name for candidate in self.candidates)
        raise InvalidScenario("candidate", name, "is not in the scenario", f"choose one of {known}")

    def add(self, candidate: Candidate) -> "Scenario":
        """A copy with one more candidate at the end."""
        return self.evolve(candidates=(*self.candidates, candidate))

    def duplicate(self, name: str, /, **changes: Any) -> "Scenario":
        """A copy in which a changed copy of a candidate stands behind it, under a name of its own."""
        taken = {candidate.name for candidate in self.candidates}
        free = next(new for n in range(2, 100) if (new := f"{name[:60]}-{n}") not in taken)
        twin = self.candidate(name).model_dump() | {"name": free} | changes
        place = [candidate.name for candidate in self.candidates].index(name) + 1
        return self.evolve(candidates=[*self.candidates[:place], twin, *self.candidates[place:]])

    def remove(self, name: str) -> "Scenario":
        """A copy without that candidate; the last one cannot be removed."""
        gone = self.candidate(name)
        return self.evolve(candidates=tuple(c for c in self.candidates if c is not gone))

    def alter(self, name: str, /, **changes: Any) -> "Scenario":
        """A copy in which that candidate is changed in place."""
        old = self.candidate(name)
        return self.evolve(candidates=[c if c is not old else old.model_dump() | changes for c in self.candidates])

    # -- rules beyond single fields ----------------------------------------------------------------------------------

    @field_validator("workload", mode="before")
    @classmethod
    def _workload_by_kind(cls, value: object) -> object:
        return workload_of(value) if isinstance(value, Mapping) else value

    @field_serializer("workload", mode="plain")
    def _workload_with_kind(self, value: Workload) -> dict[str, Any]:
        return {"kind": kind_name(type(value))} | value.model_dump(mode="json")

    @field_validator("candidates")
    @classmethod
    def _names_differ(cls, value: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
        names = [candidate.name for candidate in value]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            rule = f"use {', '.join(repeated)} as a name more than once"
            raise PydanticCustomError("repeated_name", "{rule}", {"rule": rule, "remedy": "give each its own name"})
        return value
