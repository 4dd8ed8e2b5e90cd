"""A simulated answer without its requests as JSON's types, so that another process can hand it over."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from data.estimate import Estimate
from simulators.engines import _sketch
from simulators.engines.contract import SPAN
from simulators.plan import Plan
from simulators.runs.latency import LatencySketch
from simulators.runs.result import SimulationResult
from simulators.runs.stations import StationFigures, UnitFigures
from simulators.runs.timeline import Timeline


def to_plain(result: SimulationResult) -> dict[str, Any]:
    """Counts, figures and timeline; neither rows nor waterfalls."""
    filled = np.flatnonzero(result.latency.counts)
    return {
        "seed": result.seed,
        "counts": dict(result.counts),
        "buckets": filled.tolist(),
        "bucket_counts": result.latency.counts[filled].tolist(),
        "mean_s": asdict(result.mean_s) if result.mean_s else None,
        "stations": [asdict(station) for station in result.stations],
        "units": [asdict(unit) for unit in result.units],
        "timeline": {f.name: _plain(getattr(result.timeline, f.name)) for f in fields(Timeline)},
        "warm_up_s": result.warm_up_s,
        "steady": result.steady,
        "warnings": list(result.warnings),
        "ended_s": result.ended_s,
    }


def from_plain(plan: Plan, values: Mapping[str, Any]) -> SimulationResult:
    """What `to_plain` made of a run of that plan."""
    counts = np.zeros(_sketch.BUCKETS, np.int64)
    counts[values["buckets"]] = values["bucket_counts"]
    line = {name: _series(name, value) for name, value in values["timeline"].items()}
    return SimulationResult(
        plan=plan,
        seed=values["seed"],
        trace=None,
        counts=values["counts"],
        latency=LatencySketch(counts),
        mean_s=Estimate(**values["mean_s"]) if values["mean_s"] else None,
        stations=tuple(StationFigures(**station) for station in values["stations"]),
        units=tuple(UnitFigures(**unit) for unit in values["units"]),
        timeline=Timeline(**line),
        spans=np.zeros(0, SPAN),
        warm_up_s=values["warm_up_s"],
        steady=values["steady"],
        warnings=tuple(values["warnings"]),
        ended_s=values["ended_s"],
    )


def _plain(value: Any) -> Any:
    """Arrays as lists, NaN as None: JSON has neither."""
    if isinstance(value, np.ndarray):
        return [None if np.isnan(number) else float(number) for number in value]
    if isinstance(value, dict):
        return {str(name): _plain(series) for name, series in value.items()}
    return value


def _series(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return np.array([np.nan if number is None else number for number in value], np.float64)
    if isinstance(value, dict):
        keys = {key: float(key) if name == "percentiles_s" else key for key in value}
        return {keys[key]: _series(name, series) for key, series in value.items()}
    return value
