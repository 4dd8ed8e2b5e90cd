"""Keeping a record of every training in MLflow: a SQLite file and local artefacts, opened with `mlflow ui`."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from filelock import FileLock

from data.home import home
from strategies.packaging.package import ModelPackage
from strategies.training.train import Trained

EXPERIMENT = "drydock"


def tracking_uri() -> str:
    """Where MLflow's records are; show them with ``mlflow ui --backend-store-uri`` and this."""
    return f"sqlite:///{(home() / 'mlflow.db').as_posix()}"


def record(trained: Trained, package: ModelPackage) -> str:
    """Enter a training in MLflow and return its run identifier.

    Kept are the spec and all hyperparameters as parameters, the metrics on test rows and the learning curve as metrics,
    the hash of the data and the software versions as tags, and the whole package as artefact.
    """
    manifest, report = package.manifest, trained.report
    with _client() as client:
        run = client.create_run(_experiment(client), run_name=f"{manifest.name} {manifest.version}").info.run_id
        spec = {name: value for name, value in report.spec.items() if name not in ("parameters", "track")}
        for name, value in (spec | {f"{manifest.algorithm}.{n}": v for n, v in report.parameters.items()}).items():
            client.log_param(run, name, value)
        for name, value in manifest.metrics.items():
            client.log_metric(run, name, value)
        for point in report.learning_curve.points if report.learning_curve else ():
            client.log_metric(run, "learning_curve_training", point.training, step=point.rows)
            client.log_metric(run, "learning_curve_validation", point.validation, step=point.rows)
        tags = {"data_hash": manifest.data_hash, "package": manifest.version, "split": report.split}
        for name, text in (tags | {f"version.{n}": v for n, v in manifest.versions.items()}).items():
            client.set_tag(run, name, text)
        client.log_artifacts(run, str(package.folder), "package")
        client.set_terminated(run)
    return str(run)


def _experiment(client: Any) -> str:
    found = client.get_experiment_by_name(EXPERIMENT)
    if found is not None:
        return str(found.experiment_id)
    return str(client.create_experiment(EXPERIMENT, artifact_location=(home() / "mlruns").as_uri()))


@contextmanager
def _client() -> Iterator[Any]:
    """An MLflow client on our own files that reports nothing to anybody and prints nothing."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # read when MLflow is imported
    os.environ.setdefault("DO_NOT_TRACK", "true")
    with warnings.catch_warnings(), FileLock(home() / "mlflow.lock"):  # two that create its tables would collide
        warnings.simplefilter("ignore")  # its own use of SQLAlchemy is deprecated there
        from mlflow.tracking import MlflowClient

        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.WARNING)
        yield MlflowClient(tracking_uri=tracking_uri())
