"""What every release policy must satisfy; a new one is found and tested by itself."""

import json
import math

import numpy as np
import pytest

from data.errors import InvalidValue, UnknownKind
from strategies.releases.choices import describe, judges, make_policy, policies, settings_of
from strategies.releases.contract import ReleasePolicy, Split, Verdict
from strategies.releases.evidence import Arms, Evidence, Tally, digest

POLICIES = sorted(policies())
ENDLESS = {"none"}
"""Never come to a verdict."""
BLIND = {"none", "basic"}
"""Look at nothing."""


@pytest.fixture(params=POLICIES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def tally(n: int, errors: int = 0) -> Tally:
    took_s = np.random.default_rng(n).lognormal(-5, 0.3, n - errors)
    return Tally(n, errors, digest(took_s), np.bincount(np.arange(n - errors) % 10, minlength=10))


def run(policy: ReleasePolicy, old: Tally, new: Tally, ticks: int = 400) -> list[Split]:
    """Ask every interval with the same window, until the verdict or `ticks`."""
    total = Arms()
    split = policy.decide(0.0, Evidence(Arms(), Arms()))
    splits = [split]
    for tick in range(1, ticks):
        if split.ended:
            break
        both = split.counted > 0 or split.mirrored > 0
        window = Arms(old, new if both or split.canary else Tally())
        total = total.plus(window)
        split = policy.decide(tick * policy.interval_s, Evidence(window, total, concurrent=both))
        splits.append(split)
    return splits


def test_it_has_words_for_people(name: str) -> None:
    cls = policies()[name]
    for text in (cls.title, cls.summary, cls.risk, cls.resources):
        assert text.strip()
    assert cls.__doc__


def test_shares_are_shares_and_every_decision_says_why(name: str) -> None:
    for split in run(make_policy({"policy": name}), tally(2_000, 2), tally(2_000, 2)):
        assert 0 <= split.primary <= 1
        assert 0 <= split.canary <= 1
        assert 0 <= split.mirrored <= 1
        assert split.primary + split.canary in (0, pytest.approx(1))
        assert split.old_fleet >= split.primary - 1e-9
        assert split.new_fleet >= split.canary - 1e-9
        assert split.reason


def test_a_good_version_is_promoted(name: str) -> None:
    last = run(make_policy({"policy": name}), tally(2_000, 2), tally(2_000, 2))[-1]
    if name in ENDLESS:
        assert last.verdict is Verdict.HOLD
        return
    assert last.verdict is Verdict.PROMOTE
    assert (last.primary, last.canary) == ((1.0, 0.0) if name == "shadow" else (0.0, 1.0))


@pytest.mark.parametrize("judge", sorted(judges()))
def test_a_bad_version_is_rolled_back_with_its_evidence(name: str, judge: str) -> None:
    if name in BLIND:
        with pytest.raises(InvalidValue, match="never asked"):
            make_policy({"policy": name, "judge": judge})
        return
    policy = make_policy({"policy": name, "judge": judge})
    splits = run(policy, tally(2_000, 2), tally(2_000, 500))
    last = splits[-1]
    assert last.verdict is Verdict.ROLL_BACK
    assert (last.primary, last.canary, last.mirrored) == (1.0, 0.0, 0.0)
    assert last.evidence
    assert "errors" in last.reason
    assert max(split.canary for split in splits) <= {"canary": 0.5, "ab": 0.5, "shadow": 0.0, "blue_green": 1.0}[name]


def test_a_verdict_stays(name: str) -> None:
    policy = make_policy({"policy": name})
    splits = run(policy, tally(2_000, 2), tally(2_000, 500))
    if splits[-1].ended:
        clean = Arms(tally(10_000), tally(10_000))
        again = policy.decide(1e6, Evidence(clean, clean))
        assert (again.verdict, again.canary) == (splits[-1].verdict, splits[-1].canary)


@pytest.mark.parametrize("judge", sorted(judges()))
def test_traffic_that_stops_never_advances_it(name: str, judge: str) -> None:
    if name in BLIND:
        pytest.skip("it looks at nothing")
    policy = make_policy({"policy": name, "judge": judge})
    split = policy.decide(0.0, Evidence(Arms(), Arms()))
    total = Arms()
    for tick in range(1, 8):
        window = Arms(tally(50), tally(50) if split.canary or split.mirrored else Tally())
        total = total.plus(window)
        split = policy.decide(tick * policy.interval_s, Evidence(window, total))
    before = split
    for tick in range(8, 300):
        split = policy.decide(tick * policy.interval_s, Evidence(Arms(), total))
        assert split.verdict is not Verdict.PROMOTE
        assert split.canary <= before.canary or (name == "blue_green" and split.reason.startswith("all traffic"))
        if name == "blue_green":
            before = split
    assert split.verdict is Verdict.INCONCLUSIVE


def test_low_traffic_ends_as_inconclusive_with_what_it_needs(name: str) -> None:
    if name in BLIND:
        pytest.skip("it looks at nothing")
    policy = make_policy({"policy": name})
    splits = run(policy, tally(2), tally(2))
    last = splits[-1]
    assert last.verdict is Verdict.INCONCLUSIVE
    assert (last.primary, last.canary) == (1.0, 0.0)
    assert "not enough traffic" in last.reason
    assert "n=" in last.reason
    assert "needs" in last.reason
    assert " h" in last.reason


def test_a_version_that_never_gets_ready_gets_nothing(name: str) -> None:
    policy = make_policy({"policy": name})
    for tick in range(50):
        split = policy.decide(tick * policy.interval_s, Evidence(Arms(), Arms(), ready=False))
        assert split.canary == 0
        assert split.verdict is not Verdict.PROMOTE


def test_it_crosses_a_process_boundary_and_back(name: str) -> None:
    policy = make_policy({"policy": name, "settings": {"interval_s": 7}})
    choice = json.loads(json.dumps(describe(policy)))
    assert describe(make_policy(choice)) == choice
    assert make_policy(choice).interval_s == 7
    assert describe(policy.fresh()) == choice


def test_what_it_does_not_know_is_refused(name: str) -> None:
    with pytest.raises(InvalidValue, match="no_such"):
        make_policy({"policy": name, "settings": {"no_such": 1}})
    for wrong in (0, -1, math.inf, math.nan):
        with pytest.raises(InvalidValue, match="interval_s"):
            make_policy({"policy": name, "settings": {"interval_s": wrong}})
    with pytest.raises(InvalidValue, match="must be a number"):
        make_policy({"policy": name, "settings": {"interval_s": "soon"}})


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownKind, match="canary"):
        make_policy({"policy": "canari"})
    with pytest.raises(UnknownKind, match="always_valid"):
        make_policy({"policy": "canary", "judge": "judge_dredd"})


def test_settings_are_all_documented_by_type(name: str) -> None:
    assert "interval_s" in settings_of(policies()[name])
