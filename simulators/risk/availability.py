"""Availability by closed forms: parts that all must work, and parts of which some must.

Source: Elsayed, Reliability Engineering, 2nd edition (2012), chapters 2 and 3: availability of a part is its mean time
to failure over that and its mean time to repair; in series the product, in parallel 1 - the product of the rest.
"""

import math
from collections.abc import Iterable

from data.errors import InvalidValue


def of_part(failures: float, repair_s: float, span_s: float) -> float:
    """Long-run availability of a part that fails so often in `span_s` of work and takes `repair_s` each time.

    >>> of_part(1, 100.0, 900.0)
    0.9
    """
    if failures < 0 or repair_s < 0:
        raise InvalidValue("failures", (failures, repair_s), "must not be negative", "give a number and seconds")
    return span_s / (span_s + failures * repair_s)


def series(parts: Iterable[float]) -> float:
    """All must work: the product.

    >>> series([0.99, 0.9])
    0.891
    """
    return math.prod(map(_share, parts))


def parallel(parts: Iterable[float]) -> float:
    """One must work.

    >>> parallel([0.9, 0.9])
    0.99
    """
    return 1 - math.prod(1 - _share(part) for part in parts)


def at_least(needed: int, parts: int, part: float) -> float:
    """`needed` of `parts` like ones must work: a binomial tail.

    >>> round(at_least(2, 3, 0.9), 6)
    0.972
    """
    if not 0 <= needed <= parts:
        raise InvalidValue("needed", needed, f"must lie between 0 and {parts}", "count the parts")
    share = _share(part)
    return min(1.0, sum(math.comb(parts, k) * share**k * (1 - share) ** (parts - k) for k in range(needed, parts + 1)))


def zoned(replicas: int, replica: float, zones: int, zone: float) -> float:
    """One replica must work; they are spread evenly over zones, and each needs its zone.

    >>> zoned(1, 0.9, 3, 0.9)
    0.81
    """
    used = min(zones, replicas)
    counts = [replicas // used + (index < replicas % used) for index in range(used)]
    return parallel(series([zone, parallel([replica] * count)]) for count in counts)


def _share(value: float) -> float:
    if not 0 <= value <= 1:
        raise InvalidValue("availability", value, "must be a share", "give a number from 0 to 1")
    return value
