"""What a worker is told to do."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from data.errors import InvalidValue


@dataclass(frozen=True, slots=True)
class Order:
    """What to run."""

    id: str
    function: str
    """Module and name, as in ``package.module:function``."""
    payload: dict[str, Any]
    path: tuple[str, ...]
    """Where the parent finds its modules."""
    lock: str
    """File to lock while it runs; empty for a job that needs no machine of its own."""
    folder: str
    """The job's folder for temporary files, to be removed if the parent can no longer do so."""


def name_of(function: Callable[..., Any]) -> str:
    """How another process finds the function: ``package.module:function``."""
    name = f"{function.__module__}:{function.__qualname__}"
    if function.__module__ == "__main__" or "<" in name:
        raise InvalidValue("job", name, "cannot be found by another process", "give a function at a module's top level")
    return name


def plain(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The payload as the worker will read it."""
    try:
        return dict(json.loads(json.dumps(payload)))
    except (TypeError, ValueError) as error:
        raise InvalidValue("payload", payload, f"is not of JSON's types ({error})", "give texts and numbers") from None
