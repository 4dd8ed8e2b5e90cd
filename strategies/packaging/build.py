"""Turning a fitted pipeline into a model package: files, hashes, and a check that they answer as the pipeline does."""

import json
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.datasets.contract import Task
from data.errors import InvalidValue
from data.provenance import software_versions
from data.schema import Schema
from strategies.packaging.onnx_files import to_onnx
from strategies.packaging.package import FILE_NAMES, MANIFEST, Format, Manifest, ModelPackage, Parity, sha256
from strategies.packaging.parity import compare, reference_answers, shortfall
from strategies.packaging.runtime import OnnxPredictor, SkopsPredictor
from strategies.packaging.skops_files import save_skops

MAX_PARITY_ROWS = 20_000
_PARTIAL = ".partial-"
_ABANDONED_S = 3_600.0


@dataclass(frozen=True, slots=True)
class _Fitted:
    """What is to be packaged, and how it answers to the rows that its files are checked on."""

    pipeline: Any
    task: Task
    rows: NDArray[np.float32]
    reference: NDArray[np.float64]


def build_package(
    pipeline: Any,
    schema: Schema,
    task: Task,
    target: str,
    outputs: Sequence[str],
    folder_root: Path,
    held_out_X: NDArray[np.float32],
    *,
    name: str = "model",
    format: Format = "onnx",
    algorithm: str = "uploaded",
    parameters: Mapping[str, Any] | None = None,
    metrics: Mapping[str, float] | None = None,
    data_hash: str = "",
    threshold: float = 0.5,
    notes: Sequence[str] = (),
    documents: Mapping[str, str] | None = None,
) -> ModelPackage:
    """Package a fitted pipeline under `folder_root`, in a folder named for its version.

    Parameters
    ----------
    pipeline
        Fitted scikit-learn estimator that reads the schema's float32 matrix; a classifier's classes are 0 … k-1.
    outputs
        Class names in the order of their codes, or the target's name for a regression.
    held_out_X
        Encoded rows (rows, features) that the pipeline was not fitted on; parity is checked on the first 20,000.
    format
        What to serve. ONNX that cannot be made, or that answers otherwise than the pipeline, gives way to skops, and
        the manifest's notes say why.
    documents
        File name to text: what readers of the package find beside the model. Serving does not need them, so that they
        are not among the manifest's files.

    The folder appears whole or not at all. Packaging the same served file again keeps the files and renews
    manifest and documents.
    """
    rows = _checked_rows(held_out_X, schema)
    fitted = _Fitted(pipeline, task, rows, reference_answers(pipeline, rows, task))
    _check_outputs(fitted.reference, outputs)
    folder_root.mkdir(parents=True, exist_ok=True)
    _sweep(folder_root)
    with tempfile.TemporaryDirectory(prefix=_PARTIAL, dir=folder_root) as scratch:
        draft = Path(scratch) / "package"
        draft.mkdir()
        parity, problem = _write_files(fitted, draft)
        served: Format = "skops" if problem else format
        manifest = Manifest(
            name=name,
            version=sha256(draft / FILE_NAMES[served])[:12],
            task=task,
            target=target,
            schema=schema,
            outputs=tuple(outputs),
            format=served,
            files={file.name: sha256(file) for file in sorted(draft.iterdir())},
            algorithm=algorithm,
            parameters=dict(parameters or {}),
            metrics=dict(metrics or {}),
            parity=parity[served],
            versions=packaging_versions(),
            data_hash=data_hash,
            threshold=threshold,
            example=_example(schema, rows[0]),
            notes=(*notes, *([f"Served by skops: {problem}."] if problem and format == "onnx" else [])),
        )
        for file_name, text in (documents or {}).items():
            (draft / file_name).write_text(text, encoding="utf-8")
        return place(draft, folder_root, manifest)


