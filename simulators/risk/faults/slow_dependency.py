"""Something that requests depend on becomes slow, and everything that waits for it with it."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.architectures.contract import Setting
from simulators.plan import offered_load
from simulators.risk.faults._simulated import SimulatedFault, Strike, slowed
from simulators.risk.faults.contract import PER_MONTH
from simulators.risk.subject import Subject


class SlowDependency(SimulatedFault):
    title = "Slow dependency"
    summary = (
        "The station that requests need longest, behind the one that users talk to where there is another, takes "
        "several times as long for a while, as when a disk, a neighbour or a store behind it is busy."
    )
    settings: ClassVar[Mapping[str, Setting]] = {
        PER_MONTH: Setting(1.0, 0.0, 10_000.0, "Times in a month; an assumption"),
        "lasts_s": Setting(600.0, 1.0, 86_400.0, "Seconds that it lasts; an assumption"),
        "factor": Setting(3.0, 1.0, 1_000.0, "Times as long as each service takes; an assumption"),
    }

    def strike(self, subject: Subject, values: Mapping[str, float], at_s: float, lasts_s: float, pick: float) -> Strike:
        del pick
        return Strike(slowed(dependency(subject), at_s, lasts_s, values["factor"]))


def dependency(subject: Subject) -> str:
    """The station with most work, not counting the first where there are several."""
    loads = offered_load(subject.plan, subject.rate_rps)
    behind = [load for load in loads[1:] if load.rate_rps > 0] or [loads[0]]
    return max(behind, key=lambda load: load.rate_rps * load.work_s).station
