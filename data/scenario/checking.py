"""From tables to a scenario, with everything that is wrong said at once."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from data.discovery import kind
from data.errors import InvalidScenario, InvalidValue, UnknownKind
from data.scenario.lines import Path
from data.scenario.parts import Candidate, Sizing
from data.scenario.problems import Fields, Problem, problems_of
from data.workloads.contract import Workload
from data.workloads.poisson import Poisson

if TYPE_CHECKING:
    from data.scenario.model import Scenario

_NO_LINES: Mapping[Path, int] = {}
_KIND = FieldInfo(annotation=str, default="poisson", description="A kind of traffic in data/workloads/.")


def workload_of(table: Mapping[str, Any]) -> Workload:
    """The workload that a table with its `kind` describes; without a kind it is Poisson traffic."""
    fields = dict(table)
    return workload_kind(fields.pop("kind", _KIND.default)).model_validate(fields)


def workload_kind(name: object) -> type[Workload]:
    """The class of that kind of workload; `UnknownKind` lists the valid names."""
    return kind("data.workloads", Workload, str(name))  # type: ignore[type-abstract]


def checked(cls: "type[Scenario]", raw: Mapping[str, Any], lines: Mapping[Path, int] = _NO_LINES) -> "Scenario":
    """The scenario of tables of plain values.

    Parameters
    ----------
    cls
        The scenario's class.
    raw
        The tables, as TOML gives them.
    lines
        Line of each key, where they come from a text.

    Raises
    ------
    InvalidScenario
        The first thing wrong, in the order of lines; its message tells all others too, and `others` holds them.
    """
    scenario, problems = examined(cls, raw)
    if scenario is None:
        raise gathered(problems, raw, lines)
    return scenario


def gathered(
    problems: Iterable[Problem], raw: Mapping[str, Any], lines: Mapping[Path, int] = _NO_LINES
) -> InvalidScenario:
    """The first of one or several problems, in the order of lines, with the others."""
    errors = sorted((problem.error(raw, lines) for problem in problems), key=lambda error: error.line or 0)
    first, *others = errors
    return InvalidScenario(first.name, first.value, first.rule, first.remedy, first.line, tuple(others))


def examined(cls: "type[Scenario]", raw: Mapping[str, Any]) -> "tuple[Scenario | None, list[Problem]]":
    """The scenario of tables of plain values, or None and what is wrong with them."""
    prepared, problems = dict(raw), list(_repeated_names(raw))
    if isinstance(raw.get("workload"), Mapping):
        prepared["workload"], wrong = _workload(raw["workload"])
        problems += wrong
    try:
        scenario = cls.model_validate(prepared)
        return (None if problems else scenario), problems
    except ValidationError as error:
        found = [e for e in error.errors(include_url=False) if e["type"] != "repeated_name"]
        return None, problems + problems_of(found, raw, _fields_at(cls))


def _repeated_names(raw: Mapping[str, Any]) -> Iterator[Problem]:
    """Candidates named like an earlier one; `Scenario` checks it too, and cannot tell which one it is."""
    candidates = raw.get("candidates")
    seen: set[str] = set()
    for place, candidate in enumerate(candidates if isinstance(candidates, list | tuple) else ()):
        name = candidate.get("name") if isinstance(candidate, Mapping) else getattr(candidate, "name", None)
        if isinstance(name, str) and name in seen:
            path: Path = ("candidates", place, "name")
            yield Problem(path, name, "is another candidate's name too", "give each candidate a name of its own")
        seen.add(str(name))


def _workload(table: Mapping[str, Any]) -> tuple[Workload, list[Problem]]:
    """The workload and no problem, or some workload and what is wrong with the table."""
    # Checked by itself, because pydantic would report the errors of a class chosen at run time as one text.
    place: Path = ("workload",)
    try:
        return workload_of(table), []
    except UnknownKind as error:
        remedy = f"choose one of {', '.join(error.known)}"
        return Poisson(), [Problem((*place, "kind"), table.get("kind"), "is not a kind of workload", remedy)]
    except InvalidValue as error:
        path = (*place, error.name) if error.name in table else place
        return Poisson(), [Problem(path, error.value, error.rule, error.remedy)]
    except ValidationError as error:
        found = error.errors(include_url=False)
        for details in found:
            details["loc"] = (*place, *details["loc"])
        fields = workload_kind(table.get("kind", _KIND.default)).model_fields | {"kind": _KIND}
        return Poisson(), problems_of(found, {"workload": table}, {place: fields})


def _fields_at(cls: type[BaseModel]) -> dict[Path, Fields]:
    tables: dict[Path, Fields] = {
        (): cls.model_fields,
        ("candidates", 0): Candidate.model_fields,
        ("candidates", 0, "sizing"): Sizing.model_fields,
    }
    for name, field in cls.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            tables[(name,)] = field.annotation.model_fields
    return tables
