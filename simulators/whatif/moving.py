"""A handful of requests on their way through the plan, moment by moment: what an animation or a table shows."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from data.workloads.contract import OpenSchedule
from simulators.runs.result import SimulationResult
from simulators.runs.waterfall import Span
from simulators.whatif.planning import Asked
from simulators.whatif.running import run, schedule_of

REQUESTS = 60
Doing = Literal["travels", "waits", "is served", "rests", "returns"]
"""rests: it is delayed where it is, between two calls."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a request does for a while."""

    request: int
    doing: Doing
    station: str
    """Where, or where to or from."""
    from_s: float
    until_s: float
    """Seconds since the run began."""


@dataclass(frozen=True, slots=True)
class Movement:
    """Requests that follow one another, at a moment of the run that is worth a look."""

    steps: tuple[Step, ...]
    """In order of their beginning."""
    from_s: float
    until_s: float
    ends_s: dict[int, float]
    """Request to when it was over."""
    why: str
    """Why this moment."""


def moving(asked: Asked, seen: SimulationResult, requests: int = REQUESTS) -> Movement:
    """The requests around the moment at which most wait (in a steady run, from its middle on)."""
    schedule = schedule_of(asked)
    assert isinstance(schedule, OpenSchedule)
    at_s, why = _moment(asked, seen)
    first = min(int(np.searchsorted(schedule.at_s, at_s)), max(len(schedule) - requests, 0))
    numbers = range(first, min(first + requests, len(schedule)))
    watched = run(asked, watch=tuple(numbers))
    steps = [step for number in numbers for step in _steps(number, watched.waterfall(number))]
    ends = {number: max((s.until_s for s in steps if s.request == number), default=math.nan) for number in numbers}
    ends = {number: end for number, end in ends.items() if math.isfinite(end)}
    begin = min((step.from_s for step in steps), default=at_s)
    return Movement(
        tuple(sorted(steps, key=lambda s: (s.from_s, s.request))), begin, max(ends.values(), default=begin), ends, why
    )


def _moment(asked: Asked, seen: SimulationResult) -> tuple[float, str]:
    line = seen.timeline
    waiting = np.sum(list(line.waiting.values()), axis=0) + np.sum(list(line.starting.values()), axis=0)
    if asked.preset.steady or not len(waiting) or not waiting.max() > 0:
        return float(line.begin_s[len(line.begin_s) // 2]), "from the middle of the run"
    # A little before the peak: one sees the line grow.
    place = int(np.argmax(waiting >= 0.5 * waiting.max()))
    return float(line.begin_s[place]), "from when the line has grown to half of its longest"


def _steps(number: int, spans: tuple[Span, ...]) -> list[Step]:
    found: list[Step] = []
    first = spans[0].station if spans else ""
    for place, span in enumerate(spans):
        served = not math.isnan(span.start_s)
        left_s = span.end_s if not math.isnan(span.end_s) else span.arrive_s
        moments: list[tuple[Doing, float, float]] = [("travels", span.sent_s, span.arrive_s)]
        moments.append(("waits", span.arrive_s, span.start_s if served else left_s))
        if served:
            moments.append(("is served", span.start_s, left_s))
        rests = span.station == first and place < len(spans) - 1  # only its last answer goes back to the user
        moments.append(("rests" if rests else "returns", left_s, span.back_s))
        found += [Step(number, doing, span.station, a, b) for doing, a, b in moments if b > a]
    return found
