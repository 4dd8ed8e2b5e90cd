"""A model package: the files of one trained model, and a manifest that says what they are."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from data.datasets.contract import Task
from data.errors import InvalidValue
from data.schema import Schema

Format = Literal["onnx", "skops"]
MANIFEST = "manifest.json"
FILE_NAMES: Mapping[str, str] = {"onnx": "model.onnx", "skops": "model.skops"}


@dataclass(frozen=True, slots=True)
class Parity:
    """How far the served format's answers lie from the fitted pipeline's, on held-out rows."""

    max_abs_difference: float
    rows: int
    label_agreement: float
    """Share of rows on which both name the same class; 1 for a regression that agrees to 1e-5 relative."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a package is, where it comes from and how good it was on held-out rows."""

    name: str
    version: str
    """First 12 hex digits of the SHA-256 of the served file."""
    task: Task
    target: str
    schema: Schema
    outputs: tuple[str, ...]
    """Class names in the order of the probabilities, or the target's name for a regression."""
    format: Format
    """The format it is served in."""
    files: Mapping[str, str]
    """File name to SHA-256 in hex."""
    algorithm: str = "uploaded"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    parity: Parity | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    """Software versions it was trained and packaged with."""
    data_hash: str = ""
    threshold: float = 0.5
    """Probability from which a binary model says yes."""
    example: Mapping[str, Any] = field(default_factory=dict)
    """A held-out row by feature name, for documentation to show."""
    notes: tuple[str, ...] = ()
    """What a reader must know, such as why ONNX could not be used."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"schema": self.schema.to_dict()}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "Manifest":
        parity = Parity(**value["parity"]) if value.get("parity") else None
        return cls(
            **{
                **value,
                "schema": Schema.from_dict(value["schema"]),
                "outputs": tuple(value["outputs"]),
                "notes": tuple(value.get("notes", ())),
                "parity": parity,
            }
        )


@dataclass(frozen=True, slots=True)
class ModelPackage:
    """A folder with a manifest and the files it lists."""

    folder: Path
    manifest: Manifest

    @property
    def version(self) -> str:
        return self.manifest.version

    @property
    def served_file(self) -> Path:
        return self.folder / FILE_NAMES[self.manifest.format]

    @classmethod
    def open(cls, folder: Path) -> "ModelPackage":
        """Read a package; every file must be there and have the hash that the manifest states."""
        path = folder / MANIFEST
        if not path.is_file():
            raise InvalidValue(
                "model package", str(folder), f"holds no {MANIFEST}", "choose a folder that Drydock packaged"
            )
        manifest = Manifest.from_dict(json.loads(path.read_text()))
        for name, expected in manifest.files.items():
            found = sha256(folder / name) if (folder / name).is_file() else "missing"
            if found != expected:
                raise InvalidValue(
                    name, found[:12], f"is not the file packaged ({expected[:12]})", "package the model again"
                )
        return cls(folder, manifest)


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
