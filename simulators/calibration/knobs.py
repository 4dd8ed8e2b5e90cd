"""What calibration may change of a profile, and what a profile becomes by it.

Pauses, bursts and saturation tell a profile's means. They do not tell how services spread while the machine is at work
on other things as well. So there are knobs for the mean of the first and of each further request of a turn, the
everyday spread, the machine's stalls (which hold the worker up, or keep it from beginning), the delay that occupies
nobody, and how much of an idle server's slowness is left when users come at random, after short pauses and long ones.
"""

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from data.profile import Component, Idle, Samples, ServiceProfile
from simulators.calibration.stalls import Stalls

SAMPLES = 4_000
"""Of a service: enough for what happens to one in a thousand."""
IDLE_SAMPLES = 1_000
AT_ALL_S = 1e-6
"""A pause at all: who is served back to back finds caches warm and a loop that need not sleep."""
PAUSES_S = (AT_ALL_S, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03)
"""Idle times that are told apart; a stall may have begun in each."""
_LEAST_S = 1e-8
_STRIDE = 0.6180339887498949
_DELAYS = stats.norm.ppf((np.arange(400) + 0.5) / 400)


@dataclass(frozen=True, slots=True)
class Knobs:
    """Each is free to be any number, and 0 is where the search begins."""

    mean: float = 0.0
    """Logarithm of how many times as long everything occupies."""
    further: float = 0.0
    """Logarithm of how many times as long each further request of a turn does."""
    curve: float = 0.0
    """Logarithm of the power with which a turn's length grows with its further requests, against the profile's."""
    spread: float = 0.0
    """Logarithm of the everyday coefficient of variation, against 0.2."""
    stalls: float = 0.0
    """Logarithm of how many stalls there are, against 10 a second."""
    stall: float = 0.0
    """Logarithm of their median length, against a millisecond."""
    stall_spread: float = 0.0
    """Logarithm of their σ, against 1."""
    whoever: float = 0.0
    """Log-odds, against three quarters, of a stall being one that strikes an idle server as well as a busy one."""
    delay: float = 0.0
    """Logarithm of the median delay, against the profile's (or a tenth of a service)."""
    delay_spread: float = 0.0
    """Logarithm of the delays' σ, against 0.15."""
    idle: float = 0.0
    """Logarithm of how much longer the first service after any pause takes, against what processor times say of it."""
    idle_short: float = 0.0
    """Logarithm of how much of the idle server's slowness there is after the shortest pause."""
    idle_long: float = 0.0
    """The same after the longest; in between it changes evenly with the logarithm of the pause."""
    client: float = 0.0
    """Logarithm of how many times as long a request occupies the load generator."""
    shared: float = 0.0
    """Logarithm of how many times as long services take on the generator's own core, where they ever share one."""

    slow_power: float = 0.0
    """Logarithm of the power with which services feel that the machine is slow, against the profile's."""

    @property
    def stalling(self) -> Stalls:
        return Stalls(
            10 * _exp(self.stalls, -6.0, 5.0), 0.001 * _exp(self.stall, -4.0, 5.0), _exp(self.stall_spread, -3.0, 0.9)
        )


OWN = 3
"""Factors that each load has to itself."""
KNOBS = tuple(field.name for field in fields(Knobs))


def turned(profile: ServiceProfile, knobs: Knobs) -> ServiceProfile:
    """The profile with its durations as the knobs say; everything else stays."""
    scale = _exp(knobs.mean, -1.5, 1.5)
    mean_s = profile.occupancy_s * scale
    service = _services(mean_s, knobs)
    components = tuple(_scaled(component, scale) for component in profile.components)
    overhead: Samples = ()
    if profile.overhead_s:
        rest = service - sum(component.mean_s for component in components)
        overhead = _kept(rest)
    else:  # the model is all there is, and carries the spread
        components = (Component(components[0].name, ((1, _kept(service)),), components[0].memory_bytes),)
    return replace(
        profile,
        components=components,
        overhead_s=overhead,
        next_s=profile.next_s * _exp(knobs.further, -1.5, 1.5),
        turn_power=profile.turn_power * _exp(knobs.curve, -1.2, 0.4),
        delay_s=_delays(profile, mean_s, knobs),
        idle=_idle(profile, mean_s, knobs),
        call_s=_times(profile.call_s, scale),
        serve_s=_times(profile.serve_s, scale),
        slow_power=profile.slow_power * _exp(knobs.slow_power, -1.5, 1.5),
        shared_core_factor=_exp(knobs.shared, 0.0, 2.0) if profile.shared_core_rps else 1.0,
        client_s=_times(profile.client_s, _exp(knobs.client, -1.5, 1.5)),
    )


def with_factors(profile: ServiceProfile, factors: NDArray[np.float64]) -> ServiceProfile:
    """The same with these logarithms of each load's own factors: of delay, slowness after pauses, stalls. (loads, OWN)

    What is true of a busy server is true at every load; how an idle one answers is not.
    """
    limited = np.exp(np.clip(factors, -2.5, 2.5)).tolist()
    at_load = tuple(
        replace(seen, delay_factor=delay, idle_factor=idle, stall_factor=stall)
        for seen, (delay, idle, stall) in zip(profile.at_load, limited, strict=True)
    )
    return replace(profile, at_load=at_load)


