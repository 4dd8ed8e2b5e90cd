"""Surveying strategies as a job of the queue: deploy, ask, count, publish a new version, stop."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.discovery import kind
from data.errors import Cancelled, Unavailable
from strategies.contract import Limits, Strategy
from strategies.hosts.contract import Host
from strategies.live.snippets import example_record
from strategies.packaging.package import ModelPackage
from strategies.survey.again import published_again
from strategies.survey.parts import Census, Noticing
from strategies.survey.survey import Survey, made_now, save_survey
from strategies.survey.taking_up import TakingUp, ask, take_up
from strategies.training.watch import CancelCheck, Progress, never, silent

SURVEY = "strategies.survey.job:run_survey"
TIMEOUT_S = 30.0
_ROWS = 100


def run_survey(payload: dict[str, Any], progress: Progress = silent, cancelled: CancelCheck = never) -> dict[str, Any]:
    """Survey strategies one after the other on plain processes, and keep what was found.

    Parameters
    ----------
    payload
        `folder` of a package; `strategies`, their names.

    Returns
    -------
    dict
        `surveys`: one `Survey.to_dict()` per strategy.
    """
    package = ModelPackage.open(Path(payload["folder"]))
    names: Sequence[str] = payload["strategies"]
    found = []
    with tempfile.TemporaryDirectory(prefix="drydock-survey-") as folder:
        newer = published_again(package, Path(folder))
        for place, name in enumerate(names):
            if cancelled():
                raise Cancelled("Counting the parts was cancelled.")
            progress(f"running {name}", place / len(names))
            survey = survey_strategy(name, package, newer, cancelled=cancelled)
            save_survey(survey)
            found.append(survey)
    progress("done", 1.0)
    return {"surveys": [survey.to_dict() for survey in found]}


def survey_strategy(
    name: str, package: ModelPackage, newer: ModelPackage, *, workers: int = 1, cancelled: CancelCheck = never
) -> Survey:
    """Deploy `package` with one strategy on plain processes, count its parts, and publish `newer` to it.

    Must run in a process without other children: they would be counted.
    """
    strategy = kind("strategies", Strategy, name)()  # type: ignore[type-abstract]
    host = Noticing(kind("strategies.hosts", Host, "process")())  # type: ignore[type-abstract]
    if missing := host.missing():
        raise Unavailable("The host process cannot run here", missing)
    rows = _rows(package)
    taking_up: TakingUp | None = None
    with strategy.deploy(package, host, Limits(workers=workers, timeout_s=TIMEOUT_S)) as deployment:
        deployment.prepare(rows)
        with Census(deployment, host) as census:
            if strategy.update_needs_deployment:
                ask(deployment, len(rows), timeout_s=TIMEOUT_S, cancelled=cancelled)
            else:
                taking_up = take_up(deployment, newer, len(rows), timeout_s=TIMEOUT_S, cancelled=cancelled)
        parts = census.parts()
    return made_now(name, "process", workers, parts, strategy.update_needs_deployment, taking_up)


def _rows(package: ModelPackage) -> NDArray[np.float32]:
    """A row that the model has an answer to, many times: what is asked does not matter here. (rows, features)"""
    row = package.manifest.schema.encode_record(example_record(package.manifest))
    return np.repeat(row.reshape(1, -1), _ROWS, axis=0)
