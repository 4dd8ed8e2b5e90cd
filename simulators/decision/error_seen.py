"""How wrong the simulation was where the same thing was measured: the same requests, once real and once simulated."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from data.errors import DrydockError
from data.profile import ServiceProfile
from data.scenario import Candidate, Scenario
from simulators.comparison.comparison import Comparison, Result
from simulators.decision.decision import ErrorSeen
from simulators.decision.evidence import Evidence, fidelity_report
from simulators.fidelity.plans import as_measured
from simulators.simulate import simulate
from strategies.measuring.repeated import repetition_seed
from strategies.measuring.warm_up import with_warm_up

_FIGURES = {"p50": 50.0, "p95": 95.0, "p99": 99.0}
_FEWEST = {50.0: 20, 95.0: 72, 99.0: 368}
_FUNCTIONS = ("serverless", "managed_serverless")


def errors_seen(comparison: Comparison, evidence: Evidence) -> tuple[ErrorSeen, ...]:
    """Of every measured candidate that a profile describes as it was measured on this machine.

    Of a lone model that is its API, of the dealership either form.
    """
    found: list[ErrorSeen] = []
    for result in comparison.results:
        profile = _as_profiled(result, evidence)
        if profile is not None and result.traces and result.verdict.outcome != "invalid":
            found += _of(comparison.scenario, result, profile, evidence.rows)
    return tuple(found)


def nearest_error(
    candidate: Candidate, figure: str, seen: Sequence[ErrorSeen], evidence: Evidence, utilisation: float
) -> str:
    """The error seen nearest to a prediction, in a few words.

    That is one of this very comparison, of a candidate of the same strategy rather than of another; without any, the
    machine's fidelity report is asked.

    Parameters
    ----------
    figure
        What is predicted: p50, p95 or p99.
    seen
        Errors of this comparison.
    utilisation
        At which it is predicted.
    """
    here = [error for error in seen if error.figure == figure]
    if here:
        best = min(here, key=lambda error: (error.strategy != candidate.strategy, error.candidate))
        alike = "" if best.strategy == candidate.strategy else ", which is of another strategy"
        return f"{figure} {best.share:+.0%}, of {best.candidate}, measured here on the same requests{alike}"
    report, host = fidelity_report(), _host(candidate, evidence)
    found = report.nearest(candidate.strategy, host, utilisation, "poisson", f"{figure}_ms") if report else None
    if found is None or found.cell.quoted is None:
        return "none, as nothing like it was measured on this machine"
    cell = found.cell
    beyond = ", which is extrapolated" if found.extrapolated else ""
    return (
        f"{figure} {cell.quoted:+.0%}, of {cell.subject} at {cell.utilisation:.0%} of its capacity in the fidelity "
        f"report{beyond}"
    )


def figure_of(percentile: float) -> str:
    """The figure that errors are known of which is nearest to a percentile."""
    return min(_FIGURES, key=lambda name: abs(_FIGURES[name] - percentile))


def _host(candidate: Candidate, evidence: Evidence) -> str:
    """What the fidelity report calls the host of what was measured that is most like the candidate."""
    if candidate.architecture in _FUNCTIONS:
        return "function"
    if evidence.apart is None:
        return "process"
    return f"dealership {'microservices' if candidate.architecture == 'microservices' else 'monolith'}"


def _as_profiled(result: Result, evidence: Evidence) -> ServiceProfile | None:
    candidate = result.candidate
    profile = evidence.of(candidate.architecture)
    if profile is None or result.origin != "measured":
        return None
    if evidence.apart is not None:  # only the dealership's own two forms are ever measured in its stead
        return profile
    return profile if (candidate.strategy, candidate.host) == (profile.strategy, profile.host) else None


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
            # A simulation's warm-up ends with one of its bins, some requests later than the measurement's.
            about = replace(run.trace.provenance, warm_up_s=trace.provenance.warm_up_s)
            for source, into in ((trace, measured), (replace(run.trace, provenance=about), predicted)):
                seen = source.counted()
                into.append(seen.latency_s[seen.ok] * 1e3)
    except DrydockError:
        return []
    real, made = np.concatenate(measured), np.concatenate(predicted)
    return [
        ErrorSeen(
            result.candidate.name, name, float(np.percentile(real, p)), float(np.percentile(made, p)), len(real),
            result.candidate.strategy,
        )
        for name, p in _FIGURES.items()
        if min(len(real), len(made)) >= _FEWEST[p]
    ]  # fmt: skip
