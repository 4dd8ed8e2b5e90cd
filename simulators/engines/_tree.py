"""The plan's tree of calls with its steps numbered, parents first, as ties and random streams refer to them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from simulators.plan import Step, Visit, inner_steps


@dataclass(frozen=True, slots=True)
class Node:
    """One step at its place in the tree. (The same `Step` object may stand at several places.)"""

    number: int
    """Its place, counted from 0, parents before what is inside them."""
    step: Step
    inner: tuple[Node, ...]
    source: str
    """Whose randomness it draws from: the station's name, or the kind of step."""
    occurrence: int
    """How many steps before it share that source."""


def number_steps(request: Step) -> Node:
    """The tree of a plan's request, numbered."""
    return _number(request, Counter(), Counter())


def all_nodes(root: Node) -> list[Node]:
    """Every node by its number."""
    found = [root]
    for inner in root.inner:
        found += all_nodes(inner)
    return found


def _number(step: Step, seen: Counter[str], count: Counter[str]) -> Node:
    number = count.total()
    count["steps"] += 1
    source = step.station if isinstance(step, Visit) else f"[{type(step).__name__.lower()}]"
    occurrence = seen[source]
    seen[source] += 1
    return Node(number, step, tuple(_number(inner, seen, count) for inner in inner_steps(step)), source, occurrence)
