"""Decisions as they are kept: one file a comparison and scenario, read by the page and the command alike."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from data.errors import DrydockError
from data.home import home
from data.scenario import Scenario
from simulators.decision.decision import Decision

_GROUP_CHARACTERS = frozenset("0123456789abcdefghijklmnopqrstuvwxyz_.-")


def keep_decision(decision: Decision) -> Path:
    """Keep it beside the others; the file appears whole or not at all."""
    path = _path(decision.group, decision.scenario)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    # Python's own JSON keeps an infinite end of an interval, which other writers turn into nothing.
    partial.write_text(json.dumps(_adapter().dump_python(decision, mode="json")), encoding="utf-8")
    partial.replace(path)
    return path


def kept_decision(group: str, scenario: Scenario) -> Decision | None:
    """The decision for these runs and this scenario; None where none was made, or by another version of Drydock."""
    path = _path(group, scenario.to_toml())
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, ValueError, DrydockError):
        return None


def to_dict(decision: Decision) -> dict[str, Any]:
    """Plain values, for JSON; what is not finite is None."""
    found: dict[str, Any] = json.loads(_adapter().dump_json(decision))
    return found


@lru_cache(maxsize=32)
def _read(path: Path, _modified_ns: int) -> Decision:
    found: Decision = _adapter().validate_python(json.loads(path.read_text(encoding="utf-8")))
    return found


@lru_cache(maxsize=1)
def _adapter() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Decision)


def _path(group: str, scenario: str) -> Path:
    safe = "".join(c for c in group.lower() if c in _GROUP_CHARACTERS)[:64] or "none"
    return home() / "decisions" / safe / f"{hashlib.sha256(scenario.encode()).hexdigest()[:16]}.json"
