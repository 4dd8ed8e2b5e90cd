"""An embedded model as a Python package, which the application that it is embedded in installs."""

import json

from simulators.shipping.contract import FileKind, Files
from simulators.shipping.shipment import Shipment
from strategies.containers.closure import ROOT, closure
from strategies.containers.requirements import BY_FORMAT, locked
from strategies.packaging.package import MANIFEST

FOLDER = "library"
_MODULES = ("strategies.packaging.runtime", "strategies.packaging.package")
_PROJECT = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "{name}"
version = "0+{version}"
description = "{name}, a model that predicts {target}"
requires-python = ">=3.11"
dependencies = [
{dependencies}]

[tool.setuptools]
packages = [{packages}]

[tool.setuptools.package-data]
{module} = ["package/*"]
"""
_MODULE = '''\
"""Predicts {target}: ``predict({{...}})`` answers a record with the model that this package holds."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import Predictor, load_predictor


@cache
def _loaded() -> tuple[ModelPackage, Predictor]:
    package = ModelPackage.open(Path(__file__).parent / "package")
    return package, load_predictor(package)


def predict(record: dict[str, Any]) -> dict[str, float]:
    """Outputs by name: a probability for each class, or the value."""
    package, predictor = _loaded()
    row = package.manifest.schema.encode_record(record)
    (outputs,) = predictor.predict(np.asarray(row, np.float32).reshape(1, -1))
    return dict(zip(package.manifest.outputs, map(float, outputs), strict=True))
'''


class Library(FileKind):
    title = "Python package"
    summary = (
        "The model with what it takes to predict, to be installed into the application that it is embedded in. A new "
        "model is a new version of the package, and reaches users with the application's next release."
    )
    strategies = ("embedded",)
    use = f"pip wheel --no-deps {FOLDER}"

    def files(self, shipment: Shipment) -> Files:
        package = shipment.package
        module = shipment.name.replace("-", "_")
        needed = [path.relative_to(ROOT) for path in closure(_MODULES)]
        packages = sorted({path.parent.as_posix().replace("/", ".") for path in needed} | {module})
        lines = locked(("numpy", "onnxruntime", *BY_FORMAT.get(package.manifest.format, ()))).splitlines()
        fields = {
            "name": shipment.name, "version": shipment.version, "module": module, "target": package.manifest.target,
            "dependencies": "".join(f"  {json.dumps(line.strip())},\n" for line in lines),
            "packages": ", ".join(f'"{each}"' for each in packages),
        }  # fmt: skip
        files = {
            f"{FOLDER}/pyproject.toml": _PROJECT.format(**fields).encode(),
            f"{FOLDER}/{module}/__init__.py": _MODULE.format(**fields).encode(),
        }
        files |= {f"{FOLDER}/{path.as_posix()}": (ROOT / path).read_bytes() for path in needed}
        for name in (MANIFEST, *package.manifest.files):
            files[f"{FOLDER}/{module}/package/{name}"] = (package.folder / name).read_bytes()
        return files
