"""A zone of the data centre goes, and every replica in it."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.architectures.contract import Setting
from simulators.plan import Autoscaled
from simulators.plan import Fault as Disturbance
from simulators.risk.faults._simulated import SimulatedFault, Strike, killed, noticed
from simulators.risk.faults.contract import PER_MONTH
from simulators.risk.subject import Subject, replicas


class ZoneLoss(SimulatedFault):
    title = "Loss of a zone"
    summary = (
        "Replicas are spread evenly over the zones; those of one zone die together. An orchestrator starts them in "
        "another zone once it has given them up; fixed servers stay away until the zone is back."
    )
    settings: ClassVar[Mapping[str, Setting]] = {
        PER_MONTH: Setting(1 / 24, 0.0, 1_000.0, "Zones lost in a month; once in two years is an assumption"),
        "lasts_s": Setting(7_200.0, 1.0, 2_592_000.0, "Seconds until the zone is back; an assumption"),
        "zones": Setting(3, 1, 100, "Zones that replicas are spread over; an assumption"),
        "detect_s": Setting(10.0, 0.0, 3_600.0, "Seconds until balancers leave its replicas out; an assumption"),
        "reschedule_s": Setting(
            300.0, 0.0, 86_400.0, "Seconds until an orchestrator starts its replicas elsewhere; Kubernetes' default"
        ),
    }

    def why_not(self, subject: Subject) -> str:
        if subject.servers:
            return ""
        return "Only functions run, which their provider spreads over zones and starts anew in those that are left."

    def lasts_s(self, subject: Subject, values: Mapping[str, float]) -> float:
        moves = all(isinstance(unit.scaling, Autoscaled) for unit in subject.servers)
        return min(values["lasts_s"], max(values["reschedule_s"], 1.0)) if moves else values["lasts_s"]

    def strike(self, subject: Subject, values: Mapping[str, float], at_s: float, lasts_s: float, pick: float) -> Strike:
        del pick
        faults: list[Disturbance] = []
        for unit in subject.servers:
            moves = isinstance(unit.scaling, Autoscaled)
            down_s = min(lasts_s, max(values["reschedule_s"], 1.0)) if moves else lasts_s
            slots = tuple(range(0, replicas(unit), int(values["zones"])))
            faults += killed(unit, slots, at_s, down_s)
        return Strike(tuple(faults), noticed(subject.plan, values["detect_s"]))