def rounded(profile: ServiceProfile) -> ServiceProfile:
    """The same to five digits: more would only lengthen the file."""
    parts = tuple(
        replace(c, service_s=tuple((size, _five(samples)) for size, samples in c.service_s)) for c in profile.components
    )
    idle = tuple(replace(each, extra_s=_five(each.extra_s)) for each in profile.idle)
    overhead, delay = _five(profile.overhead_s), _five(profile.delay_s)
    return replace(profile, components=parts, overhead_s=overhead, delay_s=delay, idle=idle)


def _five(samples: Samples) -> Samples:
    return tuple(float(f"{value:.5g}") for value in samples)


def _services(mean_s: float, knobs: Knobs) -> NDArray[np.float64]:
    """Gamma spread, and stalls on top: the mean does not include them."""
    variation = 0.2 * _exp(knobs.spread, -4.0, 2.0)
    shape = 1 / variation**2
    everyday = mean_s * stats.gamma.ppf((np.arange(SAMPLES) + 0.5) / SAMPLES, shape, scale=1 / shape)
    made: NDArray[np.float64] = _mixed(everyday) + knobs.stalling.in_service(mean_s, SAMPLES)
    return made


def _idle(profile: ServiceProfile, mean_s: float, knobs: Knobs) -> tuple[Idle, ...]:
    """After each pause: what was measured of it, as far as the knobs leave it, and what is left of a stall."""
    measured = {idle.after_s: idle for idle in profile.idle}
    pauses = sorted({*PAUSES_S, *measured})
    stalls = knobs.stalling
    stalls = replace(stalls, rate_hz=stalls.rate_hz * float(special.expit(1.1 + knobs.whoever)))
    found, extra_s = [], np.zeros(IDLE_SAMPLES)
    for pause_s, middle_s, factor in zip(pauses, _middles(pauses), _factors(pauses, knobs), strict=True):
        if pause_s in measured:
            seen = np.sort(measured[pause_s].extra_s)
            extra_s = _mixed(np.quantile(seen, (np.arange(IDLE_SAMPLES) + 0.5) / IDLE_SAMPLES))
        occupies = measured[pause_s].occupies if pause_s in measured else True
        at_all_s = _at_all_s(profile, mean_s) * _exp(knobs.idle, -5.0, 2.5)
        whole_s = at_all_s + extra_s * factor + stalls.left_over(middle_s, IDLE_SAMPLES)
        found.append(Idle(pause_s, _kept(whole_s), occupies))
    return tuple(found)


def _at_all_s(profile: ServiceProfile, mean_s: float) -> float:
    """Where the search for what any pause adds begins: at how much more processor time an answer takes at low load.

    Whoever is served without a pause needs no wake-up, and no look at the clock or at other sockets, of its own.
    """
    calm = [seen.cpu_s for seen in profile.at_load if seen.cpu_s is not None and not seen.from_idle]
    return max(0.1 * mean_s, calm[0] - profile.occupancy_s if calm else 0.0)


def _middles(pauses: list[float]) -> list[float]:
    """A pause that reaches one of these and not the next is taken to be in the middle of the two."""
    made: list[float] = np.sqrt(np.multiply(pauses, [*pauses[1:], 3 * pauses[-1]])).tolist()
    return made


def _factors(pauses: list[float], knobs: Knobs) -> list[float]:
    """How much of what was measured after each pause is left."""
    places = np.log(np.maximum(pauses, PAUSES_S[1]))
    share = (places - places[0]) / (places[-1] - places[0])
    short, long = knobs.idle_short, knobs.idle_long
    return [_exp(knob, -5.0, 1.5) for knob in (short + (long - short) * share).tolist()]


def _mixed(ordered: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same values in an order unrelated to their size, so that stalls meet short services and long ones alike."""
    return ordered[np.argsort((np.arange(len(ordered)) * _STRIDE) % 1.0)]


def _delays(profile: ServiceProfile, mean_s: float, knobs: Knobs) -> Samples:
    median_s = float(np.median(profile.delay_s)) if profile.delay_s else 0.1 * mean_s
    sigma = 0.15 * _exp(knobs.delay_spread, -3.0, 2.5)
    return _kept(median_s * np.exp(np.clip(knobs.delay, -5.0, 2.5) + sigma * _DELAYS))


def _scaled(component: Component, factor: float) -> Component:
    return replace(component, service_s=tuple((size, _times(samples, factor)) for size, samples in component.service_s))


def _times(samples: Samples, factor: float) -> Samples:
    return tuple(value * factor for value in samples)


def _kept(values: NDArray[np.float64]) -> Samples:
    return tuple(np.maximum(np.sort(values), _LEAST_S).tolist())


def _exp(knob: float, least: float, most: float) -> float:
    return float(np.exp(np.clip(knob, least, most)))
