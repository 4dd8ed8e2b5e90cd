"""Traffic that really happened: a day of a trace, at the rate asked for."""

from data.errors import InvalidValue
from data.workloads.contract import Workload
from data.workloads.replay import Replay
from simulators.presets.contract import TRACE, Preset

DAY_S = 86_400.0


class RealTraces(Preset):
    title = "Real trace"
    summary = (
        "A day in the middle of a recorded trace (or all of a shorter one), passed in the simulated time and scaled to "
        "the rate asked for. Shipped: departures of flights from New York in 2013."
    )
    watch = "Real traffic is rougher than any formula: compare it with steady traffic of the same rate."
    order = 3
    load = 0.45

    def traffic(self, rate_rps: float, duration_s: float, trace: str = TRACE) -> Workload:
        from data.workloads._traces import load_trace

        length_s = load_trace(trace).length_s
        window_s = min(DAY_S, length_s)
        start_s = (length_s - window_s) // 2 // DAY_S * DAY_S
        # As it is first, to see how many there are; the speed is a hair low, so that rounding never passes the end.
        once = Replay(
            source=trace, duration_s=duration_s, speed=window_s / duration_s * (1 - 1e-12), start_s=start_s, factor=1.0
        )
        if once.mean_rate_rps == 0:
            raise InvalidValue("trace", trace, "has no arrivals on the day in its middle", "choose another trace")
        return once.model_copy(update={"factor": rate_rps / once.mean_rate_rps})
