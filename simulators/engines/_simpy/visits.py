"""What one visit in the tree draws: every duration and chance of it, each from a stream of its own."""

from __future__ import annotations

from simulators.engines import _draws as draws
from simulators.engines._simpy.sampling import batch_sampler, sampler
from simulators.engines._tree import Node
from simulators.plan import PerRequest, Plan, Visit


class VisitDraws:
    """The random side of one visit; every function takes a draw key."""

    def __init__(self, node: Node, plan: Plan, seed: int) -> None:
        assert isinstance(node.step, Visit)
        self.number, self.step = node.number, node.step
        station, unit = plan.by_name[node.step.station], plan.unit_of[node.step.station]
        name, nth = station.name, node.occurrence
        self.stay = node.step.hop is None
        self.hop_out = sampler(node.step.hop, seed, name, "hop-out", nth)
        self.hop_back = sampler(node.step.hop, seed, name, "hop-back", nth)
        self.delay = sampler(station.delay, seed, name, "delay", nth)
        self.service = sampler(station.service, seed, name, "service", nth)
        self.batch = batch_sampler(station.batching.by_size, seed, name, nth) if station.batching else None
        self.wakes = [sampler(wake.extra, seed, name, "wake", 100 * i + nth) for i, wake in enumerate(station.wakes)]
        self.errors = draws.stream_of(seed, name, "error", nth)
        self.balance = draws.stream_of(seed, name, "balance", nth)
        self.start_up = sampler(unit.start_up, seed, unit.name, "start-up", nth)
        cold = unit.scaling.cold_service if isinstance(unit.scaling, PerRequest) else None
        self.cold_service = self.service if cold is None else sampler(cold, seed, name, "cold-service", nth)
