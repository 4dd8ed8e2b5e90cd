"""An ordinary day: traffic rises until noon and falls until midnight."""

from data.workloads.contract import Workload
from data.workloads.diurnal import Diurnal
from simulators.presets.contract import TRACE, Preset


class OrdinaryDay(Preset):
    title = "Ordinary day"
    summary = (
        "One day's rise and fall of traffic, from a fifth of the mean at night to 1.8 times the mean at noon. The day "
        "lasts as long as the simulated time: simulate 24 hours for a real one."
    )
    watch = "Servers bought for noon stand idle at night; an autoscaler follows, some minutes late."
    order = 1
    load = 0.45

    def traffic(self, rate_rps: float, duration_s: float, trace: str = TRACE) -> Workload:  # noqa: ARG002
        return Diurnal(rate_rps=rate_rps, duration_s=duration_s, period_s=duration_s, peak_s=duration_s / 2)
