"""What a task must be before an engine takes it: compiled code does not look where it writes."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from data.errors import InvalidValue
from data.workloads.contract import OpenSchedule, Schedule

if TYPE_CHECKING:
    from simulators.engines.contract import Variant


def check_numbers(**whole: object) -> None:
    """Whole numbers of 1 or more."""
    for name, value in whole.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise InvalidValue(name, value, "must be a whole number of 1 or more", "leave it out to take the default")


def check_schedule(schedule: Schedule) -> None:
    """Moments must ascend from 0 on, and thoughts must not be negative."""
    if not (schedule.duration_s > 0 and math.isfinite(schedule.duration_s)):
        raise InvalidValue("duration_s", schedule.duration_s, "must be above 0 and finite", "give seconds")
    moments = schedule.at_s if isinstance(schedule, OpenSchedule) else schedule.think_s
    name = "at_s" if isinstance(schedule, OpenSchedule) else "think_s"
    if moments.shape != schedule.row.shape:
        rule = f"must have as many entries as row, which has {schedule.row.shape}"
        raise InvalidValue(name, moments.shape, rule, "give each request one row")
    if moments.size == 0:
        return
    # One look at each is enough where they ascend: then none is NaN, and the ends are the least and the most.
    ascend = isinstance(schedule, OpenSchedule) and bool((moments[1:] >= moments[:-1]).all())
    least, most = (moments[0], moments[-1]) if ascend else (moments.min(), moments.max())
    if not (least >= 0 and most < math.inf):  # NaN is neither
        bad = moments[~((moments >= 0) & np.isfinite(moments))].flat[0]
        raise InvalidValue(name, float(bad), "must be 0 or more, and finite", "count seconds from the start of the run")
    if isinstance(schedule, OpenSchedule) and not ascend:
        after = int(np.flatnonzero(moments[1:] < moments[:-1])[0])
        rule = f"must not come before the request in front of it, at {float(moments[after])!r}"
        raise InvalidValue("at_s", float(moments[after + 1]), rule, "sort the moments")


def check_variants(variants: Collection[Variant], stations: Iterable[str]) -> None:
    """Versions may change the plan's stations, and no others."""
    known = tuple(stations)
    if not variants:
        raise InvalidValue("variants", (), "must not be empty", "give Variant() for a version that changes nothing")
    for variant in variants:
        _check_changes("service_factor", variant.service_factor, known, lambda value: 0 < value < math.inf, "above 0")
        _check_changes("error_share", variant.error_share, known, lambda value: 0 <= value <= 1, "from 0 to 1")


def _check_changes(
    what: str, changes: Mapping[str, float], known: tuple[str, ...], fits: Callable[[float], bool], rule: str
) -> None:
    for station, value in changes.items():
        if station not in known:
            raise InvalidValue(what, station, "names a station that is not in the plan", f"name {', '.join(known)}")
        if not fits(value):
            raise InvalidValue(f"{what} of {station}", value, f"must be {rule}", "leave it out to change nothing")
