"""A run's figures, computed in one place: page, headless command and lessons read the same `Summary`.

Latency figures count every request that was answered, and those that timed out at their deadline: leaving the latter
out would make a system look faster the more users it keeps waiting. Refusals and errors are quick and count as shares.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidValue, NotEstimable
from data.estimate import Estimate, Figure, TooFew
from data.estimates.means import mean, mean_of_runs
from data.estimates.percentiles import percentile
from data.estimates.resampling import Resamples, interval
from data.estimates.shares import share
from data.estimates.throughput import throughput
from data.provenance import Origin
from data.scenario import Slo
from data.trace import Status, Trace

_PERCENTS = (50.0, 95.0, 99.0, 99.9)


@dataclass(frozen=True, slots=True)
class Summary:
    """One candidate's figures over all its repetitions; None stands for what no run measured."""

    candidate: str
    origin: Origin
    runs: int
    n: int
    """Requests counted: after the warm-up, seen by users."""
    p50_ms: Figure
    p95_ms: Figure
    p99_ms: Figure
    p99_9_ms: Figure
    mean_ms: Figure
    slo_percentile_ms: Figure
    """The percentile that the SLO promises."""
    slo_attained_share: Figure
    """Requests answered within the SLO's latency, of all requests."""
    throughput_rps: Figure
    """Requests answered per second."""
    error_share: Figure
    timeout_share: Figure
    rejected_share: Figure
    failed_share: Figure
    """All three together."""
    cpu_s_per_1000: Figure | None
    """Processor time per 1,000 predictions."""
    gib_s_per_1000: Figure | None
    """Peak memory times time, per 1,000 predictions."""
    peak_mib: Figure | None
    problems: tuple[str, ...]
    """Why a run is not to be trusted; its figures must not be compared."""
    notes: tuple[str, ...]

    @property
    def valid(self) -> bool:
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON; a figure that is not estimable has the keys `figure`, `n` and `needs`."""
        return asdict(self) | {"problems": list(self.problems), "notes": list(self.notes)}


def summarise(traces: Sequence[Trace], slo: Slo) -> Summary:
    """The figures of one candidate's repetitions, one trace each, all measured or all simulated."""
    whose = {(t.provenance.candidate, t.provenance.origin) for t in traces}
    if len(whose) != 1:
        raise InvalidValue("traces", sorted(whose), "must be one candidate's", "summarise each candidate alone")
    ((candidate, origin),) = whose
    counted = [trace.counted() for trace in traces]
    status = np.concatenate([t.status for t in counted])
    late = np.concatenate([t.latency_s for t in counted]) * 1e3 > slo.latency_ms
    shares = Resamples([len(t) for t in counted])
    latencies = _latency_figures(counted, slo)
    cpu, held, peak = (_per_run(counted, total) for total in (_cpu_s_per_1000, _gib_s_per_1000, _peak_mib))
    return Summary(
        candidate=candidate,
        origin=origin,
        runs=len(traces),
        n=len(status),
        **latencies,
        slo_attained_share=_share("share within the SLO", (status == Status.OK) & ~late, shares),
        throughput_rps=_or_too_few(lambda: throughput([_answered(t) for t in counted])),
        error_share=_share("error share", status == Status.ERROR, shares),
        timeout_share=_share("timeout share", status == Status.TIMEOUT, shares),
        rejected_share=_share("rejected share", status == Status.REJECTED, shares),
        failed_share=_share("failed share", status != Status.OK, shares),
        cpu_s_per_1000=_between_runs(cpu, "s", "processor time per 1,000"),
        gib_s_per_1000=_between_runs(held, "GiB·s", "memory per 1,000"),
        peak_mib=_between_runs(peak, "MiB", "peak memory"),
        problems=_distinct(traces, "problems"),
        notes=_distinct(traces, "notes"),
    )


def latencies_ms(trace: Trace) -> NDArray[np.float64]:
    """The latencies that figures and curves are made of: counted requests that were answered or timed out."""
    seen = trace.counted()
    waited = (seen.status == Status.OK) | (seen.status == Status.TIMEOUT)
    latency_ms: NDArray[np.float64] = seen.latency_s[waited] * 1e3
    return latency_ms


def counted_s(trace: Trace) -> tuple[float, float]:
    """When counting began and ended: from the end of the warm-up to the last request or answer, whichever is later."""
    from_s = trace.provenance.warm_up_s
    # Without the moment at which a last request was given up: waiting for it is not work.
    moments = np.concatenate([[from_s], trace.scheduled_s, trace.end_s[trace.ok]])
    return from_s, float(moments.max())


def _latency_figures(counted: Sequence[Trace], slo: Slo) -> dict[str, Figure]:
    runs = [latencies_ms(trace) for trace in counted]
    values, resamples = np.concatenate(runs), Resamples([len(run) for run in runs])
    percents = (*_PERCENTS, slo.percentile)
    drawn = resamples.percentiles(values, percents) if len(values) else np.empty((1, len(percents)))
    names = ("p50_ms", "p95_ms", "p99_ms", "p99_9_ms", "slo_percentile_ms")
    figures = {
        name: _or_too_few(lambda p=percent, d=drawn[:, i]: _widen(percentile(values, p), d))  # type: ignore[misc]
        for i, (name, percent) in enumerate(zip(names, percents, strict=True))
    }
    return figures | {"mean_ms": _or_too_few(lambda: mean(values, resamples, name="mean latency"))}


def _per_run(counted: Sequence[Trace], total: Callable[[Trace], float | None]) -> list[float]:
    return [value for value in map(total, counted) if value is not None]


def _cpu_s_per_1000(trace: Trace) -> float | None:
    answered, cpu_s = int(trace.ok.sum()), trace.usage.cpu_s
    return cpu_s / answered * 1e3 if cpu_s is not None and answered else None


def _gib_s_per_1000(trace: Trace) -> float | None:
    answered, peak_bytes, (from_s, until_s) = int(trace.ok.sum()), trace.usage.peak_bytes, counted_s(trace)
    return peak_bytes / 2**30 * (until_s - from_s) / answered * 1e3 if peak_bytes is not None and answered else None


def _peak_mib(trace: Trace) -> float | None:
    return trace.usage.peak_bytes / 2**20 if trace.usage.peak_bytes is not None else None


def _between_runs(totals: Sequence[float], unit: str, name: str) -> Figure | None:
    if not totals:
        return None
    return _or_too_few(lambda: mean_of_runs(totals, unit, name=name))


def _share(name: str, hits: NDArray[np.bool_], resamples: Resamples) -> Figure:
    def figure() -> Estimate:
        exact = share(int(hits.sum()), len(hits), name=name)
        return _widen(exact, resamples.ratios(hits.astype(np.float64)))

    return _or_too_few(figure)


def _widen(exact: Estimate, resampled: NDArray[np.float64]) -> Estimate:
    """An interval that is right for independent requests, widened to what their dependence asks for, never narrowed."""
    low, high = interval(resampled)
    return replace(exact, low=min(exact.low, low), high=max(exact.high, high))


def _answered(trace: Trace) -> tuple[NDArray[np.float64], float, float]:
    return trace.end_s[trace.ok], *counted_s(trace)


def _or_too_few(figure: Callable[[], Estimate]) -> Figure:
    try:
        return figure()
    except NotEstimable as error:
        return TooFew(error.figure, error.n, error.needs)


def _distinct(traces: Sequence[Trace], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for trace in traces for text in getattr(trace.provenance, name)))
