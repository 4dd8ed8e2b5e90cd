"""MLflow: a folder with the model, its signature and the environment it needs; a wrapper around other formats."""

import logging
import os
import warnings
from pathlib import Path
from typing import Any

from strategies.packaging.formats.contract import About, Fitted, Format, Predict, predictor_of
from strategies.packaging.skops_files import PLAIN_TYPES, TREE_TYPES


class MLflow(Format):
    title = "MLflow model"
    suffix = ""
    safety = "checked"
    carries = (
        "A model of one of many libraries in that library's own format (scikit-learn: skops, since MLflow 3), "
        "with its signature and the packages it needs, so that MLflow can serve or register it."
    )
    cannot = (
        "More than the format inside it can. Flavours come and go: MLeap, the one that let Spark and Java serve "
        "scikit-learn pipelines, is no longer in MLflow."
    )
    readers = "Python with MLflow, and services that understand its folders (SageMaker, Azure ML, Databricks)."

    def save(self, model: Fitted, path: Path) -> None:
        with _quiet():
            mlflow = _flavour()
            mlflow.save_model(
                model.pipeline,
                path,
                serialization_format=mlflow.SERIALIZATION_FORMAT_SKOPS,
                skops_trusted_types=[*PLAIN_TYPES, *TREE_TYPES],
                # Given, because MLflow otherwise finds them out by loading the model in another process.
                pip_requirements=["scikit-learn", "skops"],
            )

    def load(self, path: Path, about: About) -> Predict:
        with _quiet():
            return predictor_of(_flavour().load_model(str(path)), about.task)


def _flavour() -> Any:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # read when MLflow is imported
    import mlflow.sklearn

    logging.getLogger("mlflow").setLevel(logging.ERROR)  # set anew by the import
    return mlflow.sklearn


def _quiet() -> warnings.catch_warnings:
    """MLflow's own use of its libraries is deprecated there, which is no concern of who saves a model."""
    return warnings.catch_warnings(action="ignore")
