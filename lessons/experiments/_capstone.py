"""From a measured model and a forecast to a decision record: three ways to run it in the cloud, and their bills."""

import tempfile
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from data.profile import ColdStart, ServiceProfile
from data.scenario import Candidate, Scenario
from data.store import Run
from lessons.contract import Cancelled
from lessons.experiments._attacks import Guarded
from strategies.measuring.repeated import repetition_seed
from strategies.packaging.package import ModelPackage

CANDIDATES = (
    Candidate(name="servers", strategy="api", architecture="traditional", source="simulated"),
    Candidate(name="function", strategy="api", architecture="serverless", source="simulated"),
    Candidate(name="endpoint", strategy="api", architecture="managed_endpoint", source="simulated"),
)
_LEAST_RPS = 20.0
"""Fewer requests would not show whether the promise is kept."""
_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of it, as plain values."""

    chosen: str
    flip: str
    """The nearest change that would choose another, in words; empty where none was found."""
    flip_factor: float
    """By which factor that input has to change; 0 where none was found."""
    record: str
    """The decision record, in Markdown."""
    rate_rps: tuple[float, ...]
    usd: dict[str, tuple[float, ...]]


def own_package() -> ModelPackage | None:
    """The newest model that was packaged here; None while there is none."""
    from strategies.packaging.shelf import list_packages

    return next((package for package in list_packages() if package.manifest.format == "onnx"), None)


def profile_of(server: Guarded, cancelled: Cancelled) -> ServiceProfile:
    """What occupies that server, apart from what only delays its answers, from some seconds of honest requests.

    It is not fitted to the server under load, as the Simulate page's profile is; a first decision needs less.
    """
    # Imported here: the page, which only names what it runs, starts without the load generator.
    from strategies.api import ApiDeployment, Settings
    from strategies.contract import Limits
    from strategies.profiling import Effort, Subject, batch_sizes, profile_deployment
    from strategies.profiling.job import model_rows

    package = server.package
    rows = model_rows(package)
    effort = Effort(pausing_s=0.6, pause_s=(0.0, 0.003), bursts=20, model_s=0.03, loads=())
    model = batch_sizes(package, rows, share_s=effort.model_s)
    subject = Subject(package.manifest.name, "api", "process", components=(model,))
    with tempfile.TemporaryDirectory(prefix="drydock-client-") as folder:
        token = Path(folder) / "token"
        token.write_text(server.token)
        settings = Settings(token_file=str(token) if server.token else "")
        deployment = ApiDeployment(
            server.running, package.manifest.schema, Limits(timeout_s=_TIMEOUT_S), settings, server.admin_secret
        )
        try:
            profile = profile_deployment(deployment, rows, subject, effort, cancelled)
        finally:
            deployment.close()
    return replace(profile, cold_starts=(ColdStart((("until ready", server.start_s),)),))


def scenario_of(package: ModelPackage, rate_rps: float, start_s: float, seed: int) -> Scenario:
    """The learner's traffic, once what starts with it has started, and a promise of three quarters of a second."""
    return Scenario.default().evolve(
        **_model_of(package),
        name="capstone",
        title=f"Where to run {package.manifest.name}",
        seed=seed,
        workload={"rate_rps": max(rate_rps, _LEAST_RPS), "duration_s": 20.0},
        measurement={"repetitions": 2, "warm_up_s": float(round(min(1.0 + 2 * start_s, 60.0)))},
        slo={"percentile": 95.0, "latency_ms": 750.0, "max_error_share": 0.02},
        forecast={"rate_rps": rate_rps, "uncertainty_share": 0.2},
        candidates=[candidate.model_dump() for candidate in CANDIDATES],
    )


def _model_of(package: ModelPackage) -> dict[str, dict[str, Any]]:
    """The scenario's data and model: what the package was trained on, where it was trained here, and the package."""
    from strategies.packaging.shelf import packages_folder
    from strategies.training.report import Report

    report = Report.of(package)
    kept = package.folder.parent == packages_folder()
    found: dict[str, dict[str, Any]] = {"model": {"package": package.version}} if kept else {}
    if report is not None:
        found["data"] = {"name": report.spec["data"], "target": package.manifest.target}
        if not kept:
            chosen = {"algorithm": report.spec["algorithm"], "parameters": dict(report.spec["parameters"])}
            found["model"] = chosen
    return found


def decide_for(
    package: ModelPackage, profile: ServiceProfile, rate_rps: float, seed: int, cancelled: Cancelled
) -> Decided:
    """Simulate the candidates on the profile, price them, find what would flip the choice, and write it down."""
    from simulators.comparison.comparison import Comparison, result_of
    from simulators.comparison.simulating import simulated_trace
    from simulators.decision.decide import decide
    from simulators.decision.evidence import Evidence
    from simulators.decision.record import record
    from simulators.decision.words import said_of

    asked = scenario_of(package, rate_rps, profile.cold_starts[0].total_s, seed)
    results = []
    for candidate in asked.candidates:
        traces = [
            simulated_trace(asked, candidate, profile, package.version, 1, repetition_seed(asked.seed, i), cancelled)
            for i in range(asked.measurement.repetitions)
        ]
        runs = [_run(asked, candidate, i) for i in range(len(traces))]
        results.append(result_of(asked, candidate, runs, traces))
    size = package.served_file.stat().st_size
    evidence = Evidence(profile, package.version, size, 1)
    decision = decide(Comparison(asked, "capstone", tuple(results)), evidence, cancelled=cancelled)
    near = next((flip for flip in decision.flips if flip.nearest is not None), None)
    switch = near.nearest if near else None
    curves = decision.curves
    return Decided(
        decision.chosen,
        said_of(near, switch) if near and switch else "",
        switch.factor if switch else 0.0,
        record(asked, decision, date.today()),
        curves.rate_rps if curves else (),
        dict(curves.usd_per_month) if curves else {},
    )


def _run(scenario: Scenario, candidate: Candidate, repetition: int) -> Run:
    seed = repetition_seed(scenario.seed, repetition)
    about = ("", "capstone", "simulated", "", scenario.name, candidate.name, repetition, seed, "done")
    return Run(f"{candidate.name}-{repetition}", *about, trace_file="kept nowhere")  # type: ignore[arg-type]
