"""A law and a stream become a function from key to duration."""

import math
from collections.abc import Callable

from simulators.engines import _draws as draws
from simulators.plan import Deterministic, Empirical, Exponential, Gamma, Law, LogNormal, Parts

Sampler = Callable[[int], float]


def sampler(law: Law | None, seed: int, source: str, purpose: str, occurrence: int = 0) -> Sampler:
    """Draw durations by key; no law is no time at all."""
    stream = draws.stream_of(seed, source, purpose, occurrence)
    match law:
        case None:
            return lambda _key: 0.0
        case Deterministic(mean):
            return lambda _key: mean
        case Exponential(mean):
            return lambda key: draws.exponential(draws.uniform(stream, key), mean)
        case LogNormal(mean, cv):
            sigma = math.sqrt(math.log1p(cv * cv))
            mu = math.log(mean) - 0.5 * sigma * sigma
            return lambda key: draws.lognormal(draws.uniform(stream, key), mu, sigma)
        case Gamma(mean, cv):
            shape = 1.0 / (cv * cv)
            scale = mean / shape
            return lambda key: draws.gamma(stream, key, shape, scale)
        case Empirical(samples):
            count = len(samples)
            return lambda key: samples[draws.pick(stream, key, count)]
        case Parts(parts):
            return _sum([sampler(part, seed, name, purpose, occurrence) for name, part in parts])


def batch_sampler(
    by_size: tuple[tuple[int, Law], ...], seed: int, source: str, occurrence: int
) -> Callable[[int, int], float]:
    """Duration of a batch by (size, key): linear between the sizes listed, in proportion beyond the largest."""
    sizes = [size for size, _ in by_size]
    laws = [sampler(law, seed, source, "service", occurrence) for _, law in by_size]

    def draw(size: int, key: int) -> float:
        upper = next((i for i, listed in enumerate(sizes) if listed >= size), len(sizes))
        if upper == len(sizes):
            return laws[-1](key) * (size / sizes[-1])
        if sizes[upper] == size:
            return laws[upper](key)
        share = (size - sizes[upper - 1]) / (sizes[upper] - sizes[upper - 1])
        low = laws[upper - 1](key)
        return low + share * (laws[upper](key) - low)

    return draw


def _sum(parts: list[Sampler]) -> Sampler:
    def total(key: int) -> float:
        duration = 0.0
        for part in parts:
            duration += part(key)
        return duration

    return total
