"""Steady: the same traffic all the time, and nothing goes wrong."""

from data.workloads.contract import Workload
from data.workloads.poisson import Poisson
from simulators.presets.contract import TRACE, Preset


class Steady(Preset):
    title = "Steady traffic"
    summary = "Independent users at one mean rate all the time, and nothing goes wrong."
    watch = "How latency grows with the load, long before the servers are full."
    order = 0
    steady = True

    def traffic(self, rate_rps: float, duration_s: float, trace: str = TRACE) -> Workload:  # noqa: ARG002
        return Poisson(rate_rps=rate_rps, duration_s=duration_s)
