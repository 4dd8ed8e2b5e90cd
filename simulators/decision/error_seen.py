"""How wrong the simulation was where the same thing was measured: the same requests, once real and once simulated."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from data.errors import DrydockError
from data.profile import ServiceProfile
from data.scenario import Scenario
from simulators.comparison.comparison import Comparison, Result
from simulators.decision.decision import ErrorSeen
from simulators.fidelity.plans import as_measured
from simulators.simulate import simulate
from strategies.measuring.repeated import repetition_seed
from strategies.measuring.warm_up import with_warm_up

_FIGURES = {"p50": 50.0, "p95": 95.0, "p99": 99.0}
_FEWEST = {50.0: 20, 95.0: 72, 99.0: 368}


def errors_seen(comparison: Comparison, profile: ServiceProfile | None, rows: int) -> tuple[ErrorSeen, ...]:
    """Of every measured candidate that the profile describes as it was measured: an API on this machine."""
    if profile is None:
        return ()
    found: list[ErrorSeen] = []
    for result in comparison.results:
        api = result.candidate.strategy == profile.strategy and result.candidate.host == profile.host
        if api and result.origin == "measured" and result.traces and result.verdict.outcome != "invalid":
            found += _of(comparison.scenario, result, profile, rows)
    return tuple(found)


def _of(scenario: Scenario, result: Result, profile: ServiceProfile, rows: int) -> list[ErrorSeen]:
    warm_up_s = scenario.measurement.warm_up_s
    plan = as_measured(replace(profile, workers=result.candidate.workers))
    measured: list[NDArray[np.float64]] = []
    predicted: list[NDArray[np.float64]] = []
    try:
        for repetition, trace in enumerate(result.traces):
            seed = repetition_seed(scenario.seed, repetition)
            schedule = with_warm_up(scenario.workload, rows, seed, warm_up_s)
            run = simulate(plan, schedule, seed=seed, rows=rows, warm_up_s=warm_up_s, watch=())
            assert run.trace is not None
            for source, into in ((trace, measured), (run.trace, predicted)):
                seen = source.counted()
                into.append(seen.latency_s[seen.ok] * 1e3)
    except DrydockError:
        return []
    real, made = np.concatenate(measured), np.concatenate(predicted)
    return [
        ErrorSeen(result.candidate.name, name, float(np.percentile(real, p)), float(np.percentile(made, p)), len(real))
        for name, p in _FIGURES.items()
        if min(len(real), len(made)) >= _FEWEST[p]
    ]
