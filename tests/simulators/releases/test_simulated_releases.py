"""Simulated releases against closed forms, and what peeking costs."""

import math

import numpy as np
import pytest
from scipy import stats

from data.errors import Cancelled, InvalidValue
from data.workloads.bursty import Bursty
from data.workloads.closed_loop import ClosedLoop
from simulators.releases import Behaviour, Traffic, World, power, simulate_releases, summarise_releases, trajectory
from simulators.releases.simulate import column
from simulators.releases.world import measured_latency
from strategies.releases.choices import make_policy
from strategies.releases.contract import ReleasePolicy
from strategies.releases.evidence import ANSWER_BINS

# fluxcd/flagger, "how it works": interval 60 s, max weight 50, step weight 5; and an absorbing Markov chain of it with
# threshold 5, success rate of 99% asked for, p = 0.02: P(rollback), E[checks], E[bad answers served].
FLAGGER = {100.0: (1.000, 5.63, 46.4), 10.0: (1.000, 7.30, 10.5)}


# Fails one time in a hundred, and answers the same in the same time: nothing but errors has to be drawn.
PLAIN = Behaviour(0.01, measured_latency(np.array([0.02])), np.eye(ANSWER_BINS)[0])


def flagger(threshold: int = 5) -> ReleasePolicy:
    settings = {"signals": ["errors"], "threshold": threshold, "min_success": 0.99}
    return make_policy({"policy": "canary", "judge": "thresholds", "judge_settings": settings})


def chain(rate_rps: float, p: float, threshold: int = 5, step: float = 0.05, most: float = 0.5) -> tuple[float, ...]:
    """P(rollback), E[checks], E[bad served] of the chain over (weight, failed checks), solved backwards."""
    weights = np.arange(step, most + 1e-9, step)
    beyond: dict[tuple[int, int], tuple[float, float, float]] = {}
    for i in range(len(weights) - 1, -1, -1):
        for failed in range(threshold - 1, -1, -1):
            n = round(rate_rps * 60 * weights[i])
            fails = 1 - stats.binom.cdf(math.floor(0.01 * n + 1e-9), n, p)
            passed = beyond[i + 1, failed] if i + 1 < len(weights) else (0.0, 0.0, 0.0)
            worse = beyond[i, failed + 1] if failed + 1 < threshold else (1.0, 0.0, 0.0)
            mixed = [fails * b + (1 - fails) * a for a, b in zip(passed, worse, strict=True)]
            beyond[i, failed] = (mixed[0], mixed[1] + 1, mixed[2] + n * p)
    return beyond[0, 0]


