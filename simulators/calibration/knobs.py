"""What calibration may change of a profile, and what a profile becomes by it.

Pauses, bursts and saturation tell a profile's means. They do not tell how services spread while the machine is at work
on other things as well: now and then a process is held up, and whoever waits behind it waits too. So there are knobs
for the mean, the everyday spread, the rare hold-ups (which occupy the worker), the delay that occupies nobody, and for
how much of an idle server's slowness is left when users come at random.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from data.profile import Component, Idle, Samples, ServiceProfile

SAMPLES = 2_000
HELD_UP = 0.04
"""Share of services that a hold-up is drawn for; most of these are as short as the knobs make them."""
_LEAST_S = 1e-8
_EVEN = (np.arange(SAMPLES) + 0.5) / SAMPLES
_HELD = round(HELD_UP * SAMPLES)
_HOLD_UPS = stats.norm.ppf((np.arange(_HELD) + 0.5) / _HELD)
_DELAYS = stats.norm.ppf((np.arange(200) + 0.5) / 200)


@dataclass(frozen=True, slots=True)
class Knobs:
    """Each is free to be any number, and 0 is where the search begins."""

    mean: float = 0.0
    """Logarithm of how many times as long everything occupies."""
    spread: float = 0.0
    """Logarithm of the everyday coefficient of variation, against 0.2."""
    held_up: float = 0.0
    """Logarithm of the median hold-up, against the mean service."""
    held_up_spread: float = 0.0
    """Logarithm of the hold-ups' σ, against 1."""
    delay: float = 0.0
    """Logarithm of the median delay, against the profile's (or a tenth of a service)."""
    delay_spread: float = 0.0
    """Logarithm of the delays' σ, against 0.15."""
    idle: float = 0.0
    """Logarithm of how much of the idle server's slowness there is."""

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> "Knobs":
        return cls(*(float(value) for value in values))


def turned(profile: ServiceProfile, knobs: Knobs) -> ServiceProfile:
    """The profile with its durations as the knobs say; everything else stays."""
    scale = float(np.exp(np.clip(knobs.mean, -1.0, 1.0)))
    mean_s = profile.occupancy_s * scale
    service = _services(mean_s, knobs)
    components = tuple(_scaled(component, scale) for component in profile.components)
    overhead: Samples = ()
    if profile.overhead_s:
        rest = service - sum(component.mean_s for component in components)
        overhead = tuple(np.maximum(rest, _LEAST_S).tolist())
    else:  # the model is all there is, and carries the spread
        components = (Component(components[0].name, ((1, tuple(service.tolist())),), components[0].memory_bytes),)
    return replace(
        profile,
        components=components,
        overhead_s=overhead,
        delay_s=_delays(profile, mean_s, knobs),
        idle=tuple(_lessened(idle, float(np.exp(np.clip(knobs.idle, -4.0, 0.7)))) for idle in profile.idle),
        call_s=_times(profile.call_s, scale),
        serve_s=_times(profile.serve_s, scale),
    )


def _services(mean_s: float, knobs: Knobs) -> NDArray[np.float64]:
    """Gamma spread with rare hold-ups on top; the mean includes them only as far as they are everyday."""
    variation = 0.2 * float(np.exp(np.clip(knobs.spread, -4.0, 2.0)))
    shape = 1 / variation**2
    service = mean_s * stats.gamma.ppf(_EVEN, shape, scale=1 / shape)
    sigma = float(np.exp(np.clip(knobs.held_up_spread, -2.0, 1.0)))
    held_s = mean_s * np.exp(np.clip(knobs.held_up, -4.0, 8.0) + sigma * _HOLD_UPS)
    # Every 25th of the even quantiles is held up, so that hold-ups meet short services and long ones alike.
    places = (np.arange(_HELD) * (SAMPLES // _HELD) + SAMPLES // _HELD // 2).astype(np.int64)
    service[places] += np.minimum(held_s, 1_000 * mean_s)
    made: NDArray[np.float64] = np.maximum(service, _LEAST_S)
    return made


def _delays(profile: ServiceProfile, mean_s: float, knobs: Knobs) -> Samples:
    median_s = float(np.median(profile.delay_s)) if profile.delay_s else 0.1 * mean_s
    sigma = 0.15 * float(np.exp(np.clip(knobs.delay_spread, -3.0, 2.5)))
    delays = median_s * np.exp(np.clip(knobs.delay, -3.0, 2.0) + sigma * _DELAYS)
    return tuple(np.maximum(delays, _LEAST_S).tolist())


def _scaled(component: Component, factor: float) -> Component:
    return replace(component, service_s=tuple((size, _times(samples, factor)) for size, samples in component.service_s))


def _lessened(idle: Idle, factor: float) -> Idle:
    return replace(idle, extra_s=_times(idle.extra_s, factor))


def _times(samples: Samples, factor: float) -> Samples:
    return tuple(value * factor for value in samples)
