"""Predicting a dataset ahead of need, once or on a schedule, as a job of the queue; its output stays."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from data.catalogue import find_dataset
from data.errors import InvalidValue
from data.home import home
from strategies.batches.job import BatchJob
from strategies.batches.manifest import BatchManifest
from strategies.batches.run import run
from strategies.batches.schedule import Publication, note_publication
from strategies.packaging.package import ModelPackage
from strategies.training.watch import CancelCheck, Progress, never, silent

PREDICT_AHEAD = "strategies.batches.queued:predict_ahead"
KEEP_PREDICTING = "strategies.batches.queued:keep_predicting"
KEY = "row"
LEAST_EVERY_S = 5.0
_MAX_ROWS = 1_000_000


def output_of(version: str, data: str) -> Path:
    """Where the predictions of a model for a dataset are kept on this machine."""
    return home() / "computed" / version / f"{data}.parquet"


def predict_ahead(
    payload: dict[str, Any], progress: Progress = silent, cancelled: CancelCheck = never
) -> dict[str, Any]:
    """Predict every row of a dataset; answers are found by the row's number, from 1.

    Parameters
    ----------
    payload
        `folder` of a package; `data`, the dataset's name.

    Returns
    -------
    dict
        `output`: the file's path. `rows`: how many were predicted. `rejected`: how many were not.
    """
    progress("loading the rows", 0.0)
    package = ModelPackage.open(Path(payload["folder"]))
    output = output_of(package.version, payload["data"])
    output.parent.mkdir(parents=True, exist_ok=True)
    rows = output.with_name(f"{payload['data']}.rows.parquet")
    _write_rows(payload["data"], package, rows)
    try:
        manifest = run(BatchJob(rows, package.folder, output), progress=progress, cancelled=cancelled)
    finally:
        rows.unlink(missing_ok=True)
    return {"output": str(output), "rows": manifest.about.rows_out, "rejected": manifest.about.rows_rejected}


def keep_predicting(payload: dict[str, Any], progress: Callable[..., None], cancelled: CancelCheck) -> dict[str, Any]:
    """Predict every row anew at each multiple of `every_s` seconds from now, until cancelled.

    A run that takes longer misses moments, and moves none. What it published, and when, is in the output's history
    (`strategies.batches.schedule.read_history`), from which staleness is measured.

    Parameters
    ----------
    payload
        As `predict_ahead`'s, and `every_s`, at least 5.
    progress
        Also takes a message, as a job's does: what it waits for.

    Returns
    -------
    dict
        `runs`: how often it predicted.
    """
    every_s = float(payload["every_s"])
    if not every_s >= LEAST_EVERY_S:
        rule = f"must be at least {LEAST_EVERY_S:g}"
        raise InvalidValue("every_s", payload["every_s"], rule, "give the seconds between runs")
    output, began_s, runs = output_of(ModelPackage.open(Path(payload["folder"])).version, payload["data"]), _now_s(), 0
    while not cancelled():
        predict_ahead(payload, progress, cancelled)
        note_publication(output, Publication.of(BatchManifest.read(output)))
        runs += 1
        next_s = began_s + every_s * (1 + (_now_s() - began_s) // every_s)
        while not cancelled() and (left_s := next_s - _now_s()) > 0:
            progress("waiting", 1 - left_s / every_s, f"again in {left_s:.0f} s")
            time.sleep(min(0.5, left_s))
    return {"runs": runs}


def _now_s() -> float:
    return time.perf_counter()


def _write_rows(data: str, package: ModelPackage, path: Path) -> None:
    dataset, names = find_dataset(data), package.manifest.schema.names
    table = dataset.load()
    if missing := [name for name in names if name not in table.columns]:
        rule = f"lacks {', '.join(missing[:5])}, which the model reads"
        raise InvalidValue("dataset", data, rule, "choose the dataset that the model was trained on")
    table[list(names)].head(_MAX_ROWS).to_parquet(path, index=False)
