"""What twenty idle pages cost a learner who measures: lesson 4 with and without them, in a real Chromium, in turns.

The aim is theirs: the median that the lesson measures changes by less than 5%. Two runs of the lesson differ by a tenth
with nobody there, so it takes more than a hundred runs, twenty minutes, and the row holds where the whole 95%
interval of the change is within the aim. Without Chromium the row is left out.
"""

import sys
from collections.abc import Iterator

import numpy as np
from scipy import stats

from tests.bench._classroom import Round, idle_shift, serving
from tests.bench._harness import Effort, Row
from tests.browser.visiting import CHROMIUM

IDLE = 20
_ROUNDS = 8
_MOST_SHIFT = 5.0


def run(_: Effort) -> Iterator[Row]:
    """The shift in percent. The number of rounds is fixed: whoever stops when the answer pleases has not measured."""
    if not CHROMIUM:
        return
    rounds: list[Round] = []
    with serving() as server:
        for one in idle_shift(server, IDLE, _ROUNDS):
            rounds.append(one)
            print(f"  round {len(rounds)} of {_ROUNDS}: {100 * (one.ratio - 1):+.1f}%", file=sys.stderr, flush=True)
    yield _shift(rounds)


def _shift(rounds: list[Round]) -> Row:
    """Of the lesson's median, with its 95% interval: a geometric mean over rounds."""
    ratios = np.log([one.ratio for one in rounds])
    shift, error = ratios.mean(), stats.sem(ratios)
    reach = error * stats.t.ppf(0.975, len(ratios) - 1)
    found, low, high = (100 * float(np.expm1(value)) for value in (shift, shift - reach, shift + reach))
    name = f"idle pages: {IDLE} of them shift a measured median by (95%: {low:.1f} to {high:.1f})"
    runs = sum(len(one.with_them) for one in rounds)
    farthest = max(-low, high)
    return Row(name, found, _MOST_SHIFT, _MOST_SHIFT / farthest, 1.0, "%", runs, farthest <= _MOST_SHIFT)
