"""A simulated run: its trace or its counts, its stations, its timeline, and what must be said about it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.estimate import Estimate
from data.trace import Trace
from simulators.plan import Plan
from simulators.runs.latency import LatencySketch
from simulators.runs.stations import StationFigures, UnitFigures, busiest
from simulators.runs.timeline import Timeline
from simulators.runs.waterfall import Span, waterfall


@dataclass(frozen=True, slots=True, eq=False)
class SimulationResult:
    """What happened when a plan was run. Figures leave the warm-up out; trace and timeline do not."""

    plan: Plan
    seed: int
    trace: Trace | None
    """A row for each request; None where only counts were kept."""
    counts: Mapping[str, int]
    """Requests that count, by how they ended (ok, rejected, timeout, error); `scheduled` is their sum, and `cold` those
    that waited for an instance to start."""
    latency: LatencySketch
    """Of requests that count and ended well."""
    mean_s: Estimate | None
    """Their mean latency, with the interval of batch means; None for too short a run."""
    stations: tuple[StationFigures, ...]
    units: tuple[UnitFigures, ...]
    timeline: Timeline
    spans: NDArray[np.void]
    """Visits of the watched requests, records of `simulators.engines.contract.SPAN`."""
    warm_up_s: float
    """Requests scheduled before this moment do not count."""
    steady: bool
    """Whether a steady state was seen, where it was looked for."""
    warnings: tuple[str, ...]
    ended_s: float

    @property
    def bottleneck(self) -> StationFigures | None:
        """The station whose workers or cores were occupied the most."""
        return busiest(self.stations)

    @property
    def watched(self) -> tuple[int, ...]:
        """Numbers of the requests that `waterfall` knows."""
        return tuple(np.unique(self.spans["request"]).tolist())

    def waterfall(self, request: int) -> tuple[Span, ...]:
        """The visits of a watched request, in order of sending; empty for one that was not watched."""
        return waterfall(self.plan, self.spans, self.seed, request)

    def station(self, name: str) -> StationFigures:
        return next(figures for figures in self.stations if figures.name == name)

    def unit(self, name: str) -> UnitFigures:
        return next(figures for figures in self.units if figures.name == name)
