"""A class of thirty on one server, in a real Chromium on the same machine, against what feels immediate and what fits.

Theirs are the aims: a part of a page answers within 300 ms and a whole one within a second, and the server needs less
than 3 GB. Without Chromium the rows are left out.

A class has machines of its own. Thirty browsers on the server's keep its processors busy with drawing. So a browser
takes what is left over, except while its learner waits for a control: then it has the same right to the processors as
the server and all that it measures. The aim holds for what the server's door sees, and for what the screens show.
"""

import random
import time
from collections.abc import Iterator, Sequence

import numpy as np

from tests.bench._classroom import Memory, alone, cancelling_ms, serving
from tests.bench._harness import Effort, Row
from tests.browser.classroom import Attended, Seat, crossed, hold
from tests.browser.visiting import CHROMIUM, Server

LEARNERS = 30
THINKING_S = 8.0
"""On average before each step: people read."""
_SIMULATED = (
    ("08_load_and_tails", "Arrivals"),
    ("10_monolith_or_microservices", "Crashes"),
    ("11_serverless_and_managed", "Your statement: requests"),
)
_MEASURED = (("01_life_cycle", "Call back"), ("04_embedded_or_api", "Cars"))
_MOST_BYTES = 3e9
_GONE_S = 20.0


def run(effort: Effort) -> Iterator[Row]:
    """Times in ms, memory in GB."""
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


def _all(found: Sequence[Attended], name: str) -> list[float]:
    return [getattr(took, name) for one in found for took in one.took]


def _p95(name: str, took_ms: Sequence[float], aim_ms: float) -> Row:
    p95 = float(np.percentile(took_ms, 95))
    said = f"classroom: {name}, p95 (median {np.median(took_ms):.0f} ms)"
    return Row(said, p95, aim_ms, aim_ms / p95, 1.0, "ms", len(took_ms), p95 <= aim_ms)
