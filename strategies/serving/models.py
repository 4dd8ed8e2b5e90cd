"""The versions of a model that a server holds in memory, and which of them answers."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from data.errors import InvalidValue
from data.schema import Schema
from strategies.packaging.package import Manifest, ModelPackage
from strategies.packaging.runtime import load_predictor
from strategies.serving.problems import Problem

KEPT = 3
"""Versions that stay addressable: the current one and the latest before it."""
_PROBE_ROWS = 64

Predict = Callable[[NDArray[np.float32]], NDArray[np.float32]]


class Served:
    """One version, loaded and warmed up."""

    def __init__(self, manifest: Manifest, predict: Predict) -> None:
        self.manifest = manifest
        self.name, self.version, self.schema = manifest.name, manifest.version, manifest.schema
        self.predict = predict
        """Encoded rows (n, features) to outputs (n, k)."""
        self.label_json = [orjson.dumps(label) for label in manifest.outputs]
        self.memo: dict[str, bytes] = {}
        """Parts of answers that protocols make once for each version."""
        self.header = (b"x-drydock-version", manifest.version.encode())
        self.fixed_s, self.per_row_s = _measure(predict, len(manifest.schema))
        """What a prediction takes whatever its size, and for each row besides; rough, for choosing where to run it."""

    @classmethod
    def load(cls, package: ModelPackage) -> "Served":
        return cls(package.manifest, load_predictor(package).predict)

    def label_index(self, outputs: NDArray[np.float32]) -> int:
        """Which class one row's probabilities (k,) mean: by the threshold where there are two, else the likeliest."""
        if len(outputs) == 2:
            return int(outputs[1] >= self.manifest.threshold)
        return int(outputs.argmax())


class Models:
    """The versions of one model. A change of version is one assignment, so every request sees one or the other."""

    def __init__(self, first: Served) -> None:
        self.name = first.name
        self.current = first
        self._versions = {first.version: first}  # in the order in which they became current

    @property
    def versions(self) -> tuple[str, ...]:
        """Those that can be addressed, the latest last."""
        return tuple(self._versions)

    def find(self, name: str | None = None, version: str | None = None) -> Served:
        """The version asked for, or the current one; a 404 for what is not here."""
        if name is not None and name != self.name:
            raise _unknown("model", name, self.name)
        if version is None:
            return self.current
        found = self._versions.get(version)
        if found is None:
            raise _unknown("version", version, ", ".join(self._versions))
        return found

    def use(self, served: Served) -> None:
        """Answer with this version from now on; the oldest beyond `KEPT` is let go."""
        kept = {v: s for v, s in self._versions.items() if v != served.version} | {served.version: served}
        self._versions = dict(list(kept.items())[-KEPT:])
        self.current = served

    def check_successor(self, manifest: Manifest) -> None:
        """`InvalidValue` unless every request that the current version answers is one to the new version too."""
        if manifest.name != self.name:
            raise InvalidValue("model", manifest.name, f"must be {self.name}", "deploy another model on its own")
        if manifest.outputs != self.current.manifest.outputs:
            raise InvalidValue("outputs", manifest.outputs, "differ from what clients read now", _SEPARATELY)
        _check_accepts(manifest.schema, self.current.schema)


_SEPARATELY = "deploy it beside this one, and let clients move over"


def _check_accepts(new: Schema, old: Schema) -> None:
    if new.names != old.names:
        raise InvalidValue("features", new.names, "differ from what clients send now", _SEPARATELY)
    for before, after in zip(old.features, new.features, strict=True):
        lost = sorted(set(before.categories) - set(after.categories))
        if before.kind != after.kind or lost or (before.nullable and not after.nullable):
            raise InvalidValue(before.name, lost or after.kind, "takes less than what clients send now", _SEPARATELY)


def _unknown(what: str, value: str, known: str) -> Problem:
    return Problem(
        404, f"Unknown {what}", f"{what} = {value[:120]!r} is not served here: ask for {known}.",
        field=what, value=repr(value[:120]), rule="is not served here", remedy=f"ask for {known}",
    )  # fmt: skip


def _measure(predict: Predict, width: int) -> tuple[float, float]:
    """Seconds of a prediction: the part that does not depend on its rows, and the part of each row."""
    one, many = np.zeros((1, width), np.float32), np.zeros((_PROBE_ROWS, width), np.float32)
    predict(one)  # the first call pays for what later ones reuse
    one_s, many_s = (min(_time(predict, rows) for _ in range(3)) for rows in (one, many))
    per_row_s = max(0.0, (many_s - one_s) / (_PROBE_ROWS - 1))
    return max(0.0, one_s - per_row_s), per_row_s


def _time(call: Callable[[Any], Any], argument: Any) -> float:
    begun_s = time.perf_counter()
    call(argument)
    return time.perf_counter() - begun_s
