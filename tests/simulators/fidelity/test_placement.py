"""When a server shares the generator's core: as long as the average of late says, and only as the profile says."""

from dataclasses import replace

import numpy as np
import pytest

from data.profile import AtLoad, Component, Idle, ServiceProfile
from simulators.fidelity.placement import HALF_LIFE_S, placed, recent_rps
from simulators.fidelity.plans import CLIENT, as_measured
from simulators.plan import Slow

PROFILE = ServiceProfile(
    "p", "api", "process", 1, (Component("model", ((1, (0.0001,)),)),), delay_s=(0.001,), client_s=(0.00005,),
    idle=(Idle(0.001, (0.002,)),), capacity_rps=8_000.0, shared_core_rps=2_000.0, shared_core_factor=1.5, cores=2,
)  # fmt: skip


def test_a_burst_is_noticed_as_late_as_the_half_life_says() -> None:
    """From 500/s to 3,500/s at 1 s: 2,000/s is half of the way, and so one half-life later."""
    at_s = np.concatenate([np.arange(0, 1, 1 / 500), np.arange(1, 2, 1 / 3_500)])
    plan = placed(as_measured(PROFILE), PROFILE, recent_rps(at_s, 2.0), CLIENT)
    (slow,) = plan.faults
    assert isinstance(slow, Slow)
    assert (slow.station, slow.factor, slow.from_s) == ("server", 1.5, 0.0)
    assert slow.until_s == pytest.approx(1 + HALF_LIFE_S, abs=0.004)


def test_who_never_shares_a_core_is_never_slowed() -> None:
    recent = recent_rps(np.arange(0, 1, 1 / 500), 1.0)
    for other in (replace(PROFILE, shared_core_rps=0.0), replace(PROFILE, shared_core_factor=1.0)):
        assert placed(as_measured(other), other, recent, CLIENT).faults == ()
    busy = recent_rps(np.arange(0, 1, 1 / 9_000), 1.0)
    assert (
        sum(fault.until_s - fault.from_s for fault in placed(as_measured(PROFILE), PROFILE, busy, CLIENT).faults) < 0.02
    )


def test_factors_of_a_load_are_interpolated_and_surges_have_none() -> None:
    loads = (AtLoad(100.0, (0.1,), delay_factor=1.0, idle_factor=4.0), AtLoad(200.0, (0.1,), delay_factor=4.0),
             AtLoad(300.0, (0.1,), from_idle=True, delay_factor=9.0))  # fmt: skip
    profile = replace(PROFILE, at_load=loads)
    for rate_rps, delay, idle in ((50.0, 1.0, 4.0), (150.0, 2.0, 2.0), (400.0, 4.0, 1.0)):
        under = profile.under(rate_rps)
        assert under.delay_s == pytest.approx((0.001 * delay,))
        assert under.idle[0].extra_s == pytest.approx((0.002 * idle,))
    assert PROFILE.under(100.0) is PROFILE


def test_only_what_is_held_up_is_held_up_longer() -> None:
    loads = (AtLoad(100.0, (0.1,), stall_factor=3.0),)
    services = (0.001, 0.001, 0.001, 0.0015, 0.012)
    profile = replace(PROFILE, components=(Component("model", ((1, services), (8, (0.5,)))),), at_load=loads)
    told = profile.under(100.0).component("model").service_s
    assert told[0][1] == pytest.approx((0.001, 0.001, 0.001, 0.0015, 0.032))
    assert told[1] == (8, (0.5,))
    within = replace(profile, overhead_s=services).under(100.0)
    assert within.overhead_s == told[0][1]
    assert within.components == profile.components
