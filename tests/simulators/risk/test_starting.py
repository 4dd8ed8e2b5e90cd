"""Instances that start at the same time share processors: by hand, by a second simulation, and learned back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from data.profile import ColdStart, Component, ServiceProfile
from data.provenance import Provenance
from data.trace import Status, Trace
from data.usage import Usage
from simulators.risk.real import Calibration, Injected, drills, learnt, predict
from simulators.risk.real.starting import Seen, Sharing, answered_s, fitted

SERVICE_S = 0.01


def stepwise(at_s: NDArray[np.float64], work_s: NDArray[np.float64], sharing: Sharing) -> NDArray[np.float64]:
    """The same in small steps of time, as anybody would write it who has never heard of events."""
    step_s, ends_s = 0.0005, np.full(len(at_s), np.nan)
    left: dict[int, float] = {}
    idle, come = 0, 0
    for tick in range(200_000):
        now_s = tick * step_s
        while come < len(at_s) and at_s[come] <= now_s:
            left[come] = SERVICE_S + (0.0 if idle else work_s[come])
            come, idle = come + 1, max(idle - 1, 0)
        rate = sharing.rate(len(left))
        for request in list(left):
            left[request] -= step_s * rate
            if left[request] <= 0:
                del left[request]
                ends_s[request], idle = now_s + step_s, idle + 1
        if come == len(at_s) and not left:
            return ends_s
    raise AssertionError("it never came to an end")


def test_one_alone_takes_its_work_and_two_share_one_processor() -> None:
    one = Sharing(cores=1)
    at_s, work_s = np.array([0.0, 0.0]), np.array([1.0, 1.0])
    assert answered_s(at_s[:1], work_s[:1], 0.0, one) == pytest.approx([1.0])
    assert answered_s(at_s, work_s, 0.0, one) == pytest.approx([2.0, 2.0])
    assert answered_s(at_s, work_s, 0.0, Sharing(cores=2)) == pytest.approx([1.0, 1.0])
    assert answered_s(at_s, work_s, 0.0, Sharing(2, 0.5)) == pytest.approx([2.0, 2.0])


def test_who_comes_later_slows_the_first_down_and_finds_it_when_it_stands() -> None:
    # On one processor: alone until 0.5, at half the rate until 0.5 + 2 x 0.5 = 1.5; the second has 0.5 left of its 1.
    ends_s = answered_s(np.array([0.0, 0.5, 5.0]), np.array([1.0, 1.0, 1.0]), 0.0, Sharing(1))
    assert ends_s == pytest.approx([1.5, 2.0, 5.0])


def test_waiting_feeds_on_itself_where_starts_come_faster_than_they_are_done() -> None:
    # The first start goes on at min(1, 2 / n) while the n-th joins every quarter of a second: 1 = 1/4 + 1/4 x (1 + 2/3
    # + 1/2 + ...), with 2/n for n = 2, 3, ...: 0.25 + 0.25 + 0.1667 + 0.125 + 0.1 + 0.0833 = 0.975 after 1.5 s.
    at_s = np.arange(0, 4, 0.25)
    first_s = answered_s(at_s, np.ones(16), 0.0, Sharing(2))[0]
    assert first_s == pytest.approx(1.5 + 0.025 / (2 / 7), abs=1e-9)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.floats(0.0, 0.5), min_size=1, max_size=12),
    st.integers(1, 4),
    st.floats(0.5, 1.0),
    st.integers(0, 2**32 - 1),
)
def test_events_and_small_steps_agree(gaps_s: list[float], cores: int, efficiency: float, seed: int) -> None:
    # On whole steps, so that who comes exactly when another ends comes after it in both.
    at_s = np.round(np.cumsum(gaps_s) / 0.0005) * 0.0005 + 0.00025
    work_s = np.random.default_rng(seed).uniform(0.2, 0.8, len(at_s))
    sharing = Sharing(cores, efficiency)
    exact, slow = answered_s(at_s, work_s, SERVICE_S, sharing), stepwise(at_s, work_s, sharing)
    # A request that comes within a step of the moment at which an instance stands may find it in one and not the other.
    ties = np.abs(at_s[:, None] - exact[None, :]).min(initial=1.0) < 0.02
    assert ties or exact == pytest.approx(slow, abs=0.01)


@pytest.mark.parametrize("efficiency", [0.55, 0.8, 1.0])
def test_the_work_and_the_efficiency_are_learned_back(efficiency: float) -> None:
    truth, seen, works = Sharing(2, efficiency), [], (0.45, 0.6, 0.52, 0.4)
    for number, work in enumerate(works):
        at_s = np.sort(np.random.default_rng(number).uniform(0, 4, 16))
        ends_s = answered_s(at_s, np.full(16, work), 0.0, truth)
        cold = ends_s - at_s > work / 2
        seen.append(Seen(at_s[cold], ends_s[cold]))
    found = fitted(seen, 2)
    assert found.efficiency == pytest.approx(efficiency, abs=0.011)
    for strike, work in zip(seen, works, strict=True):
        assert strike.work_s(truth) == pytest.approx(np.full(len(strike.begin_s), work))


def test_what_is_learned_from_strikes_predicts_others() -> None:
    (drill,) = drills("function")
    profile = ServiceProfile(
        "known", "api", "function", 1, (Component("model", ((1, (SERVICE_S,)),)),),
        cold_starts=(ColdStart((("all", 0.5),)),), cores=2,
    )  # fmt: skip
    truth, rng = Sharing(2, 0.7), np.random.default_rng(5)

    def strike(patience_s: float) -> Injected:
        at_s = np.sort(rng.uniform(0, drill.seconds, rng.poisson(drill.rate_rps * drill.seconds)))
        after = at_s >= drill.at_s
        work_s = np.full(after.sum(), 0.45 * np.exp(0.1 * rng.standard_normal()))
        ends_s = at_s + SERVICE_S
        ends_s[after] = answered_s(at_s[after] - drill.at_s, work_s, SERVICE_S, truth) + drill.at_s
        late, cold = ends_s - at_s > patience_s, np.zeros(len(at_s), np.bool_)
        cold[after] = Seen(at_s[after], ends_s[after]).work_s(truth) > 2 * SERVICE_S
        columns = {
            "scheduled_s": at_s,
            "end_s": np.where(late, at_s + patience_s, ends_s),
            "status": np.where(late, Status.TIMEOUT, Status.OK).astype(np.uint8),
            "cold": cold,
        }
        about = Provenance("measured", "function", "", 0)
        return Injected(Trace.build(columns, versions=(), usage=Usage(), provenance=about), drill.at_s)

    known = learnt(drill, Calibration(profile), [strike(10.0) for _ in range(7)])
    assert known.sharing.efficiency == pytest.approx(0.7, abs=0.03)
    assert np.mean(known.away_s) == pytest.approx(0.45, rel=0.1)
    predicted = predict(drill, known)
    real = [strike(drill.timeout_s).outcome for _ in range(60)]
    for name in ("failed", "recovery_s"):
        low, high = np.quantile([getattr(outcome, name) for outcome in predicted], (0.025, 0.975))
        within = sum(low - 1e-9 <= getattr(outcome, name) <= high + 1e-9 for outcome in real)
        assert within >= 51, (name, low, high)  # of 60 at 95%, fewer happen twice in a thousand
