"""Null: no architecture at all. Every request has the application and the model to itself, so that nobody waits."""

from collections.abc import Mapping
from typing import ClassVar

from data.profile import ServiceProfile
from simulators.architectures._parts import components_work, law, work
from simulators.architectures.contract import Architecture
from simulators.plan import Plan, Station, Unit, Visit


class Null(Architecture):
    title = "Null"
    summary = (
        "No architecture: every request is served at once, as if there were a server for each. What another plan takes "
        "longer is the price of its own waiting, hops and starts."
    )
    strategies = ("embedded",)
    not_for: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("api", "streaming", "batch"),
        "Nothing lies between the request and the model, so there is nothing to lay out in another way.",
    )

    def build(self, profile: ServiceProfile, strategy: str, values: Mapping[str, float]) -> Plan:  # noqa: ARG002
        service = work(("http", profile.overhead_s), *components_work(profile.components))
        delay = law(profile.delay_s) if profile.delay_s else None
        return Plan(
            "null", (Unit("request", (Station("request", service, workers=None, delay=delay),)),), Visit("request")
        )
