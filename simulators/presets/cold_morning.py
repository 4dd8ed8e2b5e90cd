"""A cold morning: hardly anybody all night, and then everybody."""

from collections.abc import Mapping
from typing import ClassVar

from data.workloads.contract import Workload
from data.workloads.spike import Spike
from simulators.presets.contract import TRACE, Preset


class ColdMorning(Preset):
    title = "Cold morning"
    summary = "A quarter of the time hardly anybody comes, one in ten thousand; then everybody from one moment on."
    watch = "Cold starts: how many requests wait for something to start, and how long."
    order = 6
    load = 0.5
    architecture = "serverless"
    settings: ClassVar[Mapping[str, int | float]] = {"minimum": 1}
    _NIGHT, _QUIET = 0.25, 1e-4

    def traffic(self, rate_rps: float, duration_s: float, trace: str = TRACE) -> Workload:  # noqa: ARG002
        day_rps = rate_rps / (self._NIGHT * self._QUIET + 1 - self._NIGHT)
        return Spike(
            rate_rps=day_rps * self._QUIET, factor=1 / self._QUIET, duration_s=duration_s,
            start_s=self._NIGHT * duration_s, length_s=(1 - self._NIGHT) * duration_s,
        )  # fmt: skip
