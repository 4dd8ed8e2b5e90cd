"""Training as a job: what the queue runs in a process of its own."""

from typing import Any

from strategies.training.publish import package_trained
from strategies.training.spec import TrainingSpec
from strategies.training.tracking import record
from strategies.training.train import train
from strategies.training.watch import CancelCheck, Progress, Watch, never, silent


def run_training(
    payload: dict[str, Any], progress: Progress = silent, cancelled: CancelCheck = never
) -> dict[str, Any]:
    """Train, package and record what `payload` names.

    Parameters
    ----------
    payload
        The fields of a `TrainingSpec`.

    Returns
    -------
    dict
        `version` and `folder` of the package, `metrics` on the test rows, `notes`, and `mlflow_run`: the record's
        identifier, empty when none was asked for. The package holds the whole `Report`.
    """
    spec = TrainingSpec.read(payload)
    trained = train(spec, progress=lambda stage, done: progress(stage, 0.8 * done), cancelled=cancelled)
    Watch(progress, cancelled, "packaging", 0.8).report(0.0)
    package = package_trained(trained)
    progress("recording", 0.9)  # from here on it is kept, so it is finished too
    run = record(trained, package) if spec.track else ""
    progress("done", 1.0)
    return {
        "version": package.version,
        "folder": str(package.folder),
        "metrics": dict(package.manifest.metrics),
        "notes": list(package.manifest.notes),
        "mlflow_run": run,
    }
