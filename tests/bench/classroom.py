"""A class of thirty on one server, in a real Chromium on the same machine, against what feels immediate and what fits.

Theirs are the aims: a part of a page answers within 300 ms and a whole one within a second, the server needs less than
3 GB, and what is measured does not change by 5% because others have the page open. Without Chromium the rows are left
out.

A class has machines of its own. Thirty browsers on the server's keep its processors busy with drawing. So a browser
takes what is left over, except while its learner waits for a control: then it has the same right to the processors as
the server and all that it measures. The aim holds for what the server's door sees, and for what the screens show.
"""

import random
import time
from collections.abc import Iterator, Sequence

import numpy as np
from scipy import stats

from tests.bench._classroom import Memory, Round, alone, cancelling_ms, idle_shift, serving
from tests.bench._harness import Effort, Row
from tests.browser.classroom import Attended, Seat, crossed, hold
from tests.browser.visiting import CHROMIUM, Server

LEARNERS, IDLE = 30, 20
THINKING_S = 8.0
"""On average before each step: people read."""
_SIMULATED = (
    ("08_load_and_tails", "Arrivals"),
    ("10_monolith_or_microservices", "Crashes"),
    ("11_serverless_and_managed", "Your statement: requests"),
)
_MEASURED = (("01_life_cycle", "Call back"), ("04_embedded_or_api", "Cars"))
_MOST_BYTES, _MOST_SHIFT = 3e9, 5.0
_ROUNDS = 6
"""Of a measured lesson with and without idle pages: two runs of it differ by a tenth with nobody there."""
_GONE_S = 20.0


def run(effort: Effort) -> Iterator[Row]:
    """Times in ms, memory in GB, the shift in percent."""
    if not CHROMIUM:
        return
    with serving() as server:
        one = alone(server, max(15, 3 * effort.rounds))
        yield _p95("first words of a lesson, warm server", one.opened, 3_000)
        yield _p95("a control in a part of the page", one.control, 300)
        yield _p95("an answer that redraws the whole page", one.whole, 1_000)
        yield _p95("from Cancel until the port is free", cancelling_ms(server, 5), 2_000)
    with serving() as server:
        yield from _full(server)
    with serving() as server:
        yield _shift(idle_shift(server, IDLE, _ROUNDS))


def _full(server: Server) -> Iterator[Row]:
    """Thirty learners, every fifth of whom measures."""
    memory = Memory(server)
    found = hold(server, _seats(), pause_s=THINKING_S, at_the_end=memory.stop)
    problems = crossed(server, found)
    if problems:
        raise AssertionError(f"learners see each other: {problems}")
    _wait_until_gone(server)
    yield _p95(f"a control at the server's door, {LEARNERS} learners at work", _all(found, "door"), 1_000)
    yield _p95(f"the same on the screen, {LEARNERS} browsers on the server's processors", _all(found, "screen"), 1_000)
    used = memory.most_bytes
    name = f"classroom: memory of the server and its processes, {LEARNERS} learners at work"
    yield Row(name, used / 1e9, _MOST_BYTES / 1e9, _MOST_BYTES / used, 1.0, "GB", LEARNERS, used <= _MOST_BYTES)


def _seats() -> list[Seat]:
    kinds = [_MEASURED[i % 2] if i % 5 == 4 else _SIMULATED[i % 3] for i in range(LEARNERS)]
    random.Random(1).shuffle(kinds)
    return [Seat(i, lesson, slider, moves=5) for i, (lesson, slider) in enumerate(kinds)]


def _wait_until_gone(server: Server) -> None:
    until_s = time.monotonic() + _GONE_S
    while server.children():
        if time.monotonic() > until_s:
            raise AssertionError(f"the class has left, and these are still there: {server.children()}")
        time.sleep(0.2)


def _shift(rounds: Sequence[Round]) -> Row:
    """Of a measured lesson's median, with its 95% interval: a geometric mean over rounds."""
    ratios = np.log([one.ratio for one in rounds])
    shift, error = ratios.mean(), stats.sem(ratios)
    reach = error * stats.t.ppf(0.975, len(ratios) - 1)
    found, low, high = (100 * float(np.expm1(value)) for value in (shift, shift - reach, shift + reach))
    name = f"classroom: shift of a measured median by {IDLE} idle pages (95%: {low:.1f} to {high:.1f})"
    runs = sum(len(one.with_them) for one in rounds)
    ratio = _MOST_SHIFT / max(abs(found), 0.01)
    return Row(name, found, _MOST_SHIFT, ratio, 1.0, "%", runs, abs(found) <= _MOST_SHIFT)


def _all(found: Sequence[Attended], name: str) -> list[float]:
    return [getattr(took, name) for one in found for took in one.took]


def _p95(name: str, took_ms: Sequence[float], aim_ms: float) -> Row:
    p95 = float(np.percentile(took_ms, 95))
    said = f"classroom: {name}, p95 (median {np.median(took_ms):.0f} ms)"
    return Row(said, p95, aim_ms, aim_ms / p95, 1.0, "ms", len(took_ms), p95 <= aim_ms)
