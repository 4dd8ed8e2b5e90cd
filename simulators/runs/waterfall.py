"""The visits of one request, for a waterfall."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.trace import Status
from simulators.engines._simpy.sampling import sampler
from simulators.engines._tree import all_nodes, number_steps
from simulators.plan import Parts, Plan


@dataclass(frozen=True, slots=True)
class Span:
    """One visit of a request to a station. Moments are seconds since the run began."""

    station: str
    replica: int
    """-1 where it reached none."""
    sent_s: float
    """When the caller sent it."""
    arrive_s: float
    start_s: float
    """When a worker took it up; NaN where none did."""
    end_s: float
    """When it left the station; NaN where it was refused at the door."""
    back_s: float
    """When the answer was back at the caller."""
    status: Status
    cold: bool
    parts: tuple[tuple[str, float], ...] = ()
    """Name and seconds of the parts that its service consisted of, where the station's service has parts. Where others
    shared the cores, it took longer than their sum."""


def waterfall(plan: Plan, spans: NDArray[np.void], seed: int, request: int) -> tuple[Span, ...]:
    """All visits that were kept of a request, in order of sending."""
    own = spans[spans["request"] == request]
    own = own[np.argsort(own["sent_s"], kind="stable")]
    nodes = {node.number: node for node in all_nodes(number_steps(plan.request))}
    return tuple(_span(plan, span, nodes[int(span["step"])].occurrence, seed) for span in own)


def _span(plan: Plan, span: np.void, occurrence: int, seed: int) -> Span:
    station = plan.stations[int(span["station"])]
    parts: tuple[tuple[str, float], ...] = ()
    if isinstance(station.service, Parts) and station.batching is None and not np.isnan(span["start_s"]):
        key = int(span["key"])
        draws = [(name, sampler(law, seed, name, "service", occurrence)) for name, law in station.service.parts]
        parts = tuple((name, draw(key)) for name, draw in draws)
    sent_s, arrive_s, start_s, end_s, back_s = (
        float(span[name]) for name in ("sent_s", "arrive_s", "start_s", "end_s", "back_s")
    )
    replica, status, cold = int(span["replica"]), Status(int(span["status"])), bool(span["cold"])
    return Span(station.name, replica, sent_s, arrive_s, start_s, end_s, back_s, status, cold, parts)
