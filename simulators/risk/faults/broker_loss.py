"""The broker dies and is started again; what was stored in it is still there."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from simulators.architectures.contract import Setting
from simulators.plan import Fault as Disturbance
from simulators.plan import Plan, Unit
from simulators.risk.faults._simulated import SimulatedFault, Strike, killed
from simulators.risk.faults.contract import PER_MONTH
from simulators.risk.subject import Subject


class BrokerLoss(SimulatedFault):
    title = "Loss of the broker"
    summary = (
        "Nothing passes through the broker until it is back. Publishers keep what it has not confirmed and send it "
        "again, and it hands out again what consumers had taken up: requests wait, and fail where users give up first."
    )
    settings: ClassVar[Mapping[str, Setting]] = {
        PER_MONTH: Setting(0.25, 0.0, 10_000.0, "Times in a month; an assumption"),
        "lasts_s": Setting(30.0, 0.001, 86_400.0, "Seconds until it serves again; an assumption"),
    }

    def why_not(self, subject: Subject) -> str:
        return "" if brokered(subject.plan) else "Requests pass through no broker."

    def strike(self, subject: Subject, values: Mapping[str, float], at_s: float, lasts_s: float, pick: float) -> Strike:
        del values, pick
        units = brokered(subject.plan)
        faults: tuple[Disturbance, ...] = sum((killed(unit, None, at_s, lasts_s) for unit in units), ())
        units = tuple(replace(u, start_up=None) if u in units else u for u in subject.plan.units)  # they only wait
        return Strike(faults, replace(subject.plan, units=units))


def brokered(plan: Plan) -> tuple[Unit, ...]:
    """Units whose replicas take their requests from a broker."""
    return tuple(unit for unit in plan.units if unit.balancing == "shared_queue")
