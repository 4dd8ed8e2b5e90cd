"""Packaging a model that somebody else made: ONNX or skops, looked at closely; a pickle never.

Call it in a process of its own (the job `strategies.training.upload_job.run_upload` does): a model made to do harm
may crash or stall whoever tries it, and then only that process ends.
"""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.datasets.contract import Task
from data.errors import InvalidValue
from data.schema import Schema
from strategies.packaging.build import build_package, packaging_versions, place
from strategies.packaging.onnx_checks import check_onnx
from strategies.packaging.package import FILE_NAMES, Manifest, ModelPackage, sha256
from strategies.packaging.runtime import OnnxPredictor
from strategies.packaging.shelf import packages_folder
from strategies.packaging.skops_files import load_skops, untrusted_types
from strategies.packaging.sniffing import sniff

MAX_UPLOAD_BYTES = 200_000_000
_MAX_UNPACKED_BYTES = 1_000_000_000
_TRIED_ROWS = 64
_REMEDY = (
    "export it as ONNX (for scikit-learn: skl2onnx.to_onnx) or, if it is no tree model, save it with skops.io.dump"
)


@dataclass(frozen=True, slots=True, eq=False)
class Upload:
    """What the user says about the model in the file."""

    name: str
    schema: Schema
    task: Task
    target: str
    outputs: tuple[str, ...]
    """Class names in the order of the model's probabilities, or the target's name for a regression."""
    rows: NDArray[np.float32]
    """Coded rows (rows, features) to try it on."""


def package_upload(file: Path, file_name: str, upload: Upload, folder_root: Path | None = None) -> ModelPackage:
    """Check a model file and package it; under home()/packages unless `folder_root` is given.

    Raises `InvalidValue` with the reason and what to do instead for a file that is too large, is a pickle in any guise,
    holds types that are not vouched for, names other files, uses unknown operators, does not fit the schema, or
    answers with something else than probabilities or finite values. `file_name` is only for the messages.
    """
    root = folder_root or packages_folder()
    size = file.stat().st_size
    if size > MAX_UPLOAD_BYTES:
        remedy = f"send a model of at most {MAX_UPLOAD_BYTES // 1_000_000} MB"
        raise InvalidValue(file_name, f"{size / 1e6:,.0f} MB", "is larger than an upload may be", remedy)
    found = sniff(file)
    if found.kind == "pickle":
        rule = f"is {found.detail}: loading one runs whatever its author put into it, so it was not loaded"
        raise InvalidValue("model file", file_name, rule, _REMEDY)
    if found.kind == "onnx":
        return _package_onnx(file, upload, root)
    if found.kind == "skops":
        return _package_skops(file, file_name, upload, root)
    raise InvalidValue("model file", file_name, f"is {found.detail}", _REMEDY)


def _package_onnx(file: Path, upload: Upload, root: Path) -> ModelPackage:
    check_onnx(file, len(upload.schema), len(upload.outputs))
    try:
        predictor = OnnxPredictor(file, len(upload.outputs))
        together = predictor.predict(upload.rows[:_TRIED_ROWS])
        alone = np.concatenate([predictor.predict(row[None]) for row in upload.rows[:3]])
    except InvalidValue:
        raise
    except Exception as error:  # the runtime's errors have no common root
        rule = f"cannot be run ({str(error).splitlines()[0][:200].rstrip('.')})"
        raise InvalidValue("model file", "ONNX", rule, "try it with onnxruntime and export it again") from None
    check_answers(together, upload)
    if not np.allclose(together[:3], alone, atol=1e-4, rtol=1e-4):
        rule = "answers a row otherwise when others come with it"
        raise InvalidValue("model file", "ONNX", rule, "export it so that rows do not depend on each other")
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=root) as scratch:
        draft = Path(scratch) / "package"
        draft.mkdir()
        served = draft / FILE_NAMES["onnx"]
        shutil.copyfile(file, served)
        files = {served.name: sha256(served)}
        return place(draft, root, _manifest(upload, files))


