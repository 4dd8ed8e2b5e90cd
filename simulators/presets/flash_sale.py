"""A flash sale: five times as many users from one moment to the next, and then they are gone."""

from data.workloads.contract import Workload
from data.workloads.spike import Spike
from simulators.presets.contract import TRACE, Preset


class FlashSale(Preset):
    title = "Flash sale"
    summary = "From 40% to 55% of the time five times as many requests arrive as before and after."
    watch = "Whether the queue fills, what is refused, and how long the system takes to recover."
    order = 2
    load = 0.5
    _TIMES = 5.0
    _FROM, _LASTS = 0.4, 0.15

    def traffic(self, rate_rps: float, duration_s: float, trace: str = TRACE) -> Workload:  # noqa: ARG002
        calm_rps = rate_rps / (1 + (self._TIMES - 1) * self._LASTS)
        return Spike(
            rate_rps=calm_rps, factor=self._TIMES, duration_s=duration_s,
            start_s=self._FROM * duration_s, length_s=self._LASTS * duration_s,
        )  # fmt: skip
