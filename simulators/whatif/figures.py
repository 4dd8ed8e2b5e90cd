"""The figures of a simulated answer, each with its interval and n."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import NotEstimable
from data.estimate import Estimate, Figure, TooFew
from data.estimates.means import mean_of_runs
from data.estimates.shares import share
from simulators.runs.result import SimulationResult
from simulators.whatif.planning import Asked

_GROUPS = 20
_FEWEST_IN_A_GROUP = 1_000
"""Of fewer requests a group's own 99th percentile says little."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What people ask for first. Latencies are of requests that ended well, in milliseconds."""

    p50_ms: Figure
    p95_ms: Figure
    p99_ms: Figure
    mean_ms: Figure
    within_slo: Figure
    """Share of all requests that ended well within the SLO's latency."""
    throughput_rps: Figure
    failed_share: Figure
    """Refused, timed out or failed."""
    cold_share: Figure
    """Waited for something to start."""
    n: int
    """Requests that count."""
    notes: tuple[str, ...]


def figures(asked: Asked, result: SimulationResult) -> Figures:
    """Of the time after the warm-up; over all of it where the preset changes traffic or plan on purpose."""
    counts, slo_s = result.counts, asked.question.slo_ms / 1e3
    n, ok = counts["scheduled"], counts["ok"]
    late = result.latency.share_above(slo_s) if ok else 0.0
    return Figures(
        p50_ms=_percentile(asked, result, 50.0),
        p95_ms=_percentile(asked, result, 95.0),
        p99_ms=_percentile(asked, result, 99.0),
        mean_ms=_mean(asked, result),
        within_slo=_share("share within the SLO", round((1 - late) * ok), n),
        throughput_rps=_throughput(asked, result),
        failed_share=_share("failed share", n - ok, n),
        cold_share=_share("cold share", counts["cold"], n),
        n=n,
        notes=_notes(asked, result),
    )


def _percentile(asked: Asked, result: SimulationResult, percent: float) -> Figure:
    def figure() -> Estimate:
        found = result.latency.percentile(percent)
        half = _between(result, percent) if asked.preset.steady else 0.0
        low, high = min(found.low, found.value - half), max(found.high, found.value + half)
        return Estimate(found.value * 1e3, max(low, 0.0) * 1e3, high * 1e3, found.n, "ms")

    return _or_too_few(figure)


def _between(result: SimulationResult, percent: float) -> float:
    """Half of Student's interval from the percentile in twenty parts of the run: neighbours in a queue are alike."""
    from scipy.special import stdtrit

    groups = _grouped(result, result.timeline.percentiles_s[percent])
    if groups is None or result.counts["ok"] < _GROUPS * _FEWEST_IN_A_GROUP:
        return 0.0
    return float(stdtrit(_GROUPS - 1, 0.975)) * float(np.std(groups, ddof=1)) / math.sqrt(_GROUPS)


def _grouped(result: SimulationResult, series: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The series' means in twenty equal parts of the time that counts; None for too few values."""
    line = result.timeline
    counted = series[line.begin_s >= result.warm_up_s - 1e-9]
    if len(counted) < _GROUPS or np.isnan(counted).any():
        return None
    return np.array([part.mean() for part in np.array_split(counted, _GROUPS)])


def _mean(asked: Asked, result: SimulationResult) -> Figure:
    found = result.mean_s
    if found is None:
        return TooFew("mean", result.counts["ok"], 100)
    low, high = found.low, found.high
    if not asked.preset.steady:
        half = 1.96 * _spread_s(result) / math.sqrt(found.n)
        low, high = found.value - half, found.value + half
    return Estimate(found.value * 1e3, max(low, 0.0) * 1e3, high * 1e3, found.n, "ms")


def _spread_s(result: SimulationResult) -> float:
    """Standard deviation of latency, from the counts in buckets."""
    values_s, shares = result.latency.ecdf(len(result.latency.counts))
    weights = np.diff(shares, prepend=0.0)
    mean_s = float(weights @ values_s)
    return math.sqrt(float(weights @ (values_s - mean_s) ** 2))


def _throughput(asked: Asked, result: SimulationResult) -> Figure:
    ok, seconds = result.counts["ok"], asked.question.duration_s - result.warm_up_s
    if not asked.preset.steady and ok >= _GROUPS:
        half = 1.96 * math.sqrt(ok) / seconds  # the count of a Poisson process
        return Estimate(ok / seconds, ok / seconds - half, ok / seconds + half, ok, "per s")
    groups = _grouped(result, result.timeline.ok_rps)
    if groups is None:
        return TooFew("throughput", len(result.timeline.ok_rps), _GROUPS)
    found = mean_of_runs(groups.tolist(), "per s", name="throughput")
    return Estimate(found.value, found.low, found.high, result.counts["ok"], "per s")


def _share(name: str, hits: int, n: int) -> Figure:
    return _or_too_few(lambda: share(hits, n, name=name))


def _or_too_few(figure: Callable[[], Estimate]) -> Figure:
    try:
        return figure()
    except NotEstimable as error:
        return TooFew(error.figure, error.n, error.needs)


def _notes(asked: Asked, result: SimulationResult) -> tuple[str, ...]:
    parts = (
        f"Percentiles are read off counts in buckets and carry ±{result.latency.relative_error:.1%} on top of their "
        "intervals.",
    )
    if asked.preset.steady:
        return (*parts, "Intervals are 95%, from twenty parts of the run and from the number of requests.")
    return (
        *parts,
        "Intervals are 95% and take requests as independent; traffic or plan changes on purpose, and another seed "
        "would move the figures a little more than they say.",
    )
