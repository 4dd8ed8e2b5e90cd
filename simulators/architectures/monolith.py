"""Monolith: interface, business rules, features and model in one process, which scales and fails as a whole."""

from collections.abc import Mapping
from typing import ClassVar

from data.profile import ServiceProfile
from simulators.architectures._parts import fixed, layout, station, unit
from simulators.architectures._settings import BATCH, FAILURES, SERVER
from simulators.architectures.contract import Architecture, Setting
from simulators.plan import Plan


class Monolith(Architecture):
    title = "Monolith"
    summary = (
        "One unit holds interface, business rules, features and model. It scales as a whole, its parts share their "
        "processors, and one failure takes all of them."
    )
    strategies = ("embedded", "batch")
    not_for: ClassVar[Mapping[str, str]] = {
        "api": "A model behind an API has a server of its own, and the whole is no longer one unit: see traditional.",
        "streaming": "A model that reads a stream runs in consumers of its own, outside the one unit: see traditional.",
    }
    settings: ClassVar[Mapping[str, Setting]] = {
        "replicas": Setting(1, 1, 1_000, "Copies of the whole application"),
        **SERVER,
        **FAILURES,
        **BATCH,
    }

    def build(self, profile: ServiceProfile, strategy: str, values: Mapping[str, float]) -> Plan:
        scaling = fixed(values)
        return layout(profile, strategy, values, scaling).plan(
            "monolith",
            lambda made: unit([made], profile, values, scaling),
            lambda law, refresh: station("application", law, profile, values, front=True, refresh=refresh),
        )
