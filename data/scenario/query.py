"""A scenario as parameters of a URL: only what differs from a base, one flat name for each value.

A candidate goes by its place from 1 (``candidates.2.workers=4``); ``candidates=3`` says how many there are where that
differs. A text stands as it is unless it reads as JSON; everything else is JSON.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from data.errors import InvalidScenario
from data.scenario.checking import workload_kind
from data.scenario.lines import Path
from data.scenario.parts import Candidate
from data.scenario.problems import Problem

if TYPE_CHECKING:
    from data.scenario.model import Scenario

Tables = dict[str, Any]
Examine = Callable[[Tables], "tuple[Scenario | None, list[Problem]]"]

_COUNT = "candidates"
_KIND = "workload.kind"
_MOST = 24


def difference(tables: Tables, base: Tables) -> dict[str, str]:
    """The parameters that turn `base` into `tables`."""
    ours, theirs = ({_name(path): _encoded(value) for path, value in _leaves(t)} for t in (tables, _like(base, tables)))
    changed = {name: text for name, text in ours.items() if theirs.get(name) != text}
    count = len(tables[_COUNT])
    return changed if count == len(base[_COUNT]) else {_COUNT: str(count)} | changed


def applied(parameters: Mapping[str, str], base: Tables, examine: Examine) -> "tuple[Scenario, list[InvalidScenario]]":
    """`base` with the parameters' changes, leaving out one by one those that cannot be used, and why each."""
    left, refused = dict(parameters), list[InvalidScenario]()
    while True:
        tables, problems = _merged(left, base)
        scenario = None
        if not problems:
            scenario, problems = examine(tables)
        if scenario is not None:
            return scenario, refused
        problem = problems[0]
        culprit = _culprit(_name(problem.path), left)
        refused.append(InvalidScenario(culprit, left.pop(culprit), problem.rule, problem.remedy))


def _leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif path == (_COUNT,):
        for place, candidate in enumerate(value):
            yield from _leaves(candidate, (*path, place))
    else:
        yield path, value


def _like(base: Tables, tables: Tables) -> Tables:
    """`base` with as many candidates as `tables`, and the defaults of its kind of workload."""
    extra = [Candidate(name="x", strategy="x").model_dump(exclude={"name", "strategy"})] * _MOST
    alike = base | {_COUNT: [*base[_COUNT], *extra][: len(tables[_COUNT])]}
    kind = tables["workload"]["kind"]
    if kind != base["workload"]["kind"]:
        alike["workload"] = workload_kind(kind).model_construct().model_dump(mode="json")
    return alike


def _merged(parameters: Mapping[str, str], base: Tables) -> tuple[Tables, list[Problem]]:
    tables, problems = deepcopy(base), []
    given = {name: _decoded(text) for name, text in parameters.items()}
    if given.get(_KIND, base["workload"]["kind"]) != base["workload"]["kind"]:
        tables["workload"] = {}
    count = given.pop(_COUNT, len(base[_COUNT]))
    if not isinstance(count, int) or not 1 <= count <= _MOST:
        return tables, [Problem((_COUNT,), count, "must be a whole number", f"give one from 1 to {_MOST}")]
    tables[_COUNT] = [*tables[_COUNT], *({} for _ in range(_MOST))][:count]
    for name, value in given.items():
        if not _placed(tables, _path(name), value):
            problems.append(Problem((name,), value, "names nothing in a scenario", "remove it"))
    return tables, problems


def _path(name: str) -> Path:
    first, *rest = name.split(".")
    if first == _COUNT and rest and rest[0].isdecimal():
        return first, int(rest[0]) - 1, *rest[1:]
    return first, *rest


def _name(path: Path) -> str:
    return ".".join(str(step + 1) if isinstance(step, int) else step for step in path)


def _placed(tables: Tables, path: Path, value: object) -> bool:
    """Set the value at that path; False where the path leads through something that is no table."""
    table: Any = tables
    for step in path[:-1]:
        if isinstance(step, int):
            table = table[step] if isinstance(table, list) and 0 <= step < len(table) else None
        else:
            table = table.setdefault(step, {}) if isinstance(table, dict) else None
    if isinstance(table, dict) and isinstance(path[-1], str):
        table[path[-1]] = value
        return True
    return False


def _culprit(name: str, left: Mapping[str, str]) -> str:
    """The parameter to blame for a problem at `name`: itself, one around it, else the last one given inside or near."""
    while name:
        if name in left:
            return name
        inside = [other for other in left if other.startswith(f"{name}.")]
        if inside:
            return inside[-1]
        name = name.rpartition(".")[0]
    return list(left)[-1]


def _encoded(value: object) -> str:
    if isinstance(value, str) and isinstance(_decoded(value), str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
