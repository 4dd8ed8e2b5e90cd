"""Managed endpoint: the model on instances that a cloud provider runs and scales (SageMaker real-time inference).

Source: AWS, Amazon SageMaker AI Developer Guide, "Automatic scaling of models": target tracking, cool-down of 300 s.
"""

from collections.abc import Mapping
from typing import ClassVar

from data.errors import InvalidValue
from data.profile import ServiceProfile
from simulators.architectures._parts import fixed, layout, start_up, station, unit
from simulators.architectures._settings import NETWORK, SERVER
from simulators.architectures.contract import Architecture, Setting
from simulators.plan import Autoscaled, Plan


class ManagedEndpoint(Architecture):
    title = "Managed endpoint"
    summary = (
        "The model runs on instances that the cloud provider starts, watches and scales towards a target, as SageMaker "
        "real-time inference does; the rest of the application stays on servers of its own."
    )
    strategies = ("api",)
    not_for: ClassVar[Mapping[str, str]] = {
        "embedded": "The provider hosts the model behind an API; embedded means that it has no host of its own.",
        "streaming": "A real-time endpoint is asked and answers; it subscribes to nothing.",
        "batch": "A real-time endpoint stands ready all day; for a job, providers run instances that end with it.",
    }
    platform = "endpoint"
    settings: ClassVar[Mapping[str, Setting]] = {
        "target_in_flight": Setting(2.0, 0.1, 10_000.0, "Requests in an instance that the scaling aims at"),
        "minimum": Setting(1, 1, 1_000, "Fewest instances"),
        "maximum": Setting(10, 1, 1_000, "Most instances"),
        "cool_down_s": Setting(300.0, 0.0, 3_600.0, "How long it waits before it removes instances, in seconds"),
        "extra_start_s": Setting(
            240.0,
            0.0,
            3_600.0,
            "Seconds until a new instance starts the model; an assumption",
        ),
        "replicas": Setting(1, 1, 1_000, "Application servers, for a whole application"),
        **SERVER,
        **NETWORK,
    }

    def build(self, profile: ServiceProfile, strategy: str, values: Mapping[str, float]) -> Plan:
        if values["minimum"] > values["maximum"]:
            rule = f"must not be above maximum ({values['maximum']:g})"
            raise InvalidValue("minimum", values["minimum"], rule, "lower it, or raise maximum")
        scaling = Autoscaled(
            values["target_in_flight"],
            int(values["minimum"]),
            int(values["maximum"]),
            metric="in_flight",
            sync_s=60.0,
            down_stabilisation_s=values["cool_down_s"],
            up_replicas=int(values["maximum"]),
            period_s=60.0,
        )
        found = layout(profile, strategy, values, scaling)
        assert found.model is not None
        start = start_up(profile, values["extra_start_s"])
        model = unit(found.model.stations, profile, values, scaling, balancing="random", start_up=start)
        return found.with_model(model).plan(
            "managed_endpoint",
            lambda made: unit([made], profile, values, fixed(values)),
            lambda law, refresh: station("application", law, profile, values, front=True, refresh=refresh),
        )
