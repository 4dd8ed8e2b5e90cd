"""What would flip the choice: for every input the value at which another candidate is chosen, and how far it is."""

import math
from collections.abc import Callable, Iterable

from data.errors import Cancelled
from simulators.decision.inputs import inputs_of
from simulators.decision.question import Question
from simulators.decision.switches import Flip, Input, Switch, TwoWay

FURTHEST = 1_000.0
"""An input is moved by no more than this factor."""
MARGIN = 0.01
"""On either side of a switching value, by this share, the choice is as it says."""
_GRID = (
    1.01, 1.02, 1.04, 1.07, 1.1, 1.15, 1.2, 1.3, 1.4, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0,
    50.0, 100.0, 200.0, 500.0, FURTHEST,
)  # fmt: skip
_STEPS, _EXACT = 30, 5e-5
Ask = Callable[[float], str]


def flips(question: Question, cancelled: Callable[[], bool] | None = None) -> tuple[Flip, ...]:
    """Every input's switching values, the nearest first. The tornado is this, drawn."""
    chosen = question.winner()
    found: list[Flip] = []
    for each in inputs_of(question):
        if cancelled is not None and cancelled():
            raise Cancelled("The decision was cancelled.")
        found.append(flip(question, each, chosen))
    return tuple(sorted(found, key=lambda one: one.distance))


def flip(question: Question, each: Input, chosen: str) -> Flip:
    """Where moving one input alone changes the choice."""

    def ask(factor: float) -> str:
        return question.winner({each.name: factor})

    down = _switch(ask, chosen, (1 / step for step in _GRID))
    up = _switch(ask, chosen, iter(_GRID))
    return Flip(each, _valued(down, each), _valued(up, each))


def _switch(ask: Ask, chosen: str, factors: Iterable[float]) -> tuple[float, str] | None:
    """The nearest factor beyond which another is chosen, and stays so for a share of `MARGIN` at least."""
    before = 1.0
    for factor in factors:
        if ask(factor) == chosen:
            before = factor
            continue
        at = _edge(ask, chosen, before, factor)
        beyond = at * (1 + MARGIN) if factor > 1 else at * (1 - MARGIN)
        within = at * (1 - MARGIN) if factor > 1 else at * (1 + MARGIN)
        if ask(beyond) != chosen and (ask(within) == chosen or (within - 1) * (factor - 1) <= 0):
            return at, ask(beyond)
        before = factor
    return None


def _edge(ask: Ask, chosen: str, inside: float, outside: float) -> float:
    """Between a factor at which it is still chosen and one at which it is not, by halving."""
    low, high = math.log(inside), math.log(outside)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if ask(math.exp(middle)) == chosen else (low, middle)
        if abs(high - low) < _EXACT:
            break
    return math.exp(high)


def _valued(found: tuple[float, str] | None, each: Input) -> Switch | None:
    return None if found is None else Switch(found[0], found[0] * each.now, found[1])


def two_way(question: Question, found: tuple[Flip, ...], points: int = 13) -> TwoWay | None:
    """A map of the two inputs that are nearest to flipping the choice; None where fewer than two do."""
    near = [one for one in found if one.nearest is not None][:2]
    if len(near) < 2:
        return None
    across, along = near
    xs, ys = (_around(one, points) for one in near)
    chosen = tuple(tuple(question.winner({across.input.name: x, along.input.name: y}) for x in xs) for y in ys)
    return TwoWay(across.input, along.input, xs, ys, chosen)


def _around(one: Flip, points: int) -> tuple[float, ...]:
    """Factors on both sides of 1, as far again beyond the switch as it is away."""
    reach = max(2 * one.distance, math.log(1.5))
    half = points // 2
    return tuple(math.exp(reach * i / half) for i in range(-half, half + 1))
