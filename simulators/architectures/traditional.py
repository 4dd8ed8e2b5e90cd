"""Traditional: a fixed number of servers behind a load balancer, bought for the peak."""

from collections.abc import Mapping
from typing import ClassVar

from data.profile import ServiceProfile
from simulators.architectures._parts import fixed, layout, station, unit
from simulators.architectures._settings import BATCH, FAILURES, NETWORK, SERVER
from simulators.architectures.contract import Architecture, Setting
from simulators.plan import Plan


class Traditional(Architecture):
    title = "Traditional servers"
    summary = (
        "A fixed number of application servers, and of model servers where the model has its own. Nothing scales by "
        "itself: there must be enough for the peak, and more than enough the rest of the time."
    )
    strategies = ("api", "embedded", "streaming", "batch")
    settings: ClassVar[Mapping[str, Setting]] = {
        "replicas": Setting(1, 1, 1_000, "Application servers, for a whole application"),
        "model_replicas": Setting(1, 1, 1_000, "Model servers or consumers, where the model has its own"),
        **SERVER,
        **NETWORK,
        **FAILURES,
        **BATCH,
    }

    def build(self, profile: ServiceProfile, strategy: str, values: Mapping[str, float]) -> Plan:
        return layout(profile, strategy, values, fixed(values, "model_replicas")).plan(
            "traditional",
            lambda made: unit([made], profile, values, fixed(values)),
            lambda law, refresh: station("application", law, profile, values, front=True, refresh=refresh),
        )
