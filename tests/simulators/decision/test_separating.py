"""Overlapping candidates are not ranked; doing the measurement that is asked for separates them, or says that they tie.

Simulated candidates, so that measuring longer is cheap: what is asked for is done as it is asked, and asked again.
"""

from pathlib import Path

import pytest

from data.scenario import Candidate, Scenario
from simulators.decision import cards
from simulators.decision import decide as deciding
from simulators.decision.decide import decide
from simulators.decision.decision import Decision
from tests.simulators.decision.made import candidate, compared, evidence, profile, scenario

pytestmark = pytest.mark.timeout(900)  # the first simulation of all may have to compile the engine
KNOWN = evidence(profile())
ROUNDS = 6


@pytest.fixture(autouse=True)
def _little(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Only what the ranking depends on: latency."""
    assert home.is_dir()
    for name, value in (("RISK_RUNS", 2), ("RISK_REQUESTS", 100), ("MOST_REQUESTS", 1_000)):
        monkeypatch.setattr(cards, name, value)
    monkeypatch.setattr(deciding, "flips", lambda _question, _cancelled: ())
    monkeypatch.setattr(deciding, "_curves", lambda _known, _scenario: None)


def servers(name: str, count: int) -> Candidate:
    return candidate(name, "traditional", settings={"model_replicas": count})


def decided(asked: Scenario) -> Decision:
    return decide(compared(asked, KNOWN), KNOWN)


def as_asked_for(asked: Scenario, found: Decision) -> Scenario:
    """The scenario with the measurement that the decision asks for, to the letter."""
    (apart,) = found.separations
    assert apart.by == "measure", apart.says
    before = asked.measurement.repetitions * asked.workload.duration_s
    longer = asked.workload.duration_s * apart.longer
    assert apart.repetitions * longer > before
    assert apart.seconds == pytest.approx(2 * apart.repetitions * (longer + asked.measurement.warm_up_s))
    return asked.evolve(measurement={"repetitions": apart.repetitions}, workload={"duration_s": longer})


@pytest.mark.parametrize(("replicas", "ends"), [(2, "apart"), (1, "tied")], ids=["another", "twin"])
def test_what_is_asked_for_separates_them_or_says_that_they_tie(replicas: int, ends: str) -> None:
    asked = scenario(
        candidates=(servers("one", 1), servers("two", replicas)),
        workload={"rate_rps": 40.0, "duration_s": 2.5},  # one request in twelve finds the only server busy
        slo={"percentile": 95.0, "latency_ms": 50.0, "max_error_share": 0.1},  # shown to be kept by a hundred requests
        weights={"latency": 1.0},
        measurement={"repetitions": 1, "warm_up_s": 0.0},
    )
    refused = 0
    for _ in range(ROUNDS):
        found = decided(asked)
        assert found.ranking is not None
        if not found.tied:
            assert [place.names for place in found.ranking.places] == [("two",), ("one",)]
            assert not found.card("one").latency.overlaps(found.card("two").latency)
            assert (ends, found.chosen) == ("apart", "two")
            break
        # No ranking: both share the first place, and it is said so.
        refused += 1
        assert [(place.number, set(place.names)) for place in found.ranking.places] == [(1, {"one", "two"})]
        assert any("there is no ranking" in statement.text for statement in found.words)
        if found.separations[0].by == "nothing":
            assert "tie on latency" in found.separations[0].says
            assert ends == "tied"
            break
        asked = as_asked_for(asked, found)
    else:
        pytest.fail(f"after {ROUNDS} rounds neither separated nor said to tie: {found.separations}")
    assert refused, "they were apart from the start: nothing was shown"
