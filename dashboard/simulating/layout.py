"""Where the parts of a plan stand in its drawing: what users talk to on the left, what it calls on the right."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from data.estimates.text import digits
from simulators.plan import (
    Asynchronous,
    Cached,
    Choice,
    Guard,
    Law,
    Parallel,
    PerRequest,
    Plan,
    Scaling,
    Sequence,
    Step,
    Unit,
    Visit,
)
from simulators.plan.scaling import Autoscaled

WIDTH = 304
"""In pixels; two columns, so that letters stay legible on a screen 320 px wide."""
BOX_W, BOX_H, APART = 116, 66, 16
TOP = 58
_LEFT, _RIGHT = 60, 236
USER = "users"


@dataclass(frozen=True, slots=True)
class Box:
    """A station in its unit."""

    name: str
    x: float
    y: float
    """Of its middle."""
    replicas: str
    """How many there are, in a few signs: ×2, ×1–10."""
    workers: int | None
    """In each replica; None: nobody waits for one."""
    queued: bool
    """Whether requests may wait in line."""
    most: int
    """Replicas that there can be."""


@dataclass(frozen=True, slots=True)
class Call:
    """That requests go from one to another, and how."""

    start: str
    end: str
    said: str
    """A few signs beside the line."""
    awaited: bool = True


@dataclass(frozen=True, slots=True)
class Drawing:
    """Boxes by station, and calls."""

    boxes: Mapping[str, Box]
    calls: tuple[Call, ...]
    height: float


def lay_out(plan: Plan) -> Drawing:
    """Place every station of the plan."""
    calls = tuple(_distinct(plan))
    first = calls[0].end
    others = [station.name for station in plan.stations if station.name != first]
    height = TOP + max(len(others), 1) * (BOX_H + APART)
    middle = TOP + (max(len(others), 1) * (BOX_H + APART) - APART) / 2
    places = {first: (float(_LEFT if others else WIDTH / 2), middle)}
    places |= {name: (float(_RIGHT), TOP + BOX_H / 2 + i * (BOX_H + APART)) for i, name in enumerate(others)}
    return Drawing({name: _box(plan, name, *places[name]) for name in places}, calls, height)


def replicas(scaling: Scaling) -> str:
    """How many there are.

    >>> from simulators.plan import Fixed
    >>> replicas(Fixed(3))
    '×3'
    """
    if isinstance(scaling, PerRequest):
        return f"×0–{scaling.most:,}" if not scaling.provisioned else f"×{scaling.provisioned}–{scaling.most:,}"
    if isinstance(scaling, Autoscaled):
        return f"×{scaling.minimum}–{scaling.maximum}"
    return f"×{scaling.replicas}"


def milliseconds(law: Law) -> str:
    """A law's mean."""
    return f"{digits(law.mean_s * 1e3)} ms"


def _box(plan: Plan, name: str, x: float, y: float) -> Box:
    unit, station = plan.unit_of[name], plan.by_name[name]
    return Box(
        name, x, y, replicas(unit.scaling), station.workers, _queued(unit, station.queue_limit), unit.scaling.most
    )


def _queued(unit: Unit, limit: int | None) -> bool:
    return limit is None or limit > 0 or unit.cores is not None


def _distinct(plan: Plan) -> Iterator[Call]:
    """Each call once: a gateway that is returned to between calls is not called anew."""
    seen: set[tuple[str, str]] = set()
    for call in _calls(plan.request, USER, "", True, [])[0]:
        if (call.start, call.end) not in seen:
            seen.add((call.start, call.end))
            yield call


def _calls(step: Step, caller: str, said: str, awaited: bool, known: list[str]) -> tuple[list[Call], str]:
    """The calls in a step, and who calls what comes after it: the first station that was asked coordinates the rest."""
    match step:
        case Visit(station=name, hop=hop, inside=inside):
            words = ", ".join(part for part in (said, f"{milliseconds(hop)} each way" if hop else "") if part)
            found = [] if name in known else [Call(caller, name, words, awaited)]
            known.append(name)
            if inside is not None:
                found += _calls(inside, name, "", awaited, known)[0]
            return found, name if caller == USER else caller
        case Sequence(steps=inner) | Parallel(branches=inner):
            found = []
            for each in inner:
                more, after = _calls(each, caller, said, awaited, known)
                found += more
                caller = after if caller == USER else caller
            return found, caller
        case Choice(branches=options):
            found = []
            for share, each in options:
                found += _calls(each, caller, f"{share:.0%} of requests", awaited, known)[0]
            return found, caller
        case Cached(miss=miss, hit_share=hit):
            return _calls(miss, caller, f"{1 - hit:.0%} not in the cache", awaited, known)
        case Asynchronous(step=inner_step):
            return _calls(inner_step, caller, "not waited for", False, known)[0], caller
        case Guard(step=inner_step, timeout_s=timeout_s, retry=retry):
            guarded = [f"within {digits(timeout_s * 1e3)} ms"] if timeout_s else []
            guarded += [f"{retry.max_retries} retries"] if retry else []
            return _calls(inner_step, caller, ", ".join([*guarded, *([said] if said else [])]), awaited, known)
