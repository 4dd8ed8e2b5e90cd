"""Faults by name, with settings as plain values."""

import time
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.discovery import kind, kinds
from data.errors import InvalidValue
from strategies.releases.faults.contract import Fault, Predict, segment_limit

FAMILY = "strategies.releases.faults"
_SEGMENT = 0.35
_SLOW_S = 0.02
_TRIES = 20


def faults() -> Mapping[str, type[Fault]]:
    """Every fault, by name."""
    return kinds(FAMILY, Fault)


def make_fault(name: str, settings: Mapping[str, Any]) -> Fault:
    """The fault of that name; `InvalidValue` for a setting that it does not have."""
    cls = kind(FAMILY, Fault, name)
    known = [f.name for f in fields(cls) if f.init]
    for setting, value in settings.items():
        if setting not in known:
            choices = ", ".join(known) or "(it has none)"
            raise InvalidValue(setting, value, f"is not a setting of fault {name}", f"choose from {choices}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidValue(setting, value, "must be a number", f"{name} takes {choices_of(cls)}")
    made: Fault = cls(**settings)
    return made


def choices_of(cls: type[Fault]) -> str:
    return ", ".join(f"{f.name} ({f.default})" for f in fields(cls) if f.init)


def suited(name: str, rows: NDArray[np.float32], predict: Predict) -> dict[str, float]:
    """Settings under which a fault shows on these rows (rows, features): about a third of them, or 20 ms an answer."""
    feature = int(np.argmax([len(np.unique(column[~np.isnan(column)])) for column in rows.T]))
    if name in ("errors", "wrong"):
        return {"feature": feature, "above": segment_limit(rows, feature, _SEGMENT)}
    if name == "stale":
        return {"feature": feature}
    if name == "slower":
        predict(rows[:1])
        began_s = time.perf_counter()
        for _ in range(_TRIES):
            predict(rows[:1])
        return {"times": int(np.clip(_SLOW_S * _TRIES / (time.perf_counter() - began_s), 2, 10_000))}
    return {}
