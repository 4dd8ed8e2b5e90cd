"""A scenario's TOML: reading with the place of what is wrong, writing in one fixed form."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w

from data.errors import InvalidScenario

MAX_CHARACTERS = 1_000_000
_AT = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)$")


def parse(text: str) -> dict[str, Any]:
    """The tables of a TOML text; a text that is none raises `InvalidScenario` with the line."""
    if len(text) > MAX_CHARACTERS:
        raise InvalidScenario(
            "scenario", f"{len(text):,} characters", f"is longer than {MAX_CHARACTERS:,}", "give long data as a file"
        )
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(text, str(error)) from None
    except RecursionError:
        raise InvalidScenario("scenario", text, "is nested too deeply", "a scenario has tables of values") from None


def read(path: Path) -> str:
    """A scenario file's text."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        cause = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InvalidScenario(
            "scenario file", str(path), f"cannot be read ({cause})", "name a TOML file saved as UTF-8"
        ) from None


def write(tables: Mapping[str, Any]) -> str:
    """TOML of a scenario's tables: what is None or empty is left out, each candidate has a block of its own."""
    whole: dict[str, Any] = _without_gaps(tables)
    candidates = whole.pop("candidates", [])
    return "\n".join([tomli_w.dumps(whole), *(_block(candidate) for candidate in candidates)])


def _block(candidate: dict[str, Any]) -> str:
    tables = {name: candidate.pop(name) for name, value in list(candidate.items()) if isinstance(value, Mapping)}
    text = "[[candidates]]\n" + tomli_w.dumps(candidate)
    return text + "".join(f"\n[candidates.{name}]\n{tomli_w.dumps(table)}" for name, table in tables.items() if table)


def _without_gaps(value: Any) -> Any:
    if isinstance(value, Mapping):
        inner = {name: _without_gaps(item) for name, item in value.items()}
        return {name: item for name, item in inner.items() if item is not None and item != {}}
    return [_without_gaps(item) for item in value] if isinstance(value, list | tuple) else value


def _not_toml(text: str, message: str) -> InvalidScenario:
    place = _AT.search(message)
    lines = text.split("\n")
    line = int(place[1]) if place and place[1] else len(lines)
    says = _AT.sub("", message)
    return InvalidScenario("scenario", lines[line - 1], f"is not TOML ({says})", "mend this line", line)
