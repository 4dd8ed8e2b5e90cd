"""Which faults a plan can catch at which traffic, and how long that takes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from data.estimate import Estimate
from simulators.releases.simulate import simulate_releases
from simulators.releases.summary import Spread, summarise_releases
from simulators.releases.traffic import Traffic
from simulators.releases.world import World
from strategies.releases.contract import ReleasePolicy


@dataclass(frozen=True, slots=True)
class PowerPoint:
    """One fault at one traffic."""

    fault: str
    rate_rps: float
    caught: Estimate
    missed: Estimate
    """Share of releases that were promoted all the same."""
    inconclusive: Estimate
    detected_s: Spread | None
    bad: Spread


def power(
    policy: ReleasePolicy,
    worlds: Mapping[str, World],
    rates_rps: Sequence[float],
    *,
    releases: int = 200,
    seed: int = 1,
    traffic: Traffic | None = None,
    horizon_s: float = 86_400.0,
    on_progress: Callable[[float], None] | None = None,
    cancelled: Any = None,
) -> list[PowerPoint]:
    """Simulate every world at every rate; the same seed everywhere, so that neighbours differ by the rate alone."""
    base, found = traffic or Traffic(), []
    for name, world in worlds.items():
        for rate_rps in rates_rps:
            at_rate = replace(base, rate_rps=rate_rps, counts=None)
            outcomes = simulate_releases(
                policy, world, at_rate, releases=releases, seed=seed, horizon_s=horizon_s, cancelled=cancelled
            )
            figures = summarise_releases(outcomes)
            found.append(
                PowerPoint(
                    name, rate_rps, figures.rolled_back, figures.promoted, figures.inconclusive, figures.detected_s,
                    figures.bad,
                )
            )  # fmt: skip
            if on_progress is not None:
                on_progress(len(found) / (len(worlds) * len(rates_rps)))
    return found
