"""Containers on an orchestrator: Kubernetes adds and removes replicas by its HorizontalPodAutoscaler."""

from collections.abc import Mapping
from typing import ClassVar

from data.errors import InvalidValue
from data.profile import ServiceProfile
from simulators.architectures._parts import layout, start_up, station, unit
from simulators.architectures._settings import BATCH, FAILURES, NETWORK, SERVER
from simulators.architectures.contract import Architecture, Setting
from simulators.plan import Autoscaled, Plan, Unit
from simulators.plan.stations import Balancing, Station


class ContainerOrchestrated(Architecture):
    title = "Containers on an orchestrator"
    summary = (
        "Containers that Kubernetes adds when they are busy and removes when they are not, by the rules of its "
        "HorizontalPodAutoscaler. New ones take their start-up time before they help."
    )
    strategies = ("api", "embedded", "streaming", "batch")
    platform = "tasks"
    settings: ClassVar[Mapping[str, Setting]] = {
        "target": Setting(0.5, 0.05, 1.0, "Share of busy workers that the autoscaler aims at"),
        "minimum": Setting(1, 1, 1_000, "Fewest replicas"),
        "maximum": Setting(10, 1, 1_000, "Most replicas"),
        "down_stabilisation_s": Setting(300.0, 0.0, 3_600.0, "Wait before it removes replicas, in seconds"),
        "extra_start_s": Setting(
            0.0, 0.0, 3_600.0, "Seconds that scheduling and pulling the image add to a start measured here"
        ),
        **SERVER,
        **NETWORK,
        **FAILURES,
        **BATCH,
    }

    def build(self, profile: ServiceProfile, strategy: str, values: Mapping[str, float]) -> Plan:
        if values["minimum"] > values["maximum"]:
            rule = f"must not be above maximum ({values['maximum']:g})"
            raise InvalidValue("minimum", values["minimum"], rule, "lower it, or raise maximum")
        scaling = Autoscaled(
            values["target"],
            int(values["minimum"]),
            int(values["maximum"]),
            down_stabilisation_s=values["down_stabilisation_s"],
        )
        start = start_up(profile, values["extra_start_s"])

        def deployed(made: Station, balancing: Balancing = "round_robin") -> Unit:
            return unit([made], profile, values, scaling, balancing=balancing, start_up=start)

        found = layout(profile, strategy, values, scaling)
        if found.model is not None:
            found = found.with_model(deployed(found.model.stations[0], found.model.balancing))
        return found.plan(
            "container_orchestrated",
            deployed,
            lambda law, refresh: station("application", law, profile, values, front=True, refresh=refresh),
        )