def _sweep(folder_root: Path) -> None:
    """Remove what processes left that were killed while they packaged."""
    for folder in folder_root.glob(f"{_PARTIAL}*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > _ABANDONED_S:
                shutil.rmtree(folder, ignore_errors=True)


def place(draft: Path, folder_root: Path, manifest: Manifest) -> ModelPackage:
    """Write the manifest into a draft folder and move that to its place under `folder_root`."""
    final = folder_root / manifest.version
    if not final.exists():
        write_manifest(draft / MANIFEST, manifest)
        with suppress(OSError):  # someone packaged the same at the same moment: theirs is as good
            draft.rename(final)
            return ModelPackage(final, manifest)
    # The same served file: keep the files, renew what is said about them.
    manifest = replace(manifest, files=ModelPackage.open(final).manifest.files)
    write_manifest(draft / MANIFEST, manifest)
    for file in draft.iterdir():
        if file.name not in FILE_NAMES.values():
            file.replace(final / file.name)
    return ModelPackage(final, manifest)


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write a manifest as JSON that people can read too."""
    path.write_text(json.dumps(manifest.to_dict(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def packaging_versions() -> dict[str, str]:
    """Versions of everything that shapes a packaged file."""
    return dict(software_versions()) | {name: version(name) for name in ("onnx", "skl2onnx", "skops")}


def _write_files(fitted: _Fitted, draft: Path) -> tuple[dict[Format, Parity], str]:
    """Write skops and, where it is faithful, ONNX; the parity of each, and why there is no ONNX (or empty)."""
    skops, onnx = draft / FILE_NAMES["skops"], draft / FILE_NAMES["onnx"]
    save_skops(fitted.pipeline, skops)
    answers = SkopsPredictor(skops, fitted.task).predict(fitted.rows)
    parity: dict[Format, Parity] = {"skops": compare(fitted.reference, answers, fitted.task)}
    found, problem = _write_onnx(fitted, onnx)
    if found is not None:
        parity["onnx"] = found
    if problem:
        onnx.unlink(missing_ok=True)
    return parity, problem


def _write_onnx(fitted: _Fitted, path: Path) -> tuple[Parity | None, str]:
    try:
        path.write_bytes(to_onnx(fitted.pipeline, fitted.rows.shape[1], fitted.task))
        answers = OnnxPredictor(path, fitted.reference.shape[1]).predict(fitted.rows)
    except Exception as error:  # the converter's and the runtime's errors have no common root
        lines = str(error).strip().splitlines() or [type(error).__name__]
        return None, f"it cannot be expressed in ONNX ({lines[0][:200].rstrip('.')})"
    parity = compare(fitted.reference, answers, fitted.task)
    problem = shortfall(parity, fitted.reference, fitted.task)
    return parity, f"its ONNX form does not answer as scikit-learn does ({problem})" if problem else ""


def _example(schema: Schema, row: NDArray[np.float32]) -> dict[str, Any]:
    """A row by feature name, its numbers with as few digits as tell a float32 apart."""
    record = schema.decode(row)
    return {name: float(str(np.float32(v))) if isinstance(v, float) else v for name, v in record.items()}


def _checked_rows(rows: NDArray[np.float32], schema: Schema) -> NDArray[np.float32]:
    if rows.ndim != 2 or rows.shape[1] != len(schema) or len(rows) == 0:
        raise InvalidValue(
            "held_out_X",
            f"shape {rows.shape}",
            f"must have rows and {len(schema)} columns, one a feature",
            "encode some rows that the model was not fitted on with Schema.encode",
        )
    return np.ascontiguousarray(rows[:MAX_PARITY_ROWS], dtype=np.float32)


def _check_outputs(reference: NDArray[np.float64], outputs: Sequence[str]) -> None:
    if reference.shape[1] != len(outputs):
        raise InvalidValue(
            "outputs",
            list(outputs),
            f"must name the {reference.shape[1]} columns that the model answers",
            "give one name per class the model was fitted on, or the target's name for a regression",
        )
