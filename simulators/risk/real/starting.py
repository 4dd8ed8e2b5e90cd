"""Instances of a function that start at the same time on one machine share its processors.

At a provider each has processors of its own, and a plan says so. On the function host of this machine they do not: who
comes while an instance starts makes the host start another, and that slows the first down. Starting is work of
processors, W seconds of it. While n of them (or requests in service) are under way each goes on at the rate

    r(1) = 1,    r(n) = e · min(1, c / n)    for n ≥ 2,

with c processors and an efficiency e below 1 where two processors are two threads of one core, or share a cache.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_EFFICIENCIES = np.linspace(0.4, 1.0, 61)


@dataclass(frozen=True, slots=True)
class Sharing:
    """How fast each of those that are under way goes on."""

    cores: int = 1
    efficiency: float = 1.0

    def rate(self, under_way: int) -> float:
        """Of one alone, with so many under way."""
        return 1.0 if under_way <= 1 else self.efficiency * min(1.0, self.cores / under_way)


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Starts that were seen after one strike: when each was asked for, and when it had answered. Each (starts,)"""

    begin_s: NDArray[np.float64]
    end_s: NDArray[np.float64]

    def work_s(self, sharing: Sharing) -> NDArray[np.float64]:
        """The work of each start, had it been alone: what its rate added up to. (starts,)"""
        edges = np.unique(np.concatenate([self.begin_s, self.end_s]))
        widths, middles = np.diff(edges), (edges[:-1] + edges[1:]) / 2
        during = (self.begin_s[:, None] <= middles) & (middles < self.end_s[:, None])  # (starts, pieces)
        rates = np.array([sharing.rate(int(count)) for count in during.sum(axis=0)])
        work_s: NDArray[np.float64] = during @ (widths * rates)
        return work_s


def fitted(seen: Sequence[Seen], cores: int) -> Sharing:
    """The efficiency under which starts of the same strike took the most equal work; 1 where none overlapped."""

    def unequal(sharing: Sharing) -> float:
        return float(sum(np.log(strike.work_s(sharing)).var() * len(strike.begin_s) for strike in seen))

    tried = [Sharing(cores, float(efficiency)) for efficiency in _EFFICIENCIES[::-1]]
    return min(tried, key=unequal) if any(len(strike.begin_s) > 1 for strike in seen) else Sharing(cores)


def answered_s(
    at_s: NDArray[np.float64], work_s: NDArray[np.float64], service_s: float, sharing: Sharing
) -> NDArray[np.float64]:
    """When each request is answered if no instance stands at 0, and users wait for ever. (requests,)

    Parameters
    ----------
    at_s
        When they come, ascending. (requests,)
    work_s
        Of the start that a request makes necessary if it finds no idle instance. (requests,)
    service_s
        Work of a request itself.
    """
    ends_s, left = np.full(len(at_s), np.inf), dict[int, float]()  # requests under way, and the work left of each
    now_s, come, idle = 0.0, 0, 0
    while come < len(at_s) or left:
        rate = sharing.rate(len(left))
        first = min(left, key=left.__getitem__) if left else -1
        done_s = now_s + left[first] / rate if left else np.inf
        until_s = min(done_s, at_s[come] if come < len(at_s) else np.inf)
        left = {request: work - (until_s - now_s) * rate for request, work in left.items()}
        now_s = float(until_s)
        if done_s <= until_s:
            del left[first]
            ends_s[first], idle = now_s, idle + 1
            continue
        left[come] = service_s + (0.0 if idle else float(work_s[come]))
        come, idle = come + 1, max(idle - 1, 0)
    return ends_s
