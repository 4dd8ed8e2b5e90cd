"""A plan as tables: the tree of calls flattened, every law with its stream, every station and unit a record."""

from __future__ import annotations

import math
from collections.abc import Sequence as Several

import numpy as np
from numpy.typing import NDArray

from simulators.engines import _draws as draws
from simulators.engines._kernel import records as r
from simulators.engines._kernel.state import Records
from simulators.engines._tree import Node, all_nodes, number_steps
from simulators.plan import (
    Asynchronous,
    Cached,
    Choice,
    Deterministic,
    Empirical,
    Exponential,
    Gamma,
    Guard,
    Law,
    LogNormal,
    Parallel,
    Parts,
    PerRequest,
    Plan,
    Sequence,
    Station,
    Visit,
)

_STATUS = {"rejected": 1, "timeout": 2, "error": 3}
_FEWEST_ROWS, _MOST_ROWS, _MOST_DRAWN = 128, 4_096, 8_192
"""What is drawn beforehand should stay in the processor's caches."""
_LIKELY = 0.5
"""What a request needs with at least this probability is drawn beforehand."""


class Terms:
    """Laws with their streams, one after the other; a law is referred to by the index of its first term."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._terms: list[tuple[int, int, int, float, float, int, int, int, int]] = []
        self._samples: list[float] = []
        self._known: dict[tuple[float, ...], int] = {}
        self._beforehand: list[int] = []

    def add(self, law: Law | None, source: str, purpose: str, occurrence: int = 0) -> int:
        if law is None:
            return int(r.NONE)
        first = len(self._terms)
        if isinstance(law, Parts):
            run = len(law.parts) if all(isinstance(part, Empirical) for _, part in law.parts) else 0
            for nth, (name, part) in enumerate(law.parts, 1):
                self._term(part, name, purpose, occurrence, int(nth < len(law.parts)), run)
        else:
            self._term(law, source, purpose, occurrence, 0, int(isinstance(law, Empirical)))
        return first

    def _term(self, law: Law, source: str, purpose: str, occurrence: int, more: int, run: int) -> None:
        stream = draws.stream_of(self._seed, source, purpose, occurrence)
        kind, first, count, p, q = r.DETERMINISTIC, 0, 0, 0.0, 0.0
        match law:
            case Deterministic(mean):
                p = mean
            case Exponential(mean):
                kind, p = r.EXPONENTIAL, mean
            case LogNormal(mean, cv):
                q = math.sqrt(math.log1p(cv * cv))
                kind, p = r.LOGNORMAL, math.log(mean) - 0.5 * q * q
            case Gamma(mean, cv):
                shape = 1.0 / (cv * cv)
                kind, p, q = r.GAMMA, shape, mean / shape
            case Empirical(samples):
                kind, first, count = r.EMPIRICAL, self._place(law), len(samples)
        self._terms.append((stream, count, first, p, q, kind, more, run, r.NONE))

    def draw_beforehand(self, first: int) -> None:
        """Keep a column for the law whose first term that is."""
        if first != r.NONE and first not in self._beforehand:
            self._beforehand.append(first)

    def _place(self, law: Empirical) -> int:
        """Where the samples are; equal ones are kept once, since the processor's cache is small."""
        if law.samples_s not in self._known:
            self._known[law.samples_s] = len(self._samples)
            self._samples += law.samples_s
        return self._known[law.samples_s]

    def tables(self) -> tuple[Records, NDArray[np.float64]]:
        return table(self._terms, r.TERM), np.array(self._samples or [0.0])

    @property
    def drawn_beforehand(self) -> int:
        """How many columns there are."""
        return len(self._beforehand)

    def columns(self, terms: Records) -> tuple[Records, int]:
        """The columns of what is drawn beforehand, noted with its terms, and how many rows each has.

        In front of them is a column of zeros, for what takes no time.
        """
        rows = _MOST_ROWS
        while rows > _FEWEST_ROWS and rows * self.drawn_beforehand > _MOST_DRAWN:
            rows //= 2
        places = [(first, index * rows) for index, first in enumerate(self._beforehand, 1)]
        for first, at in places:
            terms["column"][first] = at
        return table(places, r.COLUMN), rows


def table(rows: Several[tuple[object, ...]], dtype: np.dtype[np.void]) -> Records:
    """Records from tuples; one blank record where there are none, so that the array has memory."""
    return np.array(rows, dtype) if rows else np.zeros(1, dtype)


