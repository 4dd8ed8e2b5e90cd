"""The compiled engine against the readable one, Ciw and SimFaaS; a day of traffic; and how cost grows with requests."""

import time
import warnings
from collections.abc import Callable, Iterator
from statistics import median

import ciw  # type: ignore[import-untyped]

from simulators.plan import Exponential, PerRequest, Plan, Station, Unit, Visit, one_station
from tests.bench._harness import Effort, Row, compare, take_turns
from tests.bench._simulated import (
    ARCHITECTURES,
    DAY_RPS,
    TEN_SERVERS,
    TEN_SERVERS_RPS,
    apart,
    arrivals,
    engine,
    plan_of,
    timed,
)

_OURS, _THEIRS = 1_000_000, 5_000
_SIZES = (1_000_000, 10_000_000, 100_000_000)
_DAY_TARGET_S, _DAY_TARGET_BYTES = 3.0, 2e9
_GROWTH_TARGET = 0.8
"""A request of the longest run costs at most a quarter more than one of the shortest."""


def run(effort: Effort) -> Iterator[Row]:
    yield from _against_ours(effort)
    yield from _against_others(effort)
    yield from _a_day(effort)
    yield from _growth(effort)


def _against_ours(effort: Effort) -> Iterator[Row]:
    for title, plan, rate_rps, target in (
        ("one queue of ten servers", TEN_SERVERS, TEN_SERVERS_RPS, 100.0),
        ("the microservices plan", plan_of("microservices"), DAY_RPS, 50.0),
    ):
        found = take_turns(
            {"kernel": _ours(plan, rate_rps), "simpy": _per_second("simpy", plan, rate_rps, _THEIRS)}, effort.rounds
        )
        name = f"kernel: {title}, against our SimPy engine"
        yield compare(name, found["kernel"], found["simpy"], target=target, unit="requests/s")


def _against_others(effort: Effort) -> Iterator[Row]:
    """Each on its own project's first example."""
    three = one_station(Exponential(10.0), workers=3)
    station = Station("function", Exponential(1.991), queue_limit=0)
    scaling = PerRequest(600.0, 1_000, cold_service=Exponential(2.244))
    function = Plan("function", (Unit("function", (station,), scaling),), Visit("function"))
    for title, plan, rate_rps, theirs in (
        ("M/M/3, against Ciw", three, 0.2, _ciw),
        ("a function, against SimFaaS", function, 0.9, _simfaas),
    ):
        found = take_turns({"kernel": _ours(plan, rate_rps), "theirs": theirs}, effort.rounds)
        yield compare(f"kernel: {title}", found["kernel"], found["theirs"], target=100.0, unit="requests/s")


def _a_day(effort: Effort) -> Iterator[Row]:
    days = [apart("day") for _ in range(min(effort.rounds, 3))]
    seconds = [sum(day[name] for name in ARCHITECTURES) for day in days]
    each = ", ".join(f"{name} {median(day[name] for day in days):.2f} s" for name in ARCHITECTURES)
    title = f"kernel: 8.64 M requests in three architectures ({each}), against 3 s"
    yield compare(title, seconds, [_DAY_TARGET_S] * len(days), target=1.0, unit="s", better="less")
    peaks = [day["peak_bytes"] / 1e9 for day in days]
    limit = [_DAY_TARGET_BYTES / 1e9] * len(days)
    yield compare("kernel: memory for that, against 2 GB", peaks, limit, target=1.0, unit="GB", better="less")


def _growth(effort: Effort) -> Iterator[Row]:
    found: dict[int, list[float]] = {n: [] for n in _SIZES}
    for _ in range(min(effort.rounds, 3)):
        for n in _SIZES:
            found[n].append(apart("growth", str(n))["ns"])
    first, *others = _SIZES
    for n in others:
        title = f"kernel: a request of {n / 1e6:,.0f} M, against one of {first / 1e6:,.0f} M"
        yield compare(title, found[n], found[first], target=_GROWTH_TARGET, unit="ns", better="less")


def _ours(plan: Plan, rate_rps: float) -> Callable[[], float]:
    return _per_second("kernel", plan, rate_rps, _OURS)


def _per_second(name: str, plan: Plan, rate_rps: float, n: int) -> Callable[[], float]:
    runner, schedule = engine(name), arrivals(rate_rps, n)
    return lambda: n / timed(runner, plan, schedule)


def _ciw() -> float:
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(rate=0.2)],
        service_distributions=[ciw.dists.Exponential(rate=0.1)],
        number_of_servers=[3],
    )
    ciw.seed(1)
    simulation = ciw.Simulation(network)
    began_s = time.perf_counter()
    simulation.simulate_until_max_time(_THEIRS / 0.2)
    seconds = time.perf_counter() - began_s
    return len(simulation.get_all_individuals()) / seconds


def _simfaas() -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from simfaas.ServerlessSimulator import ServerlessSimulator  # type: ignore[import-untyped]
    simulator = ServerlessSimulator(
        arrival_rate=0.9,
        warm_service_rate=1 / 1.991,
        cold_service_rate=1 / 2.244,
        expiration_threshold=600,
        max_time=_THEIRS / 0.9,
    )
    began_s = time.perf_counter()
    simulator.generate_trace()
    return float(simulator.total_req_count / (time.perf_counter() - began_s))
