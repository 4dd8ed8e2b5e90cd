"""Everything starts at once while requests come: after an update of the platform, or a wave of evictions."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from simulators.architectures.contract import Setting
from simulators.plan import Deterministic
from simulators.plan import Fault as Disturbance
from simulators.risk.faults._simulated import SimulatedFault, Strike, killed
from simulators.risk.faults.contract import PER_MONTH
from simulators.risk.subject import Subject

_AT_ONCE_S = 1e-6


class ColdStartStorm(SimulatedFault):
    title = "Cold-start storm"
    summary = (
        "All instances are gone at one moment and start anew while traffic goes on. Servers take their measured "
        "start-up, functions start an instance for each request that finds none."
    )
    settings: ClassVar[Mapping[str, Setting]] = {
        PER_MONTH: Setting(0.5, 0.0, 10_000.0, "Times in a month; an assumption"),
        "start_s": Setting(10.0, 0.001, 3_600.0, "Seconds that a server takes to start where that was not measured"),
    }

    def lasts_s(self, subject: Subject, values: Mapping[str, float]) -> float:
        if not subject.servers:
            return max(unit.start_up.mean_s if unit.start_up else 0.0 for unit in subject.plan.units) or _AT_ONCE_S
        return max(unit.start_up.mean_s if unit.start_up else values["start_s"] for unit in subject.servers)

    def strike(self, subject: Subject, values: Mapping[str, float], at_s: float, lasts_s: float, pick: float) -> Strike:
        del pick, lasts_s
        if not subject.servers:
            return Strike(from_cold=True)
        faults: list[Disturbance] = []
        for unit in subject.servers:
            faults += killed(unit, None, at_s, _AT_ONCE_S)
        slow = Deterministic(values["start_s"])
        units = tuple(
            unit if unit.start_up or unit not in subject.servers else replace(unit, start_up=slow)
            for unit in subject.plan.units
        )
        return Strike(tuple(faults), replace(subject.plan, units=units))
