"""Serverless: functions that a platform starts when requests come, one request an instance at a time."""

from collections.abc import Mapping
from typing import ClassVar

from data.profile import ServiceProfile
from simulators.architectures._parts import function_unit, hop, layout, work
from simulators.architectures._settings import BATCH, FUNCTIONS, NETWORK
from simulators.architectures.contract import Architecture, Setting
from simulators.plan import Fixed, Plan, Visit


class Serverless(Architecture):
    title = "Serverless"
    summary = (
        "Functions that the platform starts when a request finds none idle, and ends when they have been idle for a "
        "while. Each instance serves one request at a time; a request that starts one waits for it."
    )
    strategies = ("api", "embedded", "batch")
    not_for: ClassVar[Mapping[str, str]] = {
        "streaming": "A consumer keeps its subscription open between messages; a function stops between requests.",
    }
    platform = "functions"
    settings: ClassVar[Mapping[str, Setting]] = {
        "concurrency": Setting(1_000, 1, 10_000, "Instances of a function at most; requests beyond are refused"),
        **FUNCTIONS,
        **NETWORK,
        **BATCH,
    }

    def build(self, profile: ServiceProfile, strategy: str, values: Mapping[str, float]) -> Plan:
        found = layout(profile, strategy, values, Fixed())
        if found.model is None or not found.inside:
            service = work(*found.inside) if found.model is None else found.model.stations[0].service
            alone = function_unit("function", service, profile, values, front=True, refresh=found.refresh)
            return Plan("serverless", (alone,), Visit("function"))
        front = function_unit("application", work(*found.inside), profile, values, front=True)
        model = function_unit("model", found.model.stations[0].service, profile, values, front=False)
        # A function cannot serve another request while it waits: it calls from inside its visit, and is billed for it.
        return Plan("serverless", (front, model), Visit("application", inside=Visit("model", hop=hop(profile, values))))
