"""Versions of a model in MLflow's registry: every retraining is one, and an alias says which of them serves."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlparse

from data.errors import InvalidValue
from strategies.training.tracking import _client, _experiment

SERVING = "serving"
"""The alias of the version that answers."""


@dataclass(frozen=True, slots=True)
class Registered:
    """One version of a model."""

    name: str
    version: int
    file: Path
    """The saved model, kept among MLflow's artefacts."""
    run: str
    """The MLflow run that it came from."""


def register(name: str, file: Path, *, metrics: Mapping[str, float], tags: Mapping[str, str]) -> Registered:
    """Enter a saved model as the next version, with a run of its own that keeps the file, metrics and tags."""
    with _client() as client:
        run = client.create_run(_experiment(client), run_name=name).info
        for key, value in metrics.items():
            client.log_metric(run.run_id, key, value)
        for key, text in tags.items():
            client.set_tag(run.run_id, key, text)
        client.log_artifact(run.run_id, str(file), "model")
        client.set_terminated(run.run_id)
        if not client.search_registered_models(f"name = '{name}'"):
            client.create_registered_model(name)
        source = f"{run.artifact_uri}/model/{file.name}"
        made = client.create_model_version(name, source, run.run_id)
    return Registered(name, int(made.version), _path(source), str(run.run_id))


def serve(name: str, version: int) -> None:
    """Let this version be the one that answers."""
    with _client() as client:
        client.set_registered_model_alias(name, SERVING, str(version))


def serving(name: str) -> Registered:
    """The version that answers; `InvalidValue` where none was named."""
    with _client() as client:
        from mlflow.exceptions import MlflowException

        try:
            found = client.get_model_version_by_alias(name, SERVING)
        except MlflowException:
            rule = "has no version that serves"
            raise InvalidValue("model", name, rule, "register one and let it serve") from None
        return Registered(name, int(found.version), _path(found.source), str(found.run_id))


def _path(uri: str) -> Path:
    return Path(unquote(urlparse(uri).path))
