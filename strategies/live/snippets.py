"""The exact line that asks a live deployment for a prediction, to be pasted into a shell."""

import json
import shlex
from collections.abc import Mapping
from typing import Any

from strategies.packaging.package import Manifest, ModelPackage


def example_record(manifest: Manifest) -> dict[str, Any]:
    """A record that the model can answer: a held-out row where the package keeps one, else one that it could have."""
    return {
        feature.name: manifest.example.get(feature.name, feature.categories[0] if feature.categories else 1.0)
        for feature in manifest.schema.features
    }


def curl_line(port: int, record: Mapping[str, object]) -> str:
    """Asks a server on this machine, over HTTP."""
    body = json.dumps({"record": dict(record)}, ensure_ascii=False)
    return f"curl -s http://127.0.0.1:{port}/predict -H 'content-type: application/json' -d {shlex.quote(body)}"


def python_lines(package: ModelPackage, record: Mapping[str, object]) -> str:
    """Asks a model inside one's own Python program."""
    return "\n".join(
        (
            "from pathlib import Path",
            "",
            "from strategies.packaging.package import ModelPackage",
            "from strategies.packaging.runtime import load_predictor",
            "",
            f"package = ModelPackage.open(Path({str(package.folder)!r}))",
            "predictor = load_predictor(package)",
            f"row = package.manifest.schema.encode_record({dict(record)!r})",
            "print(predictor.predict(row[None, :]))",
        )
    )
