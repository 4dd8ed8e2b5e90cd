"""The traffic that a fault meets: a stretch of the workload that begins at any of its moments."""

from functools import lru_cache

import numpy as np
from numpy.random import SeedSequence, default_rng
from numpy.typing import NDArray

from data.workloads.contract import OpenSchedule, Workload
from data.workloads.poisson import Poisson

_LONGEST = 2_000_000
"""A schedule of more requests is not made only to cut a stretch out of it."""


@lru_cache(maxsize=64)
def stretch(workload: Workload, seconds: float, seed: int) -> OpenSchedule:
    """A stretch of so many seconds, begun at a moment drawn at random; a short workload is repeated with other seeds.

    It is made once, however many candidates meet it. Users of a closed loop, and traffic too long to be drawn whole,
    are stood for by Poisson arrivals of the same rate.
    """
    draw, more = SeedSequence(seed).spawn(2)
    seeds = iter(np.uint64(word) >> 1 for word in more.generate_state(1_000, np.uint64))
    expected = workload.mean_rate_rps * workload.duration_s
    made = workload.schedule(1, int(next(seeds))) if expected <= _LONGEST else None
    if not isinstance(made, OpenSchedule):
        return _of(Poisson(rate_rps=workload.mean_rate_rps, duration_s=seconds), seconds, int(next(seeds)))
    begin_s = float(default_rng(draw).uniform(0, workload.duration_s))
    parts, shift_s = [made.at_s - begin_s], workload.duration_s - begin_s
    while shift_s < seconds:
        again = workload.schedule(1, int(next(seeds, np.uint64(seed))))
        assert isinstance(again, OpenSchedule)
        parts.append(again.at_s + shift_s)
        shift_s += workload.duration_s
    at_s = np.concatenate(parts)
    return schedule_of(at_s[(at_s >= 0) & (at_s < seconds)], seconds)


def busier(schedule: OpenSchedule, other: OpenSchedule, factor: float, from_s: float, until_s: float) -> OpenSchedule:
    """The schedule with `factor` times as many requests in [from_s, until_s): more of `other`, thinned to fit."""
    share = factor - 1
    extra: list[NDArray[np.float64]] = []
    rng = default_rng(len(other))
    while share > 0:
        kept = other.at_s[rng.uniform(size=len(other)) < min(share, 1.0)]
        extra.append(kept[(kept >= from_s) & (kept < until_s)])
        share -= 1
    return schedule_of(np.sort(np.concatenate([schedule.at_s, *extra])), schedule.duration_s)


def schedule_of(at_s: NDArray[np.float64], seconds: float) -> OpenSchedule:
    """Arrivals that all carry the same row: a plan does not look at rows."""
    return OpenSchedule(at_s, np.zeros(len(at_s), np.int64), seconds)


def _of(workload: Workload, seconds: float, seed: int) -> OpenSchedule:
    made = workload.schedule(1, seed)
    assert isinstance(made, OpenSchedule)
    return schedule_of(made.at_s, seconds)
