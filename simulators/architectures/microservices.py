"""Microservices: every component is a service with processes of its own, and a gateway calls one after the other."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from data.profile import Component, ServiceProfile
from simulators.architectures._parts import (
    broker_hop,
    components_work,
    fixed,
    hop,
    layout,
    measured,
    model_unit,
    refresh,
    station,
    unit,
    work,
)
from simulators.architectures._settings import BATCH, FAILURES, NETWORK, SERVER
from simulators.architectures.contract import Architecture, Setting
from simulators.plan import Guard, Law, Plan, Sequence, Step, Unit, Visit, scaled


class Microservices(Architecture):
    title = "Microservices"
    summary = (
        "Gateway, customers, features, model and ranking are services that scale and fail one by one. A request "
        "travels over the network once for each of them."
    )
    strategies = ("api", "embedded", "streaming", "batch")
    platform = "tasks"
    settings: ClassVar[Mapping[str, Setting]] = {
        "replicas": Setting(1, 1, 1_000, "Replicas of each service but the model's"),
        "model_replicas": Setting(1, 1, 1_000, "Replicas of the model's service"),
        "timeout_ms": Setting(0.0, 0.0, 600_000.0, "How long the gateway waits for a service, in ms; 0 is for ever"),
        **SERVER,
        **NETWORK,
        **FAILURES,
        **BATCH,
    }

    def build(self, profile: ServiceProfile, strategy: str, values: Mapping[str, float]) -> Plan:
        gateway, *called = profile.components
        if not called:  # a lone model: its service is all there is
            return layout(profile, strategy, values, fixed(values, "model_replicas")).plan(
                "microservices",
                lambda made: unit([made], profile, values, fixed(values)),
                lambda law, fresh: station("model", law, profile, values, front=True, refresh=fresh),
            )
        if strategy == "embedded":
            called = [component for component in called if component.name != "model"]
        calls = len(called)
        # The gateway never blocks: it serves others between two calls, so its work comes in pieces around them.
        pieces = calls + 1
        asking = [(f"call-{i}", profile.call_s) for i in range(calls)]
        doing = [gateway] if called or strategy != "embedded" else list(profile.components)
        own = work(("http", profile.overhead_s), *components_work(doing), *asking, share=1 / pieces)
        front = station(gateway.name, own, profile, values, front=True)
        if front.delay is not None:  # what delays an answer does so once, however often the gateway goes on
            front = replace(front, delay=scaled(front.delay, 1 / pieces))
        units = [unit([front], profile, values, fixed(values))]
        steps: list[Step] = [Visit(gateway.name)]
        for component in called:
            units.append(self._service(profile, component, called[-1], strategy, values))
            streamed = component.name == "model" and strategy == "streaming"
            way = broker_hop(profile) if streamed else hop(profile, values)
            steps += [_within(values["timeout_ms"], Visit(component.name, hop=way)), Visit(gateway.name)]
        return Plan("microservices", tuple(units), Sequence(tuple(steps)))

    def _service(
        self, profile: ServiceProfile, component: Component, last: Component, strategy: str, values: Mapping[str, float]
    ) -> Unit:
        if component.name == "model" and strategy in ("api", "streaming"):
            return model_unit(profile, strategy, values, fixed(values, "model_replicas"))
        looks_up = component.name == "model"  # only under batch is it still among those called
        service: Law = work(("serve", profile.serve_s), *components_work([component]))
        if looks_up:
            lookup = measured(profile, "lookup_s", "profile the look-up of a batch job's output")
            service = work(("serve", profile.serve_s), ("lookup", lookup))
        elif strategy == "embedded" and component is last:
            service = work(("serve", profile.serve_s), *components_work([profile.component("model"), component]))
        fresh = refresh(profile, values) if looks_up else None
        made = station(component.name, service, profile, values, front=False, refresh=fresh)
        return unit([made], profile, values, fixed(values, "model_replicas" if looks_up else "replicas"))


def _within(timeout_ms: float, step: Step) -> Step:
    return Guard(step, timeout_s=timeout_ms / 1e3) if timeout_ms else step
