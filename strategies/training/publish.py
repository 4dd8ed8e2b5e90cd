"""From a training to a model package."""

from pathlib import Path

from strategies.packaging.build import build_package
from strategies.packaging.package import ModelPackage
from strategies.packaging.shelf import packages_folder
from strategies.training.report import REPORT
from strategies.training.train import Trained


def package_trained(trained: Trained, folder_root: Path | None = None) -> ModelPackage:
    """Package what was trained, with its metrics and report; under home()/packages unless `folder_root` is given."""
    spec, prepared, report = trained.spec, trained.prepared, trained.report
    choice = report.evaluation.threshold
    return build_package(
        trained.pipeline,
        prepared.schema,
        prepared.target.task,
        prepared.target.column,
        prepared.outputs,
        folder_root or packages_folder(),
        trained.held_out,
        name=spec.name or spec.data,
        format=spec.format,
        algorithm=spec.algorithm,
        parameters=report.parameters,
        metrics=report.evaluation.metrics,
        data_hash=prepared.dataset.content_hash,
        threshold=choice.threshold if choice else 0.5,
        notes=report.notes,
        documents={REPORT: report.to_json()},
    )
