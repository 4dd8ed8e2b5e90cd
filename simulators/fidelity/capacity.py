"""What a deployment sustains when users do not wait for each other.

Saturation is measured with a few users who each wait for their answer. Where an event loop takes up all that have come
at once, a longer queue makes longer turns, and these less work for each; where more open connections cost more, the
opposite. So the surges to calibrate by, which ask for twice the capacity, tell what is sustained in open loop.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from data.profile import Component, Samples, ServiceProfile
from data.trace import Status
from simulators.fidelity.keeping import Material
from simulators.fidelity.plans import in_a_crowd
from simulators.fidelity.subjects import INSTANCES

_BEYOND = 1.9
"""Share of the capacity at saturation that must be asked for."""


def sustained_rps(material: Material) -> float | None:
    """Answers per second while more is asked for than can be answered; None where that was not measured."""
    rates = [answered_rps(run.columns) for run in material.of("surge") if run.about.utilisation >= _BEYOND]
    return float(np.median(rates)) if rates else None


def sustaining(profile: ServiceProfile, material: Material) -> ServiceProfile:
    """The profile with that capacity, and with services as long as it says; unchanged where it is not known."""
    rate_rps = sustained_rps(material)
    if rate_rps is None:
        return _crowded(profile, material)
    at_once = min(profile.workers, max(profile.cores, 1))
    if profile.serve_s:  # five processes share the cores: all that they do for an answer
        factor = max(profile.cores, 1) / rate_rps / profile.cpu_s
        return replace(profile, capacity_rps=rate_rps, next_s=(profile.next_s or profile.occupancy_s) * factor)
    if (
        profile.discipline == "turns"
    ):  # a lone request takes what it takes; those that have queued up are the further ones
        return replace(profile, capacity_rps=rate_rps, next_s=at_once / rate_rps)
    factor = at_once / rate_rps / profile.occupancy_s
    return replace(
        profile, capacity_rps=rate_rps, overhead_s=_times(profile.overhead_s, factor),
        components=tuple(_longer(component, factor) for component in profile.components),
    )  # fmt: skip


def _crowded(profile: ServiceProfile, material: Material) -> ServiceProfile:
    """A function whose instances crowd the cores, and what its answers take then: as where it is busiest.

    Those that are refused there take their part of the cores, and what is left is the answers'.
    """
    steady = [run for run in material.of("calibration") if run.about.traffic == "poisson"]
    if profile.host != "function" or not steady:
        return profile
    busiest = max(run.about.utilisation for run in steady)
    runs = [run for run in steady if run.about.utilisation == busiest]
    refuse_s = min(_refusing_s(material), profile.occupancy_s / 2)
    refused = float(np.median([np.mean(np.asarray(run.columns["status"]) != Status.OK) for run in runs]))
    answered = float(np.median([answered_rps(run.columns) for run in runs]))
    left = max(profile.cores, 1) - refuse_s * answered * refused / (1 - refused)
    many, own_s = in_a_crowd(INSTANCES), profile.occupancy_s - refuse_s
    further = (many * (left / answered - refuse_s) / own_s - 1) / (many - 1)  # as a share of the first one's
    return replace(profile, discipline="turns", refuse_s=refuse_s, next_s=max(further, 0.1) * profile.occupancy_s)


def _refusing_s(material: Material) -> float:
    """Processor time for a request that is refused: what runs with many of them used beyond their answers' share."""
    runs = [run for run in material.of("calibration") if run.about.cpu_s > 0]
    refused = np.array([float(np.sum(np.asarray(run.columns["status"]) != Status.OK)) for run in runs])
    if not refused.any():
        return 0.0
    counts = np.stack([np.array([len(run.columns["status"]) for run in runs]) - refused, refused], axis=1)
    found, *_ = np.linalg.lstsq(counts, np.array([run.about.cpu_s for run in runs]), rcond=None)
    return max(float(found[1]), 0.0)


def answered_rps(columns: Mapping[str, NDArray[np.generic]]) -> float:
    """Answers per second from the first request to the last answer, of a run with these columns."""
    ok = np.asarray(columns["status"]) == Status.OK
    ends_s = np.asarray(columns["end_s"], np.float64)[ok]
    return len(ends_s) / float(ends_s.max() - np.asarray(columns["scheduled_s"], np.float64).min())


def _longer(component: Component, factor: float) -> Component:
    return replace(component, service_s=tuple((size, _times(samples, factor)) for size, samples in component.service_s))


def _times(samples: Samples, factor: float) -> Samples:
    return tuple(value * factor for value in samples)
