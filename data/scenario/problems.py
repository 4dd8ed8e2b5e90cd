"""What is wrong with a scenario, in words: pydantic's findings as value, rule and remedy."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticUndefined

from data.errors import InvalidScenario
from data.scenario.lines import Path, line_of
from data.scenario.parts import PATTERNS

Fields = Mapping[str, FieldInfo]
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Problem:
    """One value that breaks a rule, and where it stands in the scenario's tables."""

    path: Path
    value: object
    rule: str
    remedy: str

    def error(self, raw: Mapping[str, Any], lines: Mapping[Path, int]) -> InvalidScenario:
        return InvalidScenario(
            dotted(self.path, raw), self.value, self.rule, self.remedy, line_of(lines, self.path) if lines else None
        )


# pydantic's error type to the rule that it stands for; braces take values from the error's context.
_RULES: Mapping[str, str] = {
    "greater_than": "must be above {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than": "must be below {lt:g}",
    "less_than_equal": "must be at most {le:g}",
    "finite_number": "must be finite",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be text",
    "string_too_short": "must have at least {min_length} character(s)",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} item(s)",
    "too_long": "must have at most {max_length} items",
    "missing": "must be given",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "dict_type": "must be a table",
    "mapping_type": "must be a table",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "literal_error": "must be one of {expected}",
}


def dotted(path: Path, raw: Mapping[str, Any]) -> str:
    """A path as people write it: a candidate goes by its name where it has one, otherwise by its place from 1.

    >>> dotted(("candidates", 0, "workers"), {"candidates": [{"name": "api"}]})
    'candidates.api.workers'
    """
    words: list[str] = []
    value: Any = raw
    for step in path:
        value = _inside(value, step)
        if isinstance(step, int):
            name = value.get("name") if isinstance(value, Mapping) else None
            step = name if isinstance(name, str) and name else str(step + 1)
        words.append(step)
    return ".".join(words) or "scenario"


def problems_of(
    found: Iterable[ErrorDetails], raw: Mapping[str, Any], fields_at: Mapping[Path, Fields]
) -> list[Problem]:
    """pydantic's findings as problems, one a place (a value that fits none of several types counts once).

    Parameters
    ----------
    found
        What pydantic found.
    raw
        The tables that it was given.
    fields_at
        The fields that each table may have; a candidate's go by the path ``("candidates", 0)``.
    """
    grouped: dict[Path, list[ErrorDetails]] = {}
    for details in found:
        grouped.setdefault(_path(details, raw), []).append(details)
    # A list that lost its faulty items can look too short: what is wrong inside says enough.
    inner = {path[:length] for path in grouped for length in range(len(path))}
    return [_problem(path, errors, fields_at) for path, errors in grouped.items() if path not in inner]


def unknown_key(path: Path, value: object, known: Iterable[str]) -> Problem:
    """A key that nothing reads, with the nearest that something does."""
    names = sorted(known)
    near = difflib.get_close_matches(str(path[-1]), names, n=1)
    remedy = f"perhaps you mean {near[0]}" if near else f"choose one of {', '.join(names)}, or remove it"
    return Problem(path, value, "is not a known key", remedy)


def _path(details: ErrorDetails, raw: Mapping[str, Any]) -> Path:
    # A union adds the name of the type it tried, which is no key of the scenario.
    path: Path = ()
    value: Any = raw
    for step in details["loc"]:
        inner = _inside(value, step)
        if inner is _ABSENT and details["type"] != "missing":
            break
        path, value = (*path, step), inner
    return path


def _inside(value: Any, step: str | int) -> Any:
    try:
        return value[step]
    except (KeyError, IndexError, TypeError):
        return _ABSENT


def _problem(path: Path, errors: list[ErrorDetails], fields_at: Mapping[Path, Fields]) -> Problem:
    first = errors[0]
    # All candidates share their fields.
    table = tuple(0 if isinstance(step, int) else step for step in path[:-1])
    fields = fields_at.get(table, {})
    if first["type"] == "extra_forbidden":
        return unknown_key(path, first["input"], fields)
    rules = list(dict.fromkeys(_rule(error) for error in errors))
    value = None if first["type"] == "missing" else first["input"]
    field = fields.get(str(path[-1])) if path else None
    return Problem(path, value, _joined(rules), str(first.get("ctx", {}).get("remedy", "")) or _remedy(field))


def _rule(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    if error["type"] == "string_pattern_mismatch":
        return PATTERNS.get(context["pattern"], "must match {pattern}").format(**context)
    if error["type"] in _RULES:
        return _RULES[error["type"]].format(**context)
    return error["msg"].removeprefix("Value error, ").rstrip(".")


def _joined(rules: list[str]) -> str:
    first, *others = rules
    *middle, last = [first, *(rule.removeprefix("must be ") for rule in others)]
    return f"{', '.join(middle)} or {last}" if middle else last


def _remedy(field: FieldInfo | None) -> str:
    if field is None:
        return "change or remove it"
    default = field.get_default(call_default_factory=True, validated_data={})
    usual = "" if default in (PydanticUndefined, None, "", {}) else f" (the default is {_written(default)})"
    meaning = (field.description or "a value as the example scenarios have it").rstrip(".")
    return f"give {meaning[0].lower()}{meaning[1:]}{usual}"


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
