"""What twenty idle pages cost a learner who measures: lesson 4 with and without them, in a real Chromium, in turns.

The aim is theirs: the median that the lesson measures changes by less than 5%. What else a machine does moves that
median by a third for minutes on end, longer than it takes to open twenty pages and close them. So there are two
servers, one of which has twenty pages open in a Chromium of theirs; the learner runs the lesson at one right after the
other, and what is not asked, that Chromium included, is stopped meanwhile. A page is idle when its browser is: what
Chromium does for a minute and a half behind a page that was opened belongs to the opening.

The row holds where the whole 95% interval of the change is within the aim. Without Chromium it is left out.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

import numpy as np

from data.estimate import Estimate
from data.estimates import percentile
from tests.bench._classroom import serving
from tests.bench._harness import Effort, Row
from tests.bench._idle_pages import Pair, pairs
from tests.browser.visiting import CHROMIUM

IDLE = 20
_PAIRS = 60
_MOST_SHIFT = 5.0


def run(_: Effort) -> Iterator[Row]:
    """The shift in percent. The number of pairs is fixed: whoever stops when the answer pleases has not measured."""
    if not CHROMIUM:
        return
    with serving() as crowded, serving() as empty:
        yield _shift(asyncio.run(_told(pairs(crowded, empty, IDLE, _PAIRS))))


async def _told(found: AsyncGenerator[Pair]) -> list[Pair]:
    async with aclosing(found):
        told: list[Pair] = []
        async for one in found:
            told.append(one)
            said = f"  pair {len(told)} of {_PAIRS}: {one.with_them:.1f} ms with them, {one.without:.1f} without"
            print(said, file=sys.stderr, flush=True)
        return told


def _shift(found: list[Pair]) -> Row:
    """Of the lesson's median, by the median pair, whose interval takes no shape of what disturbs for granted."""
    change = percentile(np.array([100 * (one.with_them / one.without - 1) for one in found]), 50, unit="%")
    name = f"idle pages: {IDLE} of them shift a measured median by (95%: {change.low:.1f} to {change.high:.1f})"
    farthest = _farthest(change)
    return Row(name, change.value, _MOST_SHIFT, _MOST_SHIFT / farthest, 1.0, "%", change.n, farthest <= _MOST_SHIFT)


def _farthest(change: Estimate) -> float:
    return max(-change.low, change.high)
