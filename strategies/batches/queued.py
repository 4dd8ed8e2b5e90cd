"""Predicting a dataset ahead of need, as a job of the queue: its output stays, to be looked up."""

from pathlib import Path
from typing import Any

from data.catalogue import find_dataset
from data.errors import InvalidValue
from data.home import home
from strategies.batches.job import BatchJob
from strategies.batches.run import run
from strategies.packaging.package import ModelPackage
from strategies.training.watch import CancelCheck, Progress, never, silent

PREDICT_AHEAD = "strategies.batches.queued:predict_ahead"
KEY = "row"
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


def _write_rows(data: str, package: ModelPackage, path: Path) -> None:
    dataset, names = find_dataset(data), package.manifest.schema.names
    table = dataset.load()
    if missing := [name for name in names if name not in table.columns]:
        rule = f"lacks {', '.join(missing[:5])}, which the model reads"
        raise InvalidValue("dataset", data, rule, "choose the dataset that the model was trained on")
    table[list(names)].head(_MAX_ROWS).to_parquet(path, index=False)