class Flattener:
    """Lays the tree of calls out so that every step knows what follows it."""

    def __init__(self, plan: Plan, seed: int, terms: Terms) -> None:
        self._plan, self._seed, self._terms = plan, seed, terms
        self.nodes: list[dict[str, object]] = []
        self.branches: list[tuple[float, int]] = []
        self.sizes: list[tuple[int, int]] = []
        self.wakes: list[tuple[float, int, int]] = []
        self.guards: list[dict[str, object]] = []
        self.outcomes = 0
        self._odds = 1.0
        self._stations = {station.name: i for i, station in enumerate(plan.stations)}
        self._units = {unit.name: i for i, unit in enumerate(plan.units)}
        self._die = self._node(r.DIE, 0, r.NONE)
        root = number_steps(plan.request)
        self.steps = len(all_nodes(root))
        self.root = self._lay(root, self._node(r.END, 0, r.NONE))

    def _node(self, kind: int, where: int, following: int, **fields: object) -> int:
        self.nodes.append({"kind": kind, "where": where, "next": following, **fields})
        return len(self.nodes) - 1

    def _lay(self, node: Node, following: int) -> int:
        """Lay out a step that is followed by another; returns the index where it begins."""
        step = node.step
        match step:
            case Visit():
                return self._visit(node, step, following)
            case Sequence():
                for inner in reversed(node.inner):
                    following = self._lay(inner, following)
                return following
            case Parallel():
                n, need = len(node.inner), step.needed
                join = self._node(r.JOIN, node.number, following, count=n, need=need)
                entries = [self._lay(inner, join) for inner in node.inner]
                first = self._branch([(1.0, entry) for entry in entries])
                return self._node(r.FORK, node.number, following, first=first, count=n, need=need)
            case Choice():
                shares = [share for share, _ in step.branches]
                edges = np.cumsum(shares).tolist()
                entries = [self._perhaps(*one, following) for one in zip(shares, node.inner, strict=True)]
                first = self._branch(list(zip(edges, entries, strict=True)))
                chance = draws.stream_of(self._seed, node.source, "choice", node.occurrence)
                return self._node(r.CHOICE, node.number, following, first=first, count=len(entries), choice=chance)
            case Cached():
                return self._cached(node, step, following)
            case Asynchronous():
                return self._node(r.SPAWN, node.number, following, inner=self._lay(node.inner[0], self._die))
            case Guard():
                return self._guard(node, step, following)

    def _perhaps(self, share: float, node: Node, following: int) -> int:
        """Lay out a step that only a share of those who come here goes through."""
        before = self._odds
        self._odds *= share
        first = self._lay(node, following)
        self._odds = before
        return first

    def _branch(self, branches: list[tuple[float, int]]) -> int:
        self.branches += branches
        return len(self.branches) - len(branches)

    def _visit(self, node: Node, step: Visit, following: int) -> int:
        station, unit = self._plan.by_name[step.station], self._plan.unit_of[step.station]
        name, nth, add = station.name, node.occurrence, self._terms.add
        service = add(station.service, name, "service", nth)
        cold = unit.scaling.cold_service if isinstance(unit.scaling, PerRequest) else None
        hop_out, hop_back = add(step.hop, name, "hop-out", nth), add(step.hop, name, "hop-back", nth)
        delay = add(station.delay, name, "delay", nth)
        if self._odds >= _LIKELY:
            for first in (hop_out, hop_back, delay, *((service,) if station.batching is None else ())):
                self._terms.draw_beforehand(first)
        inner = r.NONE
        if node.inner:
            inner = self._lay(node.inner[0], self._node(r.RELEASE, node.number, r.NONE))
        return self._node(
            r.VISIT,
            node.number,
            following,
            inner=inner,
            holds=bool(node.inner),
            station=self._stations[name],
            unit=self._units[unit.name],
            stay=step.hop is None,
            hop_out=hop_out,
            hop_back=hop_back,
            delay=delay,
            service=service,
            cold=service if cold is None else add(cold, name, "cold-service", nth),
            start_up=add(unit.start_up, unit.name, "start-up", nth),
            sizes=self._sizes(station, nth),
            wakes=self._wakes(station, nth),
            errors=draws.stream_of(self._seed, name, "error", nth),
            balance=draws.stream_of(self._seed, name, "balance", nth),
        )

    def _sizes(self, station: Station, nth: int) -> int:
        if station.batching is None:
            return int(r.NONE)
        first = len(self.sizes)
        for size, law in station.batching.by_size:
            self.sizes.append((size, self._terms.add(law, station.name, "service", nth)))
        return first

    def _wakes(self, station: Station, nth: int) -> int:
        first = len(self.wakes)
        for i, wake in enumerate(station.wakes):
            term = self._terms.add(wake.extra, station.name, "wake", 100 * i + nth)
            self.wakes.append((wake.idle_s, term, int(wake.occupies)))
        return first

    def _cached(self, node: Node, step: Cached, following: int) -> int:
        return self._node(
            r.CACHE,
            node.number,
            following,
            inner=self._perhaps(1.0 - step.hit_share, node.inner[0], following),
            hit=step.hit_share,
            lookup=self._terms.add(step.lookup, node.source, "lookup", node.occurrence),
            choice=draws.stream_of(self._seed, node.source, "choice", node.occurrence),
        )

    def _guard(self, node: Node, step: Guard, following: int) -> int:
        retry, breaker, guard = step.retry, step.breaker, len(self.guards)
        fields: dict[str, object] = {"timeout_s": step.timeout_s or 0.0, "budget": -1.0, "optional": step.optional}
        if retry is not None:
            fields |= {name: getattr(retry, name) for name in ("base_s", "factor", "cap_s", "jitter", "burst")}
            fields |= {"budget": -1.0 if retry.budget is None else retry.budget, "tokens": retry.burst}
            fields |= {"max_retries": retry.max_retries, "on": sum(1 << _STATUS[end] for end in set(retry.on))}
        if breaker is not None:
            fields |= {name: getattr(breaker, name) for name in ("window", "failure_share", "open_s", "probes")}
            fields |= {"breaks": 1, "outcomes": self.outcomes}
            self.outcomes += breaker.window
        self.guards.append(fields)
        free = breaker is None
        after = self._node(r.UNGUARD, node.number, following, guard=guard, pure=free)
        return self._node(
            r.GUARD,
            node.number,
            following,
            inner=self._lay(node.inner[0], after),
            guard=guard,
            pure=free and (retry is None or retry.budget is None),
            choice=draws.stream_of(self._seed, node.source, "choice", node.occurrence),
        )


def records_of(rows: list[dict[str, object]], dtype: np.dtype[np.void]) -> Records:
    """Records from field values; what is not named is 0."""
    out = np.zeros(max(1, len(rows)), dtype)
    for name in {name for row in rows for name in row}:
        out[name][: len(rows)] = [row.get(name, 0) for row in rows]
    return out
