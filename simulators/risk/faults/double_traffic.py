"""Twice the traffic that was forecast, for a while."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.architectures.contract import Setting
from simulators.risk.faults._simulated import SimulatedFault, Strike
from simulators.risk.faults.contract import PER_MONTH
from simulators.risk.subject import Subject


class DoubleTraffic(SimulatedFault):
    title = "Traffic twice the forecast"
    summary = (
        "For a while there are twice as many requests as the scenario says. What fixed servers cannot do waits or is "
        "refused; what scales starts instances, and is slow until they serve."
    )
    settings: ClassVar[Mapping[str, Setting]] = {
        PER_MONTH: Setting(1.0, 0.0, 10_000.0, "Times in a month; an assumption"),
        "lasts_s": Setting(1_800.0, 1.0, 2_592_000.0, "Seconds that it lasts; an assumption"),
        "factor": Setting(2.0, 1.0, 100.0, "Times as many requests as forecast"),
    }

    def strike(self, subject: Subject, values: Mapping[str, float], at_s: float, lasts_s: float, pick: float) -> Strike:
        del subject, at_s, lasts_s, pick
        return Strike(traffic=values["factor"])
