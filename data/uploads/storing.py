"""Uploads kept in the state folder: a folder each, with its rows as Parquet and what they mean as JSON."""

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
import pandera.pandas as pa

from data.datasets.contract import Dataset, Target
from data.discovery import kinds
from data.errors import InvalidValue, UnknownKind
from data.home import home
from data.naming import check_name
from data.schema import Schema
from data.uploads.choosing import Choice, Chosen, choose
from data.uploads.reading import UploadedTable

ROWS, ABOUT = "rows.parquet", "upload.json"


class Upload(Dataset):
    """A stored upload; everywhere what a shipped dataset is.

    Raises `InvalidValue` when its folder does not hold what was stored.
    """

    def __init__(self, folder: Path) -> None:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        target = about["target"]
        self._folder = folder
        self.title = about["title"]
        self.description = about["description"]
        self.source = f"Uploaded file {about['file']}"
        self.licence = "As the owner of the file has it"
        self.content_hash = about["content_hash"]
        self.schema = Schema.from_dict(about["schema"])
        self.targets = (Target(**{**target, "classes": tuple(target["classes"])}),)
        self.time_column = about["time_column"]
        self.group_column = about["group_column"]
        self.contract = _contract(self)
        self.left_out: dict[str, int] = about["left_out"]
        """Rows of the file that are not among the dataset's, by reason."""

    @property
    def name(self) -> str:
        return self._folder.name

    def load(self) -> pd.DataFrame:
        return _loaded(self._folder, self.content_hash).copy(deep=False)


def upload_names() -> tuple[str, ...]:
    """Names of all uploads, sorted."""
    return tuple(sorted(path.parent.name for path in _folder().glob(f"*/{ABOUT}") if path.parent.name[0] != "."))


def open_upload(name: str) -> Upload:
    """The upload of that name."""
    if name not in upload_names():
        raise UnknownKind("upload", name, upload_names())
    return Upload(_folder() / name)


def store_upload(table: UploadedTable, name: str, choice: Choice, *, title: str = "", description: str = "") -> Upload:
    """Keep a table under a name that a scenario can use; it is there whole or not at all.

    Raises what `choose` raises, and `InvalidValue` for a name that is not of the form, or taken.
    """
    check_name(name, _taken())
    chosen = choose(table, choice)
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=".", dir=folder))
    try:
        chosen.rows.to_parquet(partial / ROWS, compression="zstd", index=False)
        about = _about(chosen, choice, table, title or name, description)
        about["content_hash"] = hashlib.sha256((partial / ROWS).read_bytes()).hexdigest()
        (partial / ABOUT).write_text(json.dumps(about, indent=2), encoding="utf-8")
        _read_rows(partial, about["content_hash"])  # what cannot be opened again must not be kept
        partial.chmod(0o755)
        os.rename(partial, folder / name)
    except OSError as error:
        check_name(name, _taken())  # somebody else took it in the meantime
        raise InvalidValue("name", name, f"cannot be stored ({error})", "look at the state folder") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return Upload(folder / name)


def delete_upload(name: str) -> None:
    """Remove an upload and its rows."""
    folder = open_upload(name)._folder
    gone = folder.with_name(f".{name}.deleted")
    os.rename(folder, gone)
    shutil.rmtree(gone)


def _folder() -> Path:
    return home() / "uploads"


def _taken() -> set[str]:
    return {*kinds("data.datasets", Dataset), *upload_names()}  # type: ignore[type-abstract]


def _about(chosen: Chosen, choice: Choice, table: UploadedTable, title: str, description: str) -> dict[str, Any]:
    return {
        "title": title,
        "description": description or f"{len(chosen.rows):,} rows of {table.file}, to predict {choice.target}.",
        "file": table.file,
        "schema": chosen.schema.to_dict(),
        "target": asdict(chosen.target),
        "time_column": choice.time_column,
        "group_column": choice.group_column,
        "left_out": {"malformed": chosen.malformed, "without target, time or group": chosen.incomplete},
    }


def _contract(upload: Upload) -> pa.DataFrameSchema:
    columns: dict[str, pa.Column] = {}
    for feature in upload.schema.features:
        if feature.kind == "number":
            columns[feature.name] = pa.Column("float64", nullable=feature.nullable)
        else:
            columns[feature.name] = pa.Column("category", pa.Check.isin(feature.categories), nullable=feature.nullable)
    for target in upload.targets:
        if target.task == "regression":
            columns[target.column] = pa.Column("float64")
        else:
            columns[target.column] = pa.Column("int64", pa.Check.in_range(0, len(target.classes) - 1))
    for name in (upload.time_column, upload.group_column):
        if name:
            columns[name] = pa.Column()
    return pa.DataFrameSchema(columns, strict=True)


@lru_cache(maxsize=4)
def _loaded(folder: Path, content_hash: str) -> pd.DataFrame:
    return _read_rows(folder, content_hash)


def _read_rows(folder: Path, content_hash: str) -> pd.DataFrame:
    content = (folder / ROWS).read_bytes()
    if hashlib.sha256(content).hexdigest() != content_hash:
        raise InvalidValue("upload", folder.name, "is not what was stored", "delete it and upload the file again")
    return Upload(folder).contract.validate(pd.read_parquet(folder / ROWS))
