"""Requests that warm a deployment up, ahead of the workload, so that the workload itself is measured whole."""

from dataclasses import replace

import numpy as np
from numpy.random import SeedSequence, default_rng

from data.workloads.contract import ClosedSchedule, OpenSchedule, Schedule, Workload

REST_SHARE, REST_S = 0.2, 0.25
"""The warm-up's last part, at most so long, stays free of requests: queues drain, and usage is read off in peace."""
_STREAM = 2  # the workload's own schedule uses the streams before


def with_warm_up(workload: Workload, rows: int, seed: int, warm_up_s: float) -> Schedule:
    """The workload's schedule, `warm_up_s` later, after requests at its mean rate (Poisson).

    In a closed loop the users begin that much earlier and go on.
    """
    schedule = workload.schedule(rows, seed)
    if warm_up_s == 0:
        return schedule
    if isinstance(schedule, ClosedSchedule):
        return replace(schedule, duration_s=schedule.duration_s + warm_up_s)
    rng = default_rng(SeedSequence(seed).spawn(_STREAM + 1)[_STREAM])
    busy_s = warm_up_s - rest_s(warm_up_s)
    n = rng.poisson(len(schedule) / schedule.duration_s * busy_s)
    return OpenSchedule(
        np.concatenate([np.sort(rng.uniform(0.0, busy_s, n)), schedule.at_s + warm_up_s]),
        np.concatenate([rng.integers(0, rows, n), schedule.row]),
        schedule.duration_s + warm_up_s,
    )


def rest_s(warm_up_s: float) -> float:
    """How long the end of a warm-up stays free of requests."""
    return min(REST_SHARE * warm_up_s, REST_S)
