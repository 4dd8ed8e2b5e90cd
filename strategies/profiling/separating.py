"""From runs to the profile's terms: occupancy apart from delay, what a pause adds, and the order of service."""

import numpy as np
from numpy.typing import NDArray

from data.profile import Discipline, Idle, Samples
from strategies.profiling.runs import Pauses, Saturation

FULL = 0.85
"""A resource that is busy for so large a share of the time is taken for saturated."""
LEAST_S = 1e-7
SAMPLES = 400
"""How many even quantiles stand for a distribution."""


def occupancy_s(full: Saturation, workers: int, in_caller: bool, cores: int | None = None) -> tuple[float, str]:
    """Mean time for which a request occupies a worker, S, and how it was found.

    Where the workers themselves are the bottleneck, they are never idle at saturation: S = workers / X_max. Where
    something else is (the generator's thread, or the machine's cores that all share), the workers are idle part of the
    time, and that would overstate S; the utilisation law U = X · S with their processor time gives it: S = U / X.
    `cores` are those that the deployment has to itself, None where it shares them with the generator.
    """
    by_rate_s = workers / full.rate_rps
    if in_caller:
        return by_rate_s, "1 / X_max: the caller's own thread serves"
    client = full.rate_rps * full.client_s
    crowded = full.machine_share >= FULL if cores is None else full.cpu_s * full.rate_rps >= FULL * cores
    if full.cpu_s > 0 and full.cpu_s < by_rate_s and (client >= FULL or crowded):
        by = "the load generator" if client >= FULL else "the machine's cores"
        return (
            full.cpu_s,
            f"processor time per answer (U = X · S), as {by} limited the rate to {full.rate_rps:,.0f}/s",
        )
    return by_rate_s, f"workers / X_max at {full.rate_rps:,.0f} answers/s"


def separate(latency_s: NDArray[np.float64], mean_s: float) -> tuple[Samples, Samples]:
    """Latencies of a busy server without queueing, cut into occupancy of that mean and a constant delay.

    What makes one answer take longer than another (the row, a turn of another process) holds the worker up as well, so
    all spread is the occupancy's. Where S is not below the latency there is nothing left to be delay.
    """
    ordered = quantiles(latency_s)
    delay_s = float(np.mean(ordered)) - mean_s
    if delay_s <= 0:
        return tuple((ordered * (mean_s / np.mean(ordered))).tolist()), ()
    service = np.maximum(ordered - delay_s, 0.2 * mean_s)
    # What was cut off below is taken from above, so that the mean stays what saturation said.
    service = np.maximum(service * (mean_s / float(np.mean(service))), LEAST_S)
    return tuple(service.tolist()), (delay_s,)


def idle_extras(found: Pauses, significant: float = 0.03) -> tuple[Idle, ...]:
    """What answers after each pause take longer than without one, quantile by quantile.

    A pause after which the median is not longer by at least that share is left out.
    """
    base = quantiles(found.latency_s[0])
    extras = []
    for pause_s, latency_s in zip(found.pause_s[1:], found.latency_s[1:], strict=True):
        more = quantiles(latency_s) - base
        if len(latency_s) >= 20 and float(np.median(more)) > significant * float(np.median(base)):
            extras.append(Idle(pause_s, tuple(np.maximum(more, LEAST_S).tolist())))
    return tuple(extras)


def spread(together_s: NDArray[np.float64], mean_s: float, workers: int) -> tuple[float, str]:
    """How far the answers to requests that come together lie apart, as a share of the time they take one by one.

    First come first served answers one after the other: between the first answer and the last lies the time for which
    all but the first occupy their worker, a share of 1. Where all are answered at the end, together, it is near 0.
    """
    at_once = together_s.shape[1]
    share = float(np.median(together_s[:, -1] - together_s[:, 0])) / ((at_once / workers - 1) * mean_s)
    return share, (
        f"in {len(together_s)} bursts of {at_once}, first and last answer lie {share:.0%} of the time apart that the "
        "others take one by one"
    )


def slowdown(alone_s: NDArray[np.float64], followed_s: NDArray[np.float64], mean_s: float) -> tuple[float, str]:
    """How much a request is held up by one that comes in the middle of its service, as a share of half a service.

    Near 1 where they share the processor from then on; near 0 where a service that has begun is not disturbed.
    """
    share = (float(np.median(followed_s)) - float(np.median(alone_s))) / (mean_s / 2)
    return share, f"one that comes in mid-service holds the first up by {share:.0%} of half a service"


def order_of_service(apart: float, held_up: float) -> Discipline:
    """The discipline that these two shares speak for."""
    if apart >= 0.5:
        return "fcfs"
    return "ps" if held_up >= 0.5 else "turns"


def quantiles(values: NDArray[np.float64], count: int = SAMPLES) -> NDArray[np.float64]:
    """Values at even quantiles, ascending, at most `count`."""
    ordered = np.sort(values)
    if len(ordered) <= count:
        return np.interp((np.arange(count) + 0.5) / count * (len(ordered) - 1), np.arange(len(ordered)), ordered)
    picked: NDArray[np.float64] = ordered[((np.arange(count) + 0.5) / count * len(ordered)).astype(np.int64)]
    return picked