def failing(share: float, **more: object) -> World:
    return World(Behaviour(0.0), Behaviour(share), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(("n", "p", "expected"), [(300, 0.005, 0.06517), (300, 0.02, 0.85149)])
def test_one_check_fails_as_the_binomial_says(n: int, p: float, expected: float) -> None:
    policy = flagger(threshold=1)
    traffic = Traffic(n / 3, scatter=False)  # 5% of a minute of it are n requests
    outcomes = simulate_releases(policy, failing(p), traffic, releases=4_000, horizon_s=60)
    rolled_back = sum(outcome.detected for outcome in outcomes)
    assert stats.binomtest(rolled_back, 4_000, expected).pvalue > 0.001


@pytest.mark.parametrize(("rate_rps", "expected"), FLAGGER.items())
def test_flaggers_chain(rate_rps: float, expected: tuple[float, float, float]) -> None:
    rollback, checks, bad = chain(rate_rps, 0.02)
    assert (rollback, checks, bad) == (
        pytest.approx(expected[0], abs=5e-4), pytest.approx(expected[1], abs=5e-3), pytest.approx(expected[2], abs=0.05)
    )  # fmt: skip
    runs = simulate_releases(flagger(), failing(0.02), Traffic(rate_rps, scatter=False), releases=2_000)
    assert all(outcome.detected for outcome in runs)
    for found, mean in ((column(runs, "verdict_s") / 60, checks), (column(runs, "failed"), bad)):
        assert abs(found.mean() - mean) < 4 * found.std(ddof=1) / math.sqrt(len(found))


def test_flagger_promotes_and_rolls_back_no_sooner_than_it_says() -> None:
    good = simulate_releases(flagger(10), failing(0.0), Traffic(100.0), releases=50)
    assert {o.verdict_s for o in good} == {60 * 50 / 5}
    bad = simulate_releases(flagger(10), failing(1.0), Traffic(100.0), releases=50)
    assert {o.verdict_s for o in bad} == {60.0 * 10}


def test_exposures_and_bad_answers_are_binomial() -> None:
    # Bad answers served before detection = λ · w · T · p, and P(at least one) = 1 - (1 - p)^n.
    policy = make_policy(
        {"policy": "ab", "settings": {"share": 0.1}, "judge": "naive", "judge_settings": {"alpha": 1e-9}}
    )
    world, rate_rps, horizon_s, p = failing(0.002), 5.0, 600, 0.002
    runs = simulate_releases(policy, world, Traffic(rate_rps), releases=3_000, horizon_s=horizon_s)
    failed, mean = column(runs, "failed"), rate_rps * 0.1 * horizon_s * p
    assert abs(failed.mean() - mean) < 4 * math.sqrt(mean / 3_000)
    none = stats.binomtest(int((failed == 0).sum()), 3_000, math.exp(-mean))
    assert none.pvalue > 0.001
    assert column(runs, "served_new").mean() == pytest.approx(rate_rps * 0.1 * horizon_s, rel=0.01)


def at_every_minute(judge: str, **settings: object) -> ReleasePolicy:
    """A look each minute at the errors of two equal halves."""
    choice = {"policy": "ab", "judge": judge, "judge_settings": {"signals": ["errors"], "alpha": 0.05, **settings}}
    return make_policy({**choice, "settings": {"runs_s": 1e9, "deadline_s": 1e9}})


@pytest.mark.slow
def test_with_no_effect_ten_thousand_releases_are_rarely_rolled_back() -> None:
    world = World.same(PLAIN)
    runs = simulate_releases(at_every_minute("always_valid"), world, Traffic(20.0), releases=10_000, horizon_s=20 * 60)
    false = sum(outcome.detected for outcome in runs)
    assert false / 10_000 <= 0.05
    assert false > 0


def test_a_naive_judge_is_wrong_far_more_often_than_it_says() -> None:
    world = World.same(Behaviour(0.05))
    runs = simulate_releases(at_every_minute("naive"), world, Traffic(20.0), releases=3_000, horizon_s=20 * 60)
    false = sum(outcome.detected for outcome in runs) / 3_000
    # One side of 0.248 for 20 looks at |z| > 1.96 (Armitage, McPherson & Rowe, 1969).
    assert false == pytest.approx(0.248 / 2, abs=0.02)


@pytest.mark.parametrize("judge", ["group_sequential", "msprt"])
def test_other_sequential_judges_keep_their_error_too(judge: str) -> None:
    world = World.same(Behaviour(0.02))
    runs = simulate_releases(
        at_every_minute(judge, usual_share=0.02), world, Traffic(20.0), releases=1_500, horizon_s=30 * 60
    )
    assert sum(outcome.detected for outcome in runs) / 1_500 <= 0.05


def test_all_signals_together_keep_the_error_as_well() -> None:
    world = World.same(Behaviour(0.01, wrong_share=0.1), labelled=True, label_delay_s=120, disagree_share=0.02)
    runs = simulate_releases(
        make_policy({"policy": "ab", "settings": {"runs_s": 1e9, "deadline_s": 1e9}, "judge": "always_valid"}),
        world, Traffic(20.0), releases=1_000, horizon_s=20 * 60,
    )  # fmt: skip
    assert sum(outcome.detected for outcome in runs) / 1_000 <= 0.05


@pytest.mark.parametrize(
    ("effect", "policy"),
    [
        ({"errors": 0.05}, "canary"), ({"slower": 2.0}, "canary"), ({"wrong": 0.2}, "shadow"),
        ({"errors": 0.05}, "blue_green"), ({"slower": 2.0}, "shadow"), ({"errors": 0.05}, "ab"),
    ],
)  # fmt: skip
def test_faults_are_caught(effect: dict[str, float], policy: str) -> None:
    world = World.same().with_fault(**effect)
    assert world.harmful
    figures = summarise_releases(simulate_releases(make_policy({"policy": policy}), world, Traffic(50.0), releases=100))
    assert figures.rolled_back.value > 0.97
    assert figures.detected_s is not None
    assert figures.detected_s.low >= 60
    if policy == "shadow":
        assert (figures.served_new.high, figures.bad.high) == (0, 0)


def test_late_labels_catch_what_nothing_else_sees() -> None:
    world = World(
        Behaviour(wrong_share=0.05), Behaviour(wrong_share=0.25), labelled=True, label_delay_s=300, only_new_wrong=0.2
    )
    policy = make_policy({"policy": "ab", "settings": {"runs_s": 7200, "deadline_s": 7300}})
    figures = summarise_releases(simulate_releases(policy, world, Traffic(20.0), releases=60))
    assert figures.rolled_back.value == 1.0
    assert figures.detected_s is not None
    assert figures.detected_s.low > 300  # not before the first label


def test_a_version_that_dies_is_rescued_and_caught() -> None:
    world = World(Behaviour(), Behaviour(), fails_after=(40, "death"))
    figures = summarise_releases(simulate_releases(make_policy({}), world, Traffic(20.0), releases=100))
    assert figures.rolled_back.value == 1.0
    assert figures.failed.mean < 0.5
    failing_all = World(Behaviour(), Behaviour(), fails_after=(40, "errors"))
    assert (
        summarise_releases(simulate_releases(make_policy({}), failing_all, Traffic(20.0), releases=100)).failed.low > 5
    )


def test_traffic_that_stops_never_advances_it() -> None:
    log, outcome = trajectory(make_policy({}), World.same(), Traffic(100.0, stops_s=150.0))
    shares = [split.canary for at_s, split in log if at_s > 240 and not split.ended]
    assert shares
    assert len(set(shares)) == 1
    assert outcome.verdict == "inconclusive"
    assert "not enough traffic" in log[-1][1].reason


def test_low_traffic_ends_as_inconclusive_with_what_it_needs() -> None:
    log, outcome = trajectory(make_policy({}), World.same(), Traffic(0.02))
    assert outcome.verdict == "inconclusive"
    assert " needs " in log[-1][1].reason
    assert " h" in log[-1][1].reason
    assert log[-1][1].canary == 0


def test_recreate_drops_what_comes_while_the_new_version_starts() -> None:
    policy = make_policy({"policy": "basic", "settings": {"mode": "recreate", "interval_s": 10}})
    runs = simulate_releases(policy, World.same(ready_s=30.0), Traffic(10.0), releases=300)
    dropped = column(runs, "dropped")
    assert abs(dropped.mean() - 300) < 4 * math.sqrt(300 / 300)
    rolling = make_policy({"policy": "basic", "settings": {"interval_s": 10}})
    assert (
        column(simulate_releases(rolling, World.same(ready_s=30.0), Traffic(10.0), releases=50), "dropped").max() == 0
    )


def test_instance_hours_are_what_the_shares_say() -> None:
    world = World.same(instances=4)
    for outcome in simulate_releases(make_policy({"policy": "shadow"}), world, Traffic(100.0), releases=20):
        assert outcome.verdict_s is not None
        assert outcome.extra_instance_h == pytest.approx(4 * outcome.verdict_s / 3600)
    none = simulate_releases(make_policy({"policy": "none"}), world, Traffic(), releases=1, horizon_s=600)
    assert none[0].extra_instance_h == 0


def test_bursts_of_a_workload_are_kept() -> None:
    workload = Bursty(duration_s=1_800.0)
    traffic = Traffic.of(workload, 60.0)
    assert traffic.counts is not None
    dispersion = traffic.counts.var(axis=0).mean() / traffic.counts.mean()
    assert dispersion > 1.5
    runs = simulate_releases(make_policy({}), World.same(), traffic, releases=64)
    assert {o.verdict for o in runs} <= {"promote", "roll back", "inconclusive"}
    with pytest.raises(InvalidValue, match="open"):
        Traffic.of(ClosedLoop(duration_s=5.0), 60.0)


def test_power_grows_with_traffic_and_detection_gets_quicker() -> None:
    worlds = {"errors 2%": World.same().with_fault(errors=0.02)}
    points = power(make_policy({}), worlds, (1.0, 20.0, 200.0), releases=60)
    caught = [point.caught.value for point in points]
    assert caught == sorted(caught)
    assert caught[-1] == 1.0
    found = [point.detected_s.mean for point in points if point.detected_s is not None]
    assert found == sorted(found, reverse=True)


def test_the_same_seed_gives_the_same_releases_and_the_settings_stay() -> None:
    policy = make_policy({})
    first, again, other = (simulate_releases(policy, World.same(), Traffic(), releases=20, seed=s) for s in (1, 1, 2))
    assert first == again
    assert first != other


def test_it_stops_when_asked() -> None:
    with pytest.raises(Cancelled):
        simulate_releases(make_policy({}), World.same(), Traffic(), releases=10, cancelled=lambda: True)


def test_a_law_must_be_one() -> None:
    with pytest.raises(InvalidValue, match="latency"):
        Behaviour(latency=np.ones(5))
    with pytest.raises(InvalidValue, match="error_share"):
        Behaviour(error_share=2.0)
