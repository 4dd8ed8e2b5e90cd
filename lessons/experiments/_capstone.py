"""From a measured model and a forecast to a decision record: three ways to run it in the cloud, and their bills."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from data.home import home
from data.profile import ColdStart, Component, ServiceProfile
from data.scenario import Candidate, Scenario
from data.store import Run
from lessons.contract import Cancelled
from strategies.measuring.repeated import repetition_seed
from strategies.packaging.package import ModelPackage

CANDIDATES = (
    Candidate(name="servers", strategy="api", architecture="traditional", source="simulated"),
    Candidate(name="function", strategy="api", architecture="serverless", source="simulated"),
    Candidate(name="endpoint", strategy="api", architecture="managed_endpoint", source="simulated"),
)
_FILE = "decision_record.md"
_PAYLOAD_BYTES = 1_000
_LEAST_RPS = 20.0
"""Fewer requests would not show whether the promise is kept."""


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
    """The newest model that the learner has packaged; None while there is none."""
    from strategies.packaging.shelf import list_packages

    return next((package for package in list_packages() if package.manifest.format == "onnx"), None)


def profile_of(
    package: ModelPackage, latencies_s: Sequence[float], start_s: float, memory_bytes: int
) -> ServiceProfile:
    """What was measured of its server, as far as a first decision needs it.

    All of an answer's time is taken to occupy the server, which is on the safe side; the Deploy page profiles closer.
    """
    work = tuple(latencies_s)
    mean_s = sum(work) / len(work)
    return ServiceProfile(
        package.manifest.name, "api", "process", 1, (Component("model", ((1, work),), memory_bytes),),
        cold_starts=(ColdStart((("start", start_s),)),), payload_bytes=_PAYLOAD_BYTES, memory_bytes=memory_bytes,
        capacity_rps=1 / mean_s, cpu_s=mean_s,
    )  # fmt: skip


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


def record_file() -> Path:
    """Where the decision record is kept for the learner to take along."""
    return home() / "lessons" / _FILE


def _run(scenario: Scenario, candidate: Candidate, repetition: int) -> Run:
    seed = repetition_seed(scenario.seed, repetition)
    about = ("", "capstone", "simulated", "", scenario.name, candidate.name, repetition, seed, "done")
    return Run(f"{candidate.name}-{repetition}", *about, trace_file="kept nowhere")  # type: ignore[arg-type]
