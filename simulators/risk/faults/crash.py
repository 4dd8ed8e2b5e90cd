"""A replica crashes, loses what it holds, and comes back."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from simulators.architectures.contract import Setting
from simulators.plan import PerRequest, Unit
from simulators.risk.effects import Effect
from simulators.risk.faults._simulated import SimulatedFault, Strike, killed, noticed
from simulators.risk.faults.contract import PER_MONTH, Extent
from simulators.risk.subject import Subject, replicas


class CrashFault(SimulatedFault):
    title = "Crash of a replica"
    summary = (
        "One replica dies with all that it holds and is started again. Where the balancer finds out late, what it "
        "still sends there fails. A function's instance holds one request, and loses that."
    )
    settings: ClassVar[Mapping[str, Setting]] = {
        PER_MONTH: Setting(1.0, 0.0, 100_000.0, "Crashes of each replica in a month; an assumption"),
        "lasts_s": Setting(30.0, 0.001, 86_400.0, "Seconds until a crashed replica begins to start; an assumption"),
        "detect_s": Setting(1.0, 0.0, 3_600.0, "Seconds for which requests still go to a dead replica; an assumption"),
    }

    def per_month(self, subject: Subject, values: Mapping[str, float]) -> float:
        return values[PER_MONTH] * sum(_standing(unit, subject) for unit in subject.plan.units)

    def occurrences(self, subject: Subject, values: Mapping[str, float], extent: Extent) -> tuple[Effect, ...]:
        if subject.servers:
            return super().occurrences(subject, values, extent)
        # Every request in service has an instance to itself: the crash fails one, and nobody else notices.
        return (Effect(failed=1.0, lost=1.0),) * extent.runs

    def strike(self, subject: Subject, values: Mapping[str, float], at_s: float, lasts_s: float, pick: float) -> Strike:
        unit = _picked(subject, pick)
        return Strike(killed(unit, (0,), at_s, lasts_s), noticed(subject.plan, values["detect_s"]))


def _standing(unit: Unit, subject: Subject) -> float:
    """Replicas that may crash: those that stand ready, or for a function those that serve, by Little's law."""
    if isinstance(unit.scaling, PerRequest):
        return subject.rate_rps * unit.stations[0].service.mean_s
    return replicas(unit)


def _picked(subject: Subject, pick: float) -> Unit:
    """A unit, each as often as it has replicas."""
    bounds = np.cumsum([replicas(unit) for unit in subject.servers])
    return subject.servers[int(np.searchsorted(bounds, pick * bounds[-1], side="right"))]
