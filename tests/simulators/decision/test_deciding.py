"""Decisions: limits first, then the cheapest or the best by set weights, and flips that re-running confirms."""

import json
import math
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from data.estimate import Estimate
from data.prices import keep_price_list
from data.scenario import Scenario
from simulators.comparison.comparison import Comparison
from simulators.decision import cards
from simulators.decision import decide as deciding
from simulators.decision.decide import decide
from simulators.decision.decision import Decision
from simulators.decision.evidence import Evidence
from simulators.decision.record import command, record
from simulators.decision.saved import keep_decision, kept_decision, to_dict
from simulators.decision.text import as_lines, card_rows
from tests.simulators.decision.made import (
    ALL,
    ENDPOINT,
    LAMBDA,
    NIGHTLY,
    SERVERS,
    compared,
    evidence,
    profile,
    scenario,
)

ROOT = Path(__file__).parents[3]
TODAY = date(2026, 11, 1)
pytestmark = pytest.mark.timeout(900)  # the first simulation of all may have to compile the engine


@pytest.fixture(autouse=True)
def _little(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Few and short simulations of faults and days: their figures are tested where they are made."""
    assert home.is_dir()
    monkeypatch.setattr(cards, "RISK_RUNS", 2)
    monkeypatch.setattr(cards, "RISK_REQUESTS", 300)
    monkeypatch.setattr(cards, "MOST_REQUESTS", 5_000)


KNOWN: Evidence = evidence(profile())


def decided(asked: Scenario, known: Evidence = KNOWN, comparison: Comparison | None = None) -> Decision:
    return decide(comparison or compared(asked, known), known, today=TODAY)


def choice(asked: Scenario, comparison: Comparison | None = None) -> Decision:
    """The same without looking for what would flip it, which takes most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deciding, "flips", lambda _question, _cancelled: ())
        patch.setattr(deciding, "_curves", lambda _known, _scenario: None)
        return decided(asked, comparison=comparison)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scenario, Decision]:
    """The decision among six, made once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DRYDOCK_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setattr(cards, "RISK_RUNS", 2)
        patch.setattr(cards, "RISK_REQUESTS", 300)
        patch.setattr(cards, "MOST_REQUESTS", 5_000)
        asked = scenario(budget={"max_staleness_s": 3_600.0})
        return asked, decided(asked)


def test_the_cheapest_that_keeps_every_limit_is_chosen(base: tuple[Scenario, Decision]) -> None:
    _, found = base
    costs = {card.name: card.cost.usd_per_month.value for card in found.cards if card.cost and card.allowed}
    assert found.chosen == min(costs, key=lambda name: costs[name]) == "lambda"
    assert found.rule == "cheapest"
    assert found.ranking is None
    assert found.holds
    nightly = found.card("nightly")
    assert nightly.excluded
    assert [limit.name for limit in nightly.limits if limit.outcome == "broken"] == ["staleness"]
    assert "nightly" not in costs


def test_every_card_has_latency_cost_and_risk_with_intervals(base: tuple[Scenario, Decision]) -> None:
    _, found = base
    assert found.axes == ("latency", "cost", "risk")
    for card in found.cards:
        assert not card.missing
        assert card.day is not None
        assert card.day.requests > 1_000
        for axis in found.axes:
            figure = card.axis(axis, "slo_missed_min_month")
            assert figure is not None
            assert figure.low <= figure.value <= figure.high
        assert card.cost is not None
        # Each line's arithmetic ends with its amount, and the exact amounts add up to the total.
        assert sum(line.usd for line in card.cost.lines) == pytest.approx(card.cost.usd_per_month.value, abs=0.006)
        for line in card.cost.lines:
            assert line.arithmetic.endswith(f"= {line.usd:,.2f} USD") or line.usd < 0.01


@pytest.mark.parametrize("name", ["traffic", "staff", "slo"])
def test_a_flip_is_confirmed_by_running_again_one_percent_on_either_side(name: str) -> None:
    staffed = [
        c.model_dump() | {"sizing": {"staff_hours": 1.0 if c.name == "servers" else 1.3}} for c in (SERVERS, LAMBDA)
    ]
    asked = scenario(candidates=(SERVERS, LAMBDA)).evolve(candidates=staffed)
    before = decided(asked)
    flip = next(one for one in before.flips if one.input.name == name)
    switches = [switch for switch in (flip.down, flip.up) if switch is not None]
    assert switches, before.flips
    for switch in switches:
        outward = 1 if switch.factor > 1 else -1
        for step, other in ((outward, True), (-outward, False)):
            value = switch.value * (1 + step * 0.01)
            again = choice(_with(asked, name, value))
            assert (again.chosen != before.chosen) == other, (name, switch, value, again.chosen)
            if other:
                assert again.chosen == switch.to


def test_a_price_flips_where_it_says(home: Path) -> None:
    asked = scenario(candidates=(SERVERS, LAMBDA))
    before = decided(asked)
    prices = {one.input.name: one for one in before.flips if one.input.name.startswith("price:") and one.nearest}
    assert "price:aws.apigw.http" in prices
    switch = prices["price:aws.apigw.http"].up
    assert switch is not None
    text = (ROOT / "data/prices/lists/aws-us-east-1.toml").read_text().replace('"aws-us-east-1"', '"mine"')
    for factor, chosen in ((1.01, switch.to), (0.99, before.chosen)):
        keep_price_list(text.replace("usd = 1.00\n", f"usd = {switch.value * factor:.9f}\n"))
        assert choice(asked.evolve(prices="mine")).chosen == chosen
    assert home.is_dir()


def _with(asked: Scenario, name: str, value: float) -> Scenario:
    changes: dict[str, dict[str, Any]] = {
        "traffic": {"forecast": {"rate_rps": value}},
        "staff": {"cost": {"staff_usd_per_hour": value}},
        "slo": {"slo": {"latency_ms": value}},
    }
    return asked.evolve(**changes[name])


def test_flips_are_sorted_by_distance_and_the_map_is_of_the_two_nearest(base: tuple[Scenario, Decision]) -> None:
    _, found = base
    distances = [flip.distance for flip in found.flips]
    assert distances == sorted(distances)
    assert {"traffic", "service_time", "cold_start", "payload", "slo", "faults"} <= {
        flip.input.name for flip in found.flips
    }
    near = [flip.input.name for flip in found.flips if flip.nearest][:2]
    assert found.two_way is not None
    assert [found.two_way.x.name, found.two_way.y.name] == near
    middle = len(found.two_way.x_factors) // 2
    assert found.two_way.chosen[middle][middle] == found.chosen
    assert len({name for row in found.two_way.chosen for name in row}) > 1


def test_costs_cross_where_the_curves_say(base: tuple[Scenario, Decision]) -> None:
    asked, found = base
    assert found.curves is not None
    assert found.curves.rate_rps[-1] / found.curves.rate_rps[0] == pytest.approx(1e6)
    first = found.curves.breaks[0]
    assert first.low_rps <= first.rate_rps <= first.high_rps
    known = compared(asked, KNOWN)
    for factor, name in ((0.99, first.below), (1.01, first.above)):
        moved = replace(known, scenario=asked.evolve(forecast={"rate_rps": first.rate_rps * factor}))
        costs = {c.name: c.cost.usd_per_month.value for c in choice(moved.scenario, moved).cards if c.cost}
        assert min(costs, key=lambda candidate: costs[candidate]) == name


def test_nobody_is_chosen_where_nobody_keeps_the_limits() -> None:
    found = choice(scenario(candidates=(SERVERS, NIGHTLY), budget={"usd_per_month": 1.0}))
    assert (found.chosen, found.tied, found.holds) == ("", (), False)
    assert found.words[0].text.startswith("No choice: none of the 2 candidates")
    assert all(card.excluded for card in found.cards)


def test_data_that_may_not_leave_the_device_excludes_whatever_sends_it() -> None:
    inside = {"name": "inside", "strategy": "embedded", "architecture": "monolith", "source": "simulated"}
    asked = scenario(candidates=(SERVERS,), budget={"data_stays_on_device": True})
    asked = asked.evolve(candidates=[*asked.candidates, inside])
    found = choice(asked)
    assert found.chosen == "inside"
    assert found.card("servers").excluded


def test_faults_flip_a_choice_that_has_a_limit_on_missed_minutes() -> None:
    asked = scenario(candidates=(SERVERS, ENDPOINT))
    free = choice(asked)
    missed = {card.name: card.risk["slo_missed_min_month"].estimate for card in free.cards}
    most = max(estimate.high for estimate in missed.values() if isinstance(estimate, Estimate)) * 2
    found = decided(asked.evolve(budget={"max_slo_missed_min_per_month": most}))
    assert found.chosen == free.chosen
    flip = next(one for one in found.flips if one.input.name == "faults")
    assert flip.up is not None
    assert flip.down is None
    tight = choice(asked.evolve(budget={"max_slo_missed_min_per_month": 0.001}))
    assert tight.chosen == ""


def test_weights_rank_and_twins_share_their_place() -> None:
    twin = SERVERS.model_copy(update={"name": "twin"})
    asked = scenario(candidates=(SERVERS, twin, LAMBDA), weights={"cost": 1.0, "latency": 1.0})
    found = choice(asked)
    assert found.rule == "weights"
    assert found.ranking is not None
    together = next(place for place in found.ranking.places if "servers" in place.names)
    assert "twin" in together.names
    dear = choice(scenario(candidates=(SERVERS, twin), weights={"cost": 1.0}))
    assert set(dear.ranking.best) == {"servers", "twin"} if dear.ranking else False
    assert not dear.holds
    assert dear.separations[0].by == "nothing"
    assert "tie on cost" in dear.separations[0].says
    assert any("no ranking" in statement.text for statement in dear.words)


def test_a_forecast_across_a_break_even_separates_nobody_and_a_better_one_does(base: tuple[Scenario, Decision]) -> None:
    _, before = base
    assert before.curves is not None
    crossing = next(b for b in before.curves.breaks if {b.below, b.above} == {"lambda", "servers"})
    asked = scenario(
        candidates=(SERVERS, LAMBDA), forecast={"rate_rps": crossing.rate_rps * 0.95, "uncertainty_share": 0.2}
    )
    found = choice(asked)
    assert (found.chosen, found.tied) == ("lambda", ("servers",))
    (apart,) = found.separations
    assert apart.by == "forecast"
    assert "±5% instead of ±20%" in apart.says
    better = choice(asked.evolve(forecast={"uncertainty_share": 0.04}))
    assert (better.chosen, better.tied) == ("lambda", ())


def test_the_same_decision_comes_of_the_same_and_is_kept(base: tuple[Scenario, Decision], home: Path) -> None:
    asked, found = base
    again = decided(asked)
    assert to_dict(again) == to_dict(found)
    keep_decision(found)
    assert kept_decision("g", asked) == found
    assert kept_decision("g", asked.evolve(seed=99)) is None
    assert kept_decision("../../g", asked) is None
    plain = to_dict(found)
    assert json.loads(json.dumps(plain)) == plain
    next((home / "decisions" / "g").iterdir()).write_text("{")
    assert kept_decision("g", asked) is None


def test_a_decision_is_kept_whole_or_not_at_all(base: tuple[Scenario, Decision], home: Path) -> None:
    asked, found = base
    keep_decision(found)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "replace", _fails)
        with pytest.raises(OSError, match="no space left"):
            keep_decision(replace(found, chosen="half"))
    assert kept_decision("g", asked) == found
    kept = [path.name for path in (home / "decisions" / "g").iterdir() if not path.name.startswith(".")]
    assert len(kept) == 1


def _fails(_self: Path, _target: Path) -> Path:
    raise OSError("no space left")


def test_the_words_say_what_wins_under_what_and_how_sure(base: tuple[Scenario, Decision]) -> None:
    asked, found = base
    said = {topic: [s.text for s in found.words if s.topic == topic] for topic in {s.topic for s in found.words}}
    assert said["choice"][0].startswith("lambda is the cheapest that keeps every limit: ")
    assert "5 of 6 candidates keep every limit" in said["choice"][0]
    assert any("nightly" in text and "age of an answer" in text for text in said["limits"])
    assert "±10%" in said["assumptions"][0]
    assert "aws-us-east-1" in said["assumptions"][1]
    assert "6 simulated" in said["source"][0]
    assert said["flips"]
    text = as_lines(asked, found)
    for row in card_rows(asked, found):
        for cell in (row.name, row.latency, row.cost, row.risk):
            assert cell in text


def test_the_record_has_madrs_headings_and_a_scenario_that_runs_again(base: tuple[Scenario, Decision]) -> None:
    asked, found = base
    text = record(asked, found, TODAY)
    headings = [line for line in text.splitlines() if line.startswith("#")]
    wanted = ["# Which car to show first: lambda", "## Context and Problem Statement", "## Decision Drivers",
              "## Considered Options", "## Decision Outcome", "### Consequences", "### Confirmation",
              "## Pros and Cons of the Options", "## More Information"]  # fmt: skip
    assert [heading for heading in headings if heading in wanted] == wanted
    assert text.startswith("---\nstatus: accepted\ndate: 2026-11-01\n---\n")
    assert command(asked, found) in text
    toml = text.split("```toml\n")[1].split("```")[0]
    assert Scenario.from_toml(toml) == asked
    for card in found.cards:
        assert f"### {card.name}" in text


def test_without_a_profile_measured_candidates_still_have_a_bill(base: tuple[Scenario, Decision]) -> None:
    asked = base[0].evolve(budget={"max_staleness_s": None})
    made = compared(asked, KNOWN)
    measured = tuple(
        replace(r, runs=tuple(replace(run, origin="measured") for run in r.runs)) for r in made.results[:2]
    )
    found = decide(replace(made, results=measured), Evidence(None), today=TODAY)
    assert [card.cost is not None for card in found.cards] == [True, True]
    assert found.axes == ("latency", "cost")
    assert found.chosen
    assert all(not card.risk for card in found.cards)


def test_all_kinds_of_candidates_have_a_title_and_a_distance(base: tuple[Scenario, Decision]) -> None:
    _, found = base
    assert [card.name for card in found.cards] == [candidate.name for candidate in ALL]
    assert all(card.title for card in found.cards)
    assert all(math.isfinite(flip.distance) == (flip.nearest is not None) for flip in found.flips)
