"""What every judge must satisfy; a new one is found and tested by itself."""

from dataclasses import replace

import numpy as np
import pytest

from strategies.releases.choices import judges, make_judge, settings_of
from strategies.releases.evidence import NOTHING, Arms, Evidence, Pairs, Tally, digest
from strategies.releases.judges.contract import Judge, Judgement, Sense, Signal

JUDGES = sorted(judges())
QUICK = np.full(2_000, 0.01)


@pytest.fixture(params=JUDGES)
def judge(request: pytest.FixtureRequest) -> Judge:
    return make_judge(request.param, {})


def tally(n: int, errors: int = 0, latency_s: float = 0.01) -> Tally:
    """n requests, of which `errors` failed and the rest took about `latency_s`."""
    rng = np.random.default_rng(n)
    took_s = latency_s * rng.lognormal(0, 0.3, n - errors)
    answers = np.bincount(np.arange(n - errors) % 10, minlength=10)
    return Tally(n, errors, digest(took_s), answers, n - errors, (n - errors) // 20)


def looked(judge: Judge, old: Tally, new: Tally, looks: int = 12) -> Judgement:
    """The last judgement after as many looks at the same window, or the first harmful one."""
    total, pairs = Arms(), Pairs()
    found = None
    for _ in range(looks):
        window = Arms(old, new, pairs)
        total = total.plus(window)
        found = judge.judge(Evidence(window, total))
        if found.harmful:
            break
    assert found is not None
    return found


def test_it_has_words_and_settings_with_defaults(judge: Judge) -> None:
    assert type(judge).title
    assert type(judge).summary
    assert "signals" in settings_of(type(judge))
    assert set(judge.signals) <= set(Signal)


def test_nothing_seen_is_neither_good_nor_bad(judge: Judge) -> None:
    for _ in range(40):
        found = judge.judge(Evidence(Arms(), Arms()))
        assert not found.harmful
        assert not found.passed
        assert not found.enough


def test_a_version_that_is_the_same_is_kept(judge: Judge) -> None:
    found = looked(judge, tally(2_000, 4), tally(2_000, 4))
    assert not found.harmful
    assert found.passed
    assert found.enough


def test_a_version_that_fails_a_lot_goes(judge: Judge) -> None:
    found = looked(judge, tally(2_000, 4), tally(2_000, 400))
    assert found.harmful
    assert not found.passed
    assert not found.enough
    bad = [f for f in found.findings if f.sense is Sense.BAD]
    assert Signal.ERRORS in {f.signal for f in bad}
    worst = next(f for f in bad if f.signal is Signal.ERRORS)
    assert worst.new > worst.old
    assert worst.statistic >= worst.boundary
    assert "errors" in str(worst)


def test_a_version_that_is_slow_goes_where_latency_counts(judge: Judge) -> None:
    if Signal.LATENCY not in judge.signals:
        pytest.skip("it does not look at latency")
    found = looked(judge, tally(2_000, 4), tally(2_000, 4, latency_s=1.0))
    assert found.harmful


def test_a_version_that_fails_less_is_kept(judge: Judge) -> None:
    assert not looked(judge, tally(2_000, 18), tally(2_000, 0)).harmful


def test_silence_after_good_traffic_passes_nothing(judge: Judge) -> None:
    old, new = tally(2_000, 4), tally(2_000, 4)
    total = Arms(old, new)
    judge.judge(Evidence(total, total))
    for _ in range(20):
        found = judge.judge(Evidence(Arms(NOTHING, NOTHING), total))
        assert not found.passed
        assert not found.enough
        assert not found.harmful


def test_fresh_forgets_what_was_seen_and_keeps_the_settings(judge: Judge) -> None:
    again = judge.fresh()
    looked(judge, tally(2_000, 4), tally(2_000, 400))
    third = judge.fresh()
    for found in (again, third):
        assert type(found) is type(judge)
        assert {n: getattr(found, n) for n in settings_of(type(judge))} == {
            n: getattr(judge, n) for n in settings_of(type(judge))
        }
    clean = tally(2_000, 4)
    first, second = (looked(j, clean, clean) for j in (again, third))
    assert first == second or str(first) == str(second)


def test_the_order_of_findings_is_that_of_the_signals(judge: Judge) -> None:
    found = looked(judge, tally(2_000, 4), tally(2_000, 4))
    order = [judge.signals.index(f.signal) for f in found.findings]
    assert order == sorted(order)
    assert replace(found) == found
