"""A plan on a slow machine: services begun while it is slow take longer by the power, the generator's do not."""

import numpy as np
import pytest

from data.discovery import kind
from data.profile import Component, ServiceProfile
from data.workloads.poisson import Poisson
from simulators.engines.contract import Engine, Task
from simulators.fidelity.plans import CLIENT, as_measured
from simulators.fidelity.slowness import slowed
from simulators.plan import Slow

STEP_S = 0.02
PROFILE = ServiceProfile(
    "p", "api", "process", 1, (Component("model", ((1, (0.001,)),)),), client_s=(0.0002,), capacity_rps=1_000.0,
    cores=1, generator_apart=True,
)  # fmt: skip


def test_the_generator_has_a_unit_of_its_own() -> None:
    assert [[s.name for s in unit.stations] for unit in as_measured(PROFILE).units] == [[CLIENT], ["server"]]


def test_alike_steps_are_one_interval_and_the_last_goes_on() -> None:
    slow = np.array([1.0, 1.0, 1.5, 1.51, 1.0, 2.0])
    faults = slowed(as_measured(PROFILE), slow, STEP_S, 2.0, CLIENT).faults
    assert all(isinstance(fault, Slow) and fault.station == "server" for fault in faults)
    spans = [(fault.from_s, fault.factor) for fault in faults if isinstance(fault, Slow)]
    assert spans == [(0.04, pytest.approx(1.505**2, rel=0.01)), (0.1, pytest.approx(4.0))]
    last = faults[-1]
    assert isinstance(last, Slow)
    assert last.until_s > 1_000
    assert slowed(as_measured(PROFILE), np.empty(0), STEP_S, 2.0, CLIENT) == as_measured(PROFILE)


@pytest.mark.parametrize("engine", ["kernel", "simpy"])
def test_services_take_longer_where_it_was_slow(engine: str) -> None:
    slow = np.repeat([1.0, 1.5, 1.0], 50)  # a second each
    plan = slowed(as_measured(PROFILE), slow, STEP_S, 2.0, CLIENT)
    schedule = Poisson(rate_rps=20, duration_s=3.0).schedule(1, 4)
    outcome = kind("simulators.engines", Engine, engine)().run(Task(plan, schedule, 1))  # type: ignore[type-abstract]
    assert outcome.rows is not None
    at_s = outcome.rows["scheduled_s"]
    took_s = outcome.rows["end_s"] - at_s
    within = (at_s > 1.0) & (at_s < 1.99)
    assert np.median(took_s[within]) == pytest.approx(0.0002 + 0.001 * 1.5**2, rel=1e-6)
    assert np.median(took_s[~within]) == pytest.approx(0.0012, rel=1e-6)
