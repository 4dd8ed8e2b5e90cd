"""Start-ups that share processors, against what sharing equally means."""

import numpy as np
import pytest

from data.discovery import kind
from data.workloads.contract import OpenSchedule
from simulators.engines.contract import Engine, Task
from simulators.plan import Deterministic, InvalidPlan, PerRequest, Plan, Station, Unit, Visit

START_S, SERVICE_S = 0.4, 0.01


def function(start_cores: float | None, concurrency: int = 20) -> Plan:
    scaling = PerRequest(60.0, concurrency, start_cores=start_cores)
    station = Station("function", Deterministic(SERVICE_S))
    return Plan(
        "function", (Unit("function", (station,), scaling, start_up=Deterministic(START_S)),), Visit("function")
    )


def latencies_s(engine: str, plan: Plan, arrivals_s: list[float]) -> np.ndarray:
    schedule = OpenSchedule(np.array(arrivals_s), np.zeros(len(arrivals_s), np.int64), 10.0)
    made: Engine = kind("simulators.engines", Engine, engine)()  # type: ignore[type-abstract]
    rows = made.run(Task(plan, schedule, 1)).rows
    assert rows is not None
    return np.asarray(rows["end_s"] - rows["scheduled_s"])


@pytest.mark.parametrize("engine", ["simpy", "kernel"])
def test_a_storm_of_start_ups_takes_as_long_as_their_work(engine: str) -> None:
    """Ten at once on two processors: each has a fifth of one."""
    apart = latencies_s(engine, function(None), [1.0] * 10)
    assert apart == pytest.approx(START_S + SERVICE_S)
    together = latencies_s(engine, function(2.0), [1.0] * 10)
    assert together == pytest.approx(10 * START_S / 2 + SERVICE_S)


@pytest.mark.parametrize("engine", ["simpy", "kernel"])
def test_who_comes_later_slows_who_is_starting(engine: str) -> None:
    """On one processor: alone for 0.1 s, then two share: the first needs 0.6 s more, the second 0.1 s after it."""
    first, second = latencies_s(engine, function(1.0), [1.0, 1.1])
    assert first == pytest.approx(0.1 + 0.6 + SERVICE_S)
    assert second == pytest.approx(0.6 + 0.1 + SERVICE_S)


@pytest.mark.parametrize("engine", ["simpy", "kernel"])
def test_one_alone_starts_no_faster_on_many_processors(engine: str) -> None:
    assert latencies_s(engine, function(8.0), [1.0, 3.0]).tolist() == pytest.approx([START_S + SERVICE_S, SERVICE_S])


def test_there_must_be_processors_to_share() -> None:
    with pytest.raises(InvalidPlan, match="start_cores"):
        function(0.0)
