"""A replica is killed, with everything it holds, and comes back after a while."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from data.workloads.contract import Workload
from data.workloads.poisson import Poisson
from simulators.plan import Kill, Plan
from simulators.presets._targets import killable
from simulators.presets.contract import TRACE, Preset


class ReplicaKilled(Preset):
    title = "Replica killed"
    summary = (
        "At 40% of the time one replica of the busiest unit dies with all requests it holds; its repair takes a tenth "
        "of the time, and then it starts up again."
    )
    watch = "What the dead replica took with it, and whether the others can carry its share."
    order = 5
    load = 0.6
    settings: ClassVar[Mapping[str, int | float]] = {"replicas": 2, "model_replicas": 2, "minimum": 2}
    _AT, _DOWN = 0.4, 0.1

    def traffic(self, rate_rps: float, duration_s: float, trace: str = TRACE) -> Workload:  # noqa: ARG002
        return Poisson(rate_rps=rate_rps, duration_s=duration_s)

    def disturbed(self, plan: Plan, duration_s: float) -> Plan:
        unit = killable(plan)
        if unit is None:
            return plan
        kill = Kill(unit.name, self._AT * duration_s, self._DOWN * duration_s, replica=0)
        return replace(plan, faults=(*plan.faults, kill))

    def why_not(self, plan: Plan) -> str:
        if killable(plan) is not None:
            return ""
        return (
            "Nothing is killed here: functions have no replica that stays. An instance that dies takes one request "
            "with it, and the next request starts another."
        )
