"""Faults by name, with settings as plain values."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from data.discovery import kind, kinds
from data.errors import InvalidValue
from strategies.releases.faults.contract import Fault

FAMILY = "strategies.releases.faults"


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
