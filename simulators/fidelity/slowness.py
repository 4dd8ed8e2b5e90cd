"""A plan on the machine as it was in one run: slower for a while, and then not."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simulators.plan import Plan, Slow

_LONG_S = 3_600.0
"""How long the last step's slowness goes on."""
_ALIKE = 0.05
"""Steps whose factors differ by less are one interval."""


def slowed(plan: Plan, slow: NDArray[np.float64], step_s: float, power: float, generator: str) -> Plan:
    """The plan with all stations but the generator's as slow as the machine was.

    Parameters
    ----------
    slow
        How many times as long work took, every `step_s` from the beginning of the run on; the last one goes
        on. Empty leaves the plan as it is.
    power
        The profile's `slow_power`.
    """
    spans = list(_spans(slow**power))
    faults = tuple(
        Slow(station.name, begin * step_s, end * step_s + (_LONG_S if end == len(slow) else 0.0), factor)
        for station in plan.stations
        if station.name != generator
        for begin, end, factor in spans
    )
    return replace(plan, faults=(*plan.faults, *faults))


def _spans(factors: NDArray[np.float64]) -> Iterator[tuple[int, int, float]]:
    """Stretches of about the same factor: its first step, the one after its last, and the mean."""
    begin = 0
    for step in range(1, len(factors) + 1):
        mean = float(np.mean(factors[begin:step]))
        if step == len(factors) or abs(factors[step] / mean - 1) > _ALIKE:
            if abs(mean - 1) > 1e-9:
                yield begin, step, mean
            begin = step
