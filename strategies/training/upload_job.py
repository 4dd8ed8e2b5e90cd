"""Taking in a user's own model as a job: in a process of its own, with bounded processor time and memory."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from data.catalogue import find_dataset
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import Predictor, load_predictor
from strategies.packaging.shelf import renew_manifest
from strategies.packaging.upload import Upload, package_upload
from strategies.training.evaluation import Answers, Evaluation, evaluate_classes, evaluate_values
from strategies.training.spec import TrainingSpec
from strategies.training.splits import Rows
from strategies.training.threshold import Costs
from strategies.training.train import Prepared, prepare
from strategies.training.watch import CancelCheck, Progress, never, silent

MAX_CPU_S = 120
MAX_MEMORY_BYTES = 8 << 30


def run_upload(payload: dict[str, Any], progress: Progress = silent, cancelled: CancelCheck = never) -> dict[str, Any]:
    """Check, package and evaluate an uploaded model. Bounds the process that it runs in: call it through the job queue.

    Parameters
    ----------
    payload
        `file`: path of the uploaded file. `file_name`: what the user calls it. `data`, `target`: dataset and target
        column that the model is for (an empty target is the dataset's first). Optional: `name` of the model,
        `false_positive_cost` and `false_negative_cost`.

    Returns
    -------
    dict
        `version` and `folder` of the package, `metrics` on the dataset's test rows, and `notes`.
    """
    del cancelled  # it is short, and the queue ends it
    _bound_process()
    progress("checking the file", 0.0)
    costs: dict[str, Any] = {
        name: payload[name] for name in ("false_positive_cost", "false_negative_cost") if name in payload
    }
    spec = TrainingSpec.read({"data": payload["data"], "target": payload.get("target", ""), **costs})
    prepared = prepare(spec, find_dataset(spec.data))
    upload = Upload(
        name=payload.get("name") or Path(payload["file_name"]).stem,
        schema=prepared.schema,
        task=prepared.target.task,
        target=prepared.target.column,
        outputs=prepared.outputs,
        rows=prepared.X[prepared.split.test],
    )
    package = package_upload(Path(payload["file"]), payload["file_name"], upload)
    progress("evaluating", 0.6)
    package = _evaluated(package, prepared, spec)
    progress("done", 1.0)
    manifest = package.manifest
    return {
        "version": package.version,
        "folder": str(package.folder),
        "metrics": dict(manifest.metrics),
        "notes": list(manifest.notes),
    }


def _evaluated(package: ModelPackage, prepared: Prepared, spec: TrainingSpec) -> ModelPackage:
    """The package with metrics on the dataset's test rows, which the model may have seen."""
    evaluation = _evaluate(load_predictor(package), prepared, spec)
    choice = evaluation.threshold
    note = f"Metrics are on rows of {spec.data} that the uploaded model may have been fitted on."
    manifest = replace(
        package.manifest,
        metrics=evaluation.metrics,
        data_hash=prepared.dataset.content_hash,
        threshold=choice.threshold if choice else 0.5,
        notes=(*(n for n in package.manifest.notes if n != note), note),
    )
    return renew_manifest(package, manifest)


def _evaluate(predictor: Predictor, prepared: Prepared, spec: TrainingSpec) -> Evaluation:
    def answers(rows: Rows) -> Answers:
        outputs = predictor.predict(prepared.X[rows]).astype(float)
        return Answers(prepared.y[rows], outputs, None if prepared.groups is None else prepared.groups[rows])

    train_y, test = prepared.y[prepared.split.train], answers(prepared.split.test)
    if prepared.target.task == "regression":
        return evaluate_values(train_y, test, prepared.target.unit, spec.seed)
    costs = Costs(spec.false_positive_cost, spec.false_negative_cost)
    validation = answers(prepared.split.validation)
    return evaluate_classes(prepared.target.classes, train_y, validation, test, costs, spec.seed)


def _bound_process() -> None:
    if sys.platform == "win32":
        return
    import resource

    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = int(usage.ru_utime + usage.ru_stime) + MAX_CPU_S
    for kind, limit in ((resource.RLIMIT_CPU, cpu_s), (resource.RLIMIT_AS, MAX_MEMORY_BYTES)):
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
