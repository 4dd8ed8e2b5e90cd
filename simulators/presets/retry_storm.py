"""A retry storm: a short slowness, and callers that try again make it last."""

from dataclasses import replace

from data.workloads.contract import Workload
from data.workloads.poisson import Poisson
from simulators.plan import Guard, Plan, Retry, Slow, bottleneck
from simulators.presets._targets import plain_s
from simulators.presets.contract import TRACE, Preset


class RetryStorm(Preset):
    title = "Retry storm"
    summary = (
        "Callers give up after thirty times the usual work of a request (100 ms at least) and try again, three times "
        "at most. From 40% to 45% of the time the bottleneck takes four times as long."
    )
    watch = "Whether the overload ends when its cause does, or feeds on its own retries."
    order = 7
    load = 0.7
    _FACTOR, _FROM, _UNTIL = 4.0, 0.4, 0.45
    _PATIENCE, _LEAST_S = 30.0, 0.1
    _RETRY = Retry(max_retries=3, base_s=0.02, factor=2.0, jitter=1.0)

    def traffic(self, rate_rps: float, duration_s: float, trace: str = TRACE) -> Workload:  # noqa: ARG002
        return Poisson(rate_rps=rate_rps, duration_s=duration_s)

    def disturbed(self, plan: Plan, duration_s: float) -> Plan:
        slow = Slow(bottleneck(plan, 1.0).station, self._FROM * duration_s, self._UNTIL * duration_s, self._FACTOR)
        timeout_s = max(self._LEAST_S, self._PATIENCE * plain_s(plan))
        request = Guard(plan.request, timeout_s=timeout_s, retry=self._RETRY)
        return replace(plan, request=request, faults=(*plan.faults, slow))
