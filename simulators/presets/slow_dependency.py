"""A slow dependency: what a request has to fetch takes six times as long for a while."""

from dataclasses import replace

from data.workloads.contract import Workload
from data.workloads.poisson import Poisson
from simulators.plan import Plan, Slow
from simulators.presets._targets import dependency
from simulators.presets.contract import TRACE, Preset


class SlowDependency(Preset):
    title = "Slow dependency"
    summary = (
        "From 40% to 60% of the time the features, which the model needs, take six times as long; an application that "
        "has them inside is slowed as a whole, by their share of its work."
    )
    watch = "Who else waits: the slow part fills up, and everything before it keeps its requests longer."
    order = 4
    load = 0.4
    _FACTOR, _FROM, _UNTIL = 6.0, 0.4, 0.6

    def traffic(self, rate_rps: float, duration_s: float, trace: str = TRACE) -> Workload:  # noqa: ARG002
        return Poisson(rate_rps=rate_rps, duration_s=duration_s)

    def disturbed(self, plan: Plan, duration_s: float) -> Plan:
        station, factor = dependency(plan, self._FACTOR)
        slow = Slow(station, self._FROM * duration_s, self._UNTIL * duration_s, factor)
        return replace(plan, faults=(*plan.faults, slow))
