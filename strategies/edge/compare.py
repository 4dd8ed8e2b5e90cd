"""The original against its int8 form on the small device: size, speed, memory, and how right both are."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.estimate import Figure
from data.provenance import Provenance
from data.scenario import Candidate, Scenario
from data.trace import Status, Trace
from data.usage import Usage
from data.workloads.closed_loop import ClosedLoop
from strategies.edge.device import MIB, Device
from strategies.edge.rows import Known
from strategies.edge.trial import Trial, run_trial
from strategies.packaging.package import Manifest, ModelPackage
from strategies.packaging.runtime import headline, open_session, output_name
from strategies.training.scores import classification_scores, regression_scores
from strategies.training.watch import CancelCheck, Progress, never, silent

ORIGINAL, INT8 = "original", "int8"


@dataclass(frozen=True, slots=True)
class Variant:
    """One form of a model, as it fared."""

    name: str
    file_bytes: int
    load_s: tuple[float, ...]
    """Of each repetition: importing the runtime, loading the model and its first prediction."""
    peak_bytes: int
    """Highest resident memory of any repetition: interpreter, runtime and model."""
    score: Figure
    """Accuracy, or RMSE in the target's unit."""
    agreement: float
    """Share of rows on which it says the same as the original; for a value, within 1% of the truth's spread."""
    traces: tuple[Trace, ...]


def compare_edge(
    package: ModelPackage,
    forms: dict[str, Path],
    known: Known,
    device: Device,
    *,
    predictions: int = 1_000,
    repetitions: int = 3,
    progress: Progress = silent,
    cancelled: CancelCheck = never,
    on_trace: Callable[[str, int, Trace], None] = lambda _name, _repetition, _trace: None,
) -> list[Variant]:
    """Measure the forms in turns, each time in a process of its own; `forms` is name to ONNX file, the original first.

    `on_trace` is called with each trace as it is made. Raises what `run_trial` raises.
    """
    output = output_name(open_session(package.served_file), len(package.manifest.outputs))
    scenario = edge_scenario(package, known, device, tuple(forms))
    trials: dict[str, list[Trial]] = {name: [] for name in forms}
    traces: dict[str, list[Trace]] = {name: [] for name in forms}
    for repetition in range(repetitions):
        for place, (name, file) in enumerate(forms.items()):
            progress("measuring", (repetition * len(forms) + place) / (repetitions * len(forms)))
            trial = run_trial(file, output, known.rows, device, predictions=predictions, cancelled=cancelled)
            trials[name].append(trial)
            traces[name].append(_trace(package, trial, name, scenario, repetition))
            on_trace(name, repetition, traces[name][-1])
    reference = trials[next(iter(forms))][0].answers
    return [
        Variant(
            name, file.stat().st_size, tuple(t.load_s for t in trials[name]), max(t.peak_bytes for t in trials[name]),
            score(package.manifest, trials[name][0].answers, known),
            agreement(package.manifest, trials[name][0].answers, reference, known), tuple(traces[name]),
        )
        for name, file in forms.items()
    ]  # fmt: skip


def edge_scenario(package: ModelPackage, known: Known, device: Device, names: tuple[str, ...]) -> Scenario:
    """The scenario of such a comparison: one user who does not think, and a candidate for each form."""
    limits = {"memory_mib": device.memory_bytes // MIB, "cpus": device.cores}
    return Scenario(
        name="on_the_edge",
        title=f"{package.manifest.name} on a small device",
        workload=ClosedLoop(users=1, think_s=0.0, duration_s=1.0),
        candidates=tuple(Candidate(name=name, strategy="embedded", host="edge", settings=limits) for name in names),
    ).evolve(
        data={"name": known.dataset, "target": package.manifest.target},
        model={"package": package.version},
        measurement={"warm_up_s": 0.0},
    )


def score(manifest: Manifest, answers: NDArray[np.float32], known: Known) -> Figure:
    """Accuracy of answers (rows, outputs), or their RMSE, on rows whose truth is known."""
    if manifest.task == "regression":
        values = answers[:, 0].astype(np.float64)
        return regression_scores(known.truth.astype(np.float64), values, known.unit)["rmse"]
    outputs = answers.astype(np.float64)
    return classification_scores(known.truth.astype(np.intp), outputs, _said(manifest, outputs))["accuracy"]


def agreement(manifest: Manifest, answers: NDArray[np.float32], reference: NDArray[np.float32], known: Known) -> float:
    """Share of rows on which two sets of answers say the same."""
    if manifest.task == "regression":
        near = 0.01 * float(np.std(known.truth))
        return float(np.mean(np.abs(answers[:, 0] - reference[:, 0]) <= near))
    return float(np.mean(_said(manifest, answers) == _said(manifest, reference)))


def _said(manifest: Manifest, outputs: NDArray[np.floating[Any]]) -> NDArray[np.intp]:
    if manifest.task == "binary":
        return (outputs[:, 1] >= manifest.threshold).astype(np.intp)
    return np.asarray(np.argmax(outputs, axis=1), np.intp)


def _trace(package: ModelPackage, trial: Trial, name: str, scenario: Scenario, repetition: int) -> Trace:
    n, rows = len(trial.start_s), np.arange(len(trial.start_s)) % len(trial.answers)
    columns = {
        "scheduled_s": trial.start_s, "sent_s": trial.start_s, "start_s": trial.start_s, "end_s": trial.end_s,
        "status": np.full(n, Status.OK), "version": np.zeros(n), "replica": np.zeros(n), "row": rows,
        "answer": headline(trial.answers, package.manifest.task)[rows],
    }  # fmt: skip
    usage = Usage(trial.cpu_s, trial.peak_bytes, sent_bytes=0, instance_s=float(trial.end_s[-1]))
    notes = (
        f"{n:,} predictions, one after the other, after {len(trial.answers):,} that do not count.",
        "The core is this machine's own; a small device's is slower.",
    )
    provenance = Provenance("measured", name, scenario.to_toml(), scenario.seed + repetition, notes=notes)
    version = package.version if name == ORIGINAL else f"{package.version}-{name}"
    return Trace.build(columns, versions=(version,), usage=usage, provenance=provenance)
