"""Simulated releases per second, for each judge, against a thousand."""

import time
from collections.abc import Callable, Iterator

from simulators.releases import Traffic, World, simulate_releases
from strategies.releases.choices import make_policy
from tests.bench._harness import Effort, Row, compare, take_turns

_RELEASES = 500
_JUDGES = ("thresholds", "group_sequential", "always_valid")
_TARGET_PER_S = 1_000.0


def run(effort: Effort) -> Iterator[Row]:
    """A canary of ten steps at 100 requests a second, with nothing wrong: all of its steps are decided."""
    found = take_turns({judge: _per_second(judge) for judge in _JUDGES}, effort.rounds)
    for judge in _JUDGES:
        title = f"releases: simulated per second, judge {judge}, against a thousand"
        yield compare(title, found[judge], [_TARGET_PER_S] * len(found[judge]), target=1.0, unit="releases/s")


def _per_second(judge: str) -> Callable[[], float]:
    policy, world = make_policy({"policy": "canary", "judge": judge}), World.same()

    def measure() -> float:
        began_s = time.perf_counter()
        simulate_releases(policy, world, Traffic(100.0), releases=_RELEASES)
        return _RELEASES / (time.perf_counter() - began_s)

    return measure
