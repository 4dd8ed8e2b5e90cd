"""What the tree of a plan's calls must not be: too large, a cycle of waiting, or an avalanche of retries."""

from __future__ import annotations

from simulators.plan.errors import InvalidPlan
from simulators.plan.steps import Asynchronous, Guard, Step, Visit, inner_steps

MAX_STEPS = 4_000
MAX_DEPTH = 50
MAX_TRIES = 10_000
"""Of one step for one request; an outage would otherwise keep an engine busy with a single request for ever."""


def check_size(step: Step) -> None:
    """Refuse a tree too large or too deep to be walked."""
    stack, count = [(step, 1)], 0
    while stack:
        inner, depth = stack.pop()
        count += 1
        if depth > MAX_DEPTH or count > MAX_STEPS:
            raise InvalidPlan(
                "request",
                f"{count} steps, {depth} deep",
                f"must not exceed {MAX_STEPS:,} steps or be nested deeper than {MAX_DEPTH}",
                "summarise parts of it in one station",
            )
        stack += [(further, depth + 1) for further in inner_steps(inner)]


def check_cycles(request: Step) -> None:
    """Refuse workers that wait, occupied, for workers that wait for them: they could wait for ever."""
    waits: dict[str, set[str]] = {}
    _collect_waits(request, (), waits)
    done: set[str] = set()
    for name in waits:
        _follow(name, (), waits, done)


def check_tries(request: Step) -> None:
    """Refuse guards in guards whose retries multiply: k layers of r retries make (r + 1)^k tries at worst."""
    stack = [(request, 1)]
    while stack:
        step, tries = stack.pop()
        if isinstance(step, Guard) and step.retry is not None:
            tries *= step.retry.max_retries + 1
        if tries > MAX_TRIES:
            raise InvalidPlan(
                "max_retries",
                f"{tries:,} tries of one step at worst",
                f"must not multiply to more than {MAX_TRIES:,}, layer by layer",
                "retry in one layer only, or fewer times",
            )
        stack += [(inner, tries) for inner in inner_steps(step)]


def _collect_waits(step: Step, holding: tuple[str, ...], waits: dict[str, set[str]]) -> None:
    if isinstance(step, Asynchronous):
        holding = ()
    if isinstance(step, Visit):
        for holder in holding:
            waits.setdefault(holder, set()).add(step.station)
        holding = (*holding, step.station)
    for inner in inner_steps(step):
        _collect_waits(inner, holding, waits)


def _follow(name: str, path: tuple[str, ...], waits: dict[str, set[str]], done: set[str]) -> None:
    if name in path:
        cycle = " → ".join([*path[path.index(name) :], name])
        raise InvalidPlan(
            "calls",
            cycle,
            "form a cycle of workers that wait for each other",
            "call in sequence instead of inside a visit",
        )
    if name not in done:
        for further in sorted(waits.get(name, ())):
            _follow(further, (*path, name), waits, done)
        done.add(name)
