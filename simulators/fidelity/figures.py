"""The figures of one run, measured or simulated, and what somebody would guess without any model."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.trace import Status
from simulators.fidelity.keeping import KeptRun, Material
from simulators.fidelity.report import Traffic

PERCENTS = {"p50_ms": 50.0, "p95_ms": 95.0, "p99_ms": 99.0}


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """What one run gave, measured or simulated."""

    latency_ms: NDArray[np.float64]
    """Of those that were answered, (n,)."""
    figures: Mapping[str, float]


def run_of(columns: Mapping[str, NDArray[np.generic]], duration_s: float, cpu_s: float) -> Run:
    """The figures of a run with these columns; `cpu_s` is what the deployment used meanwhile."""
    ok = np.asarray(columns["status"]) == Status.OK
    latency_ms = answered_ms(columns)
    lasted_s = max(duration_s, float(np.asarray(columns["end_s"], np.float64)[ok].max(initial=0.0)))
    figures = {name: float(np.percentile(latency_ms, p)) for name, p in PERCENTS.items()} if ok.any() else {}
    figures |= {
        "throughput_rps": float(ok.sum()) / lasted_s,
        "cpu_s_per_s": cpu_s / lasted_s,
        "cold_share": float(np.mean(np.asarray(columns["cold"], np.float64))) if len(ok) else 0.0,
    }
    return Run(latency_ms, figures)


def answered_ms(columns: Mapping[str, NDArray[np.generic]]) -> NDArray[np.float64]:
    """Latencies of the requests that were answered. (n,)"""
    ok = np.asarray(columns["status"]) == Status.OK
    took_s = np.asarray(columns["end_s"], np.float64) - np.asarray(columns["scheduled_s"], np.float64)
    latency_ms: NDArray[np.float64] = took_s[ok] * 1e3
    return latency_ms


def measured_run(run: KeptRun) -> Run:
    """The figures of a kept run."""
    return run_of(run.columns, run.about.duration_s, run.about.cpu_s)


def between(material: Material, utilisation: float, traffic: Traffic) -> Mapping[str, float]:
    """Each figure, interpolated between the calibration runs at the neighbouring loads under the same traffic.

    A naive rival: a model is worth having where it is nearer to what was measured than this is.
    """
    seen: dict[float, list[Run]] = {}
    for run in material.of("calibration"):
        if run.about.traffic == traffic:
            seen.setdefault(run.about.utilisation, []).append(measured_run(run))
    loads = sorted(load for load, runs in seen.items() if all(run.latency_ms.size for run in runs))
    if not loads:
        return {}
    found: dict[str, float] = {}
    for name in seen[loads[0]][0].figures:
        at = [float(np.median([run.figures[name] for run in seen[load]])) for load in loads]
        if name in PERCENTS:
            found[name] = float(np.exp(np.interp(utilisation, loads, np.log(at))))
        else:
            found[name] = float(np.interp(utilisation, loads, at))
    return found