def _package_skops(file: Path, file_name: str, upload: Upload, root: Path) -> ModelPackage:
    pipeline = load_untrusted_skops(file, file_name)
    method = "predict" if upload.task == "regression" else "predict_proba"
    if not hasattr(pipeline, method):
        rule = f"holds a {type(pipeline).__name__}, which has no {method}"
        raise InvalidValue("model file", file_name, rule, f"send a fitted model for a {upload.task} target")
    try:
        answers = np.asarray(getattr(pipeline, method)(upload.rows[:_TRIED_ROWS]), dtype=np.float64)
    except Exception as error:  # whatever a model may raise on rows that it was not made for
        rule = f"cannot answer rows of {len(upload.schema)} columns ({type(error).__name__}: {error})"
        raise InvalidValue(
            "model file", file_name, rule, "fit it to the features of the dataset, in their order"
        ) from None
    check_answers(answers.reshape(len(answers), -1), upload)
    return build_package(
        pipeline, upload.schema, upload.task, upload.target, upload.outputs, root, upload.rows, name=upload.name
    )


def load_untrusted_skops(file: Path, file_name: str) -> object:
    """Load a skops file of unknown origin, unless it holds a type that nobody vouches for; none of them is made."""
    import zipfile

    unpacked = sum(member.file_size for member in zipfile.ZipFile(file).infolist())
    if unpacked > _MAX_UNPACKED_BYTES:
        rule = f"unpacks to {unpacked / 1e6:,.0f} MB"
        raise InvalidValue("model file", file_name, rule, f"send at most {_MAX_UNPACKED_BYTES // 1_000_000} MB")
    try:
        unknown = untrusted_types(file)
    except Exception as error:  # a crafted schema can fail in any way
        rule = f"is no readable skops file ({type(error).__name__}: {str(error)[:200]})"
        raise InvalidValue("model file", file_name, rule, "save it again with skops.io.dump") from None
    if unknown:
        rule = f"holds types that are not vouched for ({', '.join(unknown)}), so it was not loaded"
        remedy = "export the model as ONNX; trees in particular hold indices that scikit-learn follows unchecked"
        raise InvalidValue("model file", file_name, rule, remedy)
    return load_skops(file)


def check_answers(answers: NDArray[np.floating], upload: Upload) -> None:
    """Raise `InvalidValue` unless answers (rows, outputs) are probabilities, or finite values for a regression."""
    rows, width = min(len(upload.rows), _TRIED_ROWS), len(upload.outputs)
    if answers.shape != (rows, width):
        rule = f"answered {rows} rows with shape {answers.shape}, not {(rows, width)}"
        raise InvalidValue("model file", upload.name, rule, f"send a model with outputs {', '.join(upload.outputs)}")
    if not np.isfinite(answers).all():
        raise InvalidValue(
            "model file", upload.name, "answers with values that are not finite", "mend it and try again"
        )
    if upload.task != "regression" and not _are_probabilities(answers):
        rule = "answers with numbers that are not probabilities: between 0 and 1, and 1 together"
        raise InvalidValue("model file", upload.name, rule, "add a softmax (or export predict_proba)")


def _are_probabilities(answers: NDArray[np.floating]) -> bool:
    return bool((answers > -1e-4).all() and np.allclose(answers.sum(axis=1), 1, atol=1e-3))


def _manifest(upload: Upload, files: Mapping[str, str]) -> Manifest:
    (served_hash,) = files.values()
    return Manifest(
        name=upload.name,
        version=served_hash[:12],
        task=upload.task,
        target=upload.target,
        schema=upload.schema,
        outputs=upload.outputs,
        format="onnx",
        files=files,
        versions=packaging_versions(),
        notes=("Uploaded as ONNX: there is no scikit-learn model to compare its answers with.",),
    )
