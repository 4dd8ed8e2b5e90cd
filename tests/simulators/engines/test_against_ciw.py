"""Random networks against Ciw, an independent simulator: with the same draws, request by request.

Ciw: G. Palmer, V. Knight, P. Harper, A. Hawa, "Ciw: An open-source discrete event simulation library", Journal of
Simulation 13 (2019). It is given our arrivals, our services and our routes; all else (who waits for whom, and for how
long) each of the two works out for itself.
"""

from typing import Any

import ciw  # type: ignore[import-untyped]
import numpy as np
import pytest
from numpy.random import Generator

from data.workloads.contract import OpenSchedule
from simulators import plan as p
from simulators.engines import _draws as draws
from simulators.engines._simpy.sampling import sampler
from simulators.engines._tree import Node, number_steps
from simulators.engines.contract import Task
from simulators.engines.kernel import Kernel
from tests.simulators.engines.long_runs import assert_littles_law

_REQUESTS = 400


class Stay(ciw.dists.Distribution):  # type: ignore[misc]
    """A service time is the next one that the individual was given when it came."""

    def sample(self, t: float | None = None, ind: Any = None) -> float:  # noqa: ARG002
        return float(ind.stays.pop(0))


def _law(rng: Generator, mean_s: float) -> p.Law:
    cv = float(rng.uniform(0.3, 1.5))
    return (p.Exponential(mean_s), p.LogNormal(mean_s, cv), p.Gamma(mean_s, cv))[int(rng.integers(3))]


def _network(rng: Generator) -> p.Plan:
    """An entry that may refuse, then some visits and choices among further stations, in any order."""
    names = [f"n{i}" for i in range(int(rng.integers(2, 6)))]
    units = []
    for i, name in enumerate(names):
        limit = int(rng.integers(0, 4)) if i == 0 and rng.random() < 0.5 else None
        service = _law(rng, float(rng.uniform(0.2, 1.5)))
        units.append(p.Unit(name, (p.Station(name, service, workers=int(rng.integers(1, 4)), queue_limit=limit),)))
    steps: list[p.Step] = [p.Visit(names[0])]
    for _ in range(int(rng.integers(1, 5))):
        here, there = (p.Visit(str(name)) for name in rng.choice(names[1:], 2))
        share = float(rng.uniform(0.1, 0.6))
        steps.append(here if rng.random() < 0.5 else p.Choice(((share, here), (0.9 - share, there))))
    return p.Plan("network", tuple(units), p.Sequence(tuple(steps)))


def _way(plan: p.Plan, root: Node, seed: int, number: int) -> list[tuple[int, float]]:
    """Which stations a request visits, and how long each serves it."""
    found = []
    for node in root.inner:
        if isinstance(node.step, p.Choice):
            chance = draws.uniform(draws.stream_of(seed, node.source, "choice", node.occurrence), number)
            edges = np.cumsum([share for share, _ in node.step.branches])
            taken = int(np.searchsorted(edges, chance, side="right"))
            if taken == len(edges):
                continue
            node = node.inner[taken]
        assert isinstance(node.step, p.Visit)
        station = plan.by_name[node.step.station]
        service = sampler(station.service, seed, station.name, "service", node.occurrence)
        found.append((plan.stations.index(station), service(number)))
    return found


def _ciw(plan: p.Plan, at_s: np.ndarray[Any, Any], seed: int) -> list[Any]:
    """Ciw's records of the same network."""
    root = number_steps(plan.request)

    def route(ind: Any, _simulation: Any) -> list[int]:
        way = _way(plan, root, seed, ind.id_number - 1)
        ind.stays = [stay_s for _, stay_s in way]
        return [station + 1 for station, _ in way[1:]]

    others = len(plan.stations) - 1
    gaps = [*np.diff(at_s, prepend=0.0).tolist(), 1e12]
    limits = [float("inf") if s.queue_limit is None else s.queue_limit for s in plan.stations]
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Sequential(gaps), *[None] * others],
        service_distributions=[Stay() for _ in plan.stations],
        number_of_servers=[station.workers for station in plan.stations],
        queue_capacities=limits,
        routing=ciw.routing.ProcessBased(route),
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(1e9)
    return list(simulation.get_all_records())


@pytest.mark.parametrize("seed", range(20))
def test_random_network(seed: int) -> None:
    rng = np.random.default_rng(seed)
    plan = _network(rng)
    at_s = np.cumsum(rng.exponential(1.0, _REQUESTS))
    schedule = OpenSchedule(at_s, np.zeros(_REQUESTS, np.int64), float(at_s[-1]) + 1.0)
    outcome = Kernel().run(Task(plan, schedule, seed))
    assert_littles_law(plan, outcome)
    assert outcome.rows is not None
    end_s, refused, wait_s = np.zeros(_REQUESTS), np.zeros(_REQUESTS, bool), np.zeros(len(plan.stations))
    for record in _ciw(plan, at_s, seed):
        number = record.id_number - 1
        if record.record_type == "rejection":
            refused[number], end_s[number] = True, record.arrival_date
        else:
            end_s[number] = max(end_s[number], record.exit_date)
            wait_s[record.node - 1] += record.waiting_time
    np.testing.assert_array_equal(outcome.rows["status"] == 1, refused)
    np.testing.assert_allclose(outcome.rows["end_s"], end_s, rtol=1e-9)
    np.testing.assert_allclose(outcome.totals[:, 0], wait_s, rtol=1e-7, atol=1e-7)
