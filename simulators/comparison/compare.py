"""From a scenario to a decision: train or find the model, measure or simulate every candidate, judge and decide."""

from dataclasses import replace
from typing import Any

from data.errors import Cancelled, DrydockError
from data.scenario import Application, Scenario
from data.store import RunStore
from data.store.run import new_id
from simulators.comparison.checking import check_measurable
from simulators.comparison.comparison import Comparison
from simulators.comparison.models import package_for
from simulators.comparison.saved import load_comparison
from simulators.comparison.simulating import simulate_candidates
from simulators.decision.decide import decide
from simulators.decision.evidence import Evidence, evidence_of
from simulators.decision.saved import keep_decision
from strategies.dealership.profiles import keep_application, profile_application
from strategies.measuring import run_measurement
from strategies.measuring.rows import request_rows
from strategies.packaging.package import ModelPackage
from strategies.profiling import Effort
from strategies.profiling.job import model_rows, profile_package
from strategies.profiling.shelf import keep_profile
from strategies.training.watch import CancelCheck, Progress, never, silent

_TRAINED, _PROFILED, _MEASURED, _SIMULATED = 0.2, 0.35, 0.8, 0.85
"""Which share of the work is done when the model is there, profiled, its candidates measured, and simulated."""


def compare(
    scenario: Scenario,
    *,
    session: str = "",
    group: str = "",
    progress: Progress = silent,
    cancelled: CancelCheck = never,
) -> Comparison:
    """Measure and simulate all candidates of a scenario in the calling process, which should do nothing else meanwhile.

    All meet the same traffic, the measured ones one after the other, the repetitions turn about. Every run is kept in
    the store, and so is the decision that they lead to. Where candidates are to be simulated and the model has no
    profile on this machine yet, it is profiled first.

    Parameters
    ----------
    session
        Whose runs they are; empty for everybody on this machine.
    group
        What the runs have in common in the store; a new name without one.
    progress
        Called with a stage's name and the share of the work that is done.

    Raises
    ------
    InvalidScenario
        It names something that does not exist or cannot be combined; nothing has been trained or started.
    Cancelled
        `cancelled` said yes; everything was stopped.
    DrydockError
        No candidate could be measured or simulated: the first one's reason.
    """
    check_measurable(scenario)
    store = RunStore(session)
    store.tidy()
    progress("looking for the model", 0.0)
    package = package_for(scenario, progress=_part(progress, 0.0, _TRAINED, "model: "), cancelled=cancelled)
    group = group or new_id()
    measured = [c.name for c in scenario.candidates if c.source == "measured"]
    simulated = [c for c in scenario.candidates if c.source == "simulated"]
    evidence = evidence_of(package, len(request_rows(scenario, package)), scenario.application)
    if simulated and evidence.profile is None:
        part = _part(progress, _TRAINED, _PROFILED, "profiling: ")
        evidence = _profiled(package, evidence, scenario.application, part, cancelled)
    if measured:
        payload = {
            "scenario": scenario.to_toml(), "package": str(package.folder), "session": session, "group": group,
            "candidates": measured,
        }  # fmt: skip
        _measure(payload, _part(progress, _PROFILED, _MEASURED), cancelled, others=bool(simulated))
    for place, candidate in enumerate(simulated):
        profile = evidence.of(candidate.architecture)
        assert profile is not None
        share = (_SIMULATED - _MEASURED) / len(simulated)
        part = _part(progress, _MEASURED + share * place, _MEASURED + share * (place + 1))
        simulate_candidates(
            scenario, [candidate], profile, package.version, evidence.rows, store, group, part, cancelled
        )
    comparison = load_comparison(store, group)
    keep_decision(decide(comparison, evidence, progress=_part(progress, _SIMULATED, 0.99), cancelled=cancelled))
    progress("computing the figures", 1.0)
    return comparison


def _part(progress: Progress, start: float, end: float, before: str = "") -> Progress:
    """The progress of one stage, as a part of the whole."""
    return lambda stage, share: progress(f"{before}{stage}", start + (end - start) * min(share, 1.0))


def _profiled(
    package: ModelPackage, evidence: Evidence, application: Application, progress: Progress, cancelled: CancelCheck
) -> Evidence:
    if application == "dealership":
        forms = profile_application(package, Effort(), progress, cancelled)
        keep_application(package.version, forms)
        return replace(evidence, profile=forms["monolith"], apart=forms["microservices"])
    profile = profile_package(package, model_rows(package), Effort(), progress, cancelled)
    keep_profile(package.version, profile)
    return replace(evidence, profile=profile)


def _measure(payload: dict[str, Any], progress: Progress, cancelled: CancelCheck, *, others: bool) -> None:
    try:
        run_measurement(payload, progress, cancelled)
    except Cancelled:
        raise
    except DrydockError:  # the store has each run's reason; without others to compare it is the whole comparison's
        if not others:
            raise


def run_comparison(
    payload: dict[str, Any], progress: Progress = silent, cancelled: CancelCheck = never
) -> dict[str, Any]:
    """Compare as a job of the queue.

    Parameters
    ----------
    payload
        `scenario`: its TOML text. Optional: `session`, whose runs they are; `group`, what they have in common.

    Returns
    -------
    dict
        `group`, for `load_comparison`; and `outcome`, what can be said of all candidates.
    """
    comparison = compare(
        Scenario.from_toml(payload["scenario"]),
        session=payload.get("session", ""),
        group=payload.get("group", ""),
        progress=progress,
        cancelled=cancelled,
    )
    return {"group": comparison.group, "outcome": comparison.outcome}
