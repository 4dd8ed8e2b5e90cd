"""What a simulated run consumed: the quantities that bills are made of."""

import numpy as np

from data.usage import Usage
from simulators.engines.contract import STATION_FIELDS, STATION_TOTALS, UNIT_FIELDS, Outcome
from simulators.plan import PerRequest, Plan

_BUSY, _WORK = STATION_FIELDS.index("busy_s"), STATION_TOTALS.index("work_s")
_READY, _STARTING = UNIT_FIELDS.index("ready_s"), UNIT_FIELDS.index("starting_s")


def usage_of(plan: Plan, outcome: Outcome, width_s: float) -> Usage:
    """Totals over the whole run; bytes on the wire are not simulated.

    Processor time is all service time, since a plan does not say which part of it waits for a disk or a lock. Memory is
    that of the replicas that stood on average in the fullest bin. Functions are billed while they start and serve.
    """
    standing_s = outcome.units[:, :, _READY] + outcome.units[:, :, _STARTING]  # (units, bins + 1)
    memory = np.array([unit.memory_bytes for unit in plan.units], np.float64)
    peak = float((standing_s[:, :-1] / width_s * memory[:, None]).sum(0).max(initial=0.0))
    billed_gib_s = 0.0
    for index, unit in enumerate(plan.units):
        if isinstance(unit.scaling, PerRequest):
            station = plan.stations.index(unit.stations[0])
            busy_s = outcome.stations[station, :, _BUSY].sum() + outcome.units[index, :, _STARTING].sum()
            billed_gib_s += float(busy_s) * unit.memory_bytes / 2**30
    return Usage(
        cpu_s=float(outcome.totals[:, _WORK].sum()),
        peak_bytes=int(peak) or None,
        instance_s=float(standing_s.sum()),
        gb_s=billed_gib_s or None,
    )
