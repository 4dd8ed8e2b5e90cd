"""The dealership as a whole is decided on: every candidate is the five components, however they are laid out."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from data.scenario import Scenario
from simulators.cost.sizing import most_of_a_unit, most_replicas, replicas
from simulators.decision import cards
from simulators.decision import decide as deciding
from simulators.decision.candidates import plan_of, shape_of, work_of
from simulators.decision.cards import month_of
from simulators.decision.decide import decide
from simulators.decision.decision import Decision
from simulators.decision.evidence import evidence_of
from strategies.dealership import COMPONENTS
from strategies.dealership.profiles import keep_application, kept_application
from strategies.packaging.package import ModelPackage
from tests.simulators.decision.made import compared, dealership, evidence, profile

ROOT = Path(__file__).parents[3]
ASKED = Scenario.load(ROOT / "docs" / "scenarios" / "dealership_decision.toml")
# Simulated throughout, and shorter: what is decided on is looked at here, and not how long anything takes.
ALL = ASKED.evolve(
    candidates=[c.model_dump() | {"source": "simulated"} for c in ASKED.candidates], workload={"duration_s": 2.5}
)
KNOWN = dealership()
pytestmark = pytest.mark.timeout(900)  # the first simulation of all may have to compile the engine


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Decision:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DRYDOCK_HOME", str(tmp_path_factory.mktemp("home")))
        for name, value in (("RISK_RUNS", 2), ("RISK_REQUESTS", 100), ("MOST_REQUESTS", 2_000)):
            patch.setattr(cards, name, value)
        patch.setattr(deciding, "flips", lambda _question, _cancelled: ())
        patch.setattr(deciding, "_curves", lambda _known, _scenario: None)
        return decide(compared(ALL, KNOWN), KNOWN, today=date(2026, 11, 1))


def test_there_are_at_least_eight_and_each_is_known_in_full(found: Decision) -> None:
    assert len(found.cards) >= 8
    assert {"monolith", "microservices"} <= {card.name for card in found.cards}
    assert {c.source for c in ASKED.candidates} == {"measured", "simulated"}
    for card in found.cards:
        assert card.missing == ()
        assert card.cost is not None
        assert card.latency is not None
        assert card.day is not None
        assert "slo_missed_min_month" in card.risk
    assert found.card("nightly").excluded


def test_every_candidate_is_the_whole_application() -> None:
    for candidate in ALL.candidates:
        measured = KNOWN.of(candidate.architecture)
        assert measured is not None
        plan = plan_of(candidate, measured)
        parts = {station.name for station in plan.stations}
        for station in plan.stations:
            parts |= {name for name, _ in getattr(station.service, "parts", ())}
        missing = set(COMPONENTS) - parts
        assert missing == ({"model"} if candidate.strategy == "batch" else set()), candidate.name
        if candidate.architecture == "microservices":
            assert [unit.name for unit in plan.units] == list(COMPONENTS)


def test_five_services_are_five_fleets_on_the_bill(found: Decision) -> None:
    candidate = ALL.candidate("two-of-each")
    measured = KNOWN.of("microservices")
    assert measured is not None
    work, shape, month = work_of(candidate, measured), shape_of(candidate), month_of(ALL)
    # Gateway: its part, a half for HTTP, four calls; each of the others: its part and being called.
    part, http, call, serve = 0.0005, measured.component("model").mean_s, 0.0002, 0.0003
    model = measured.component("model").mean_s
    by_hand = [part + http + 4 * call, part + serve, part + serve, model + serve, part + serve]
    assert work.service_s == pytest.approx(sum(by_hand))
    assert work.shares == pytest.approx([seconds / sum(by_hand) for seconds in by_hand])
    # Two of each as stated, and one more of each for redundancy: idle as they are.
    assert (replicas(shape, work, month), most_replicas(shape, work, month)) == (15.0, 15)
    assert most_of_a_unit(shape, work, month) == 3
    busy = replace(month, rate_rps=2_000.0)  # 3,600 at the peak, 30% more: each fleet is as large as its own work asks
    peak = 2_000.0 * 1.8 * 1.3
    alone = [max(-(-peak * seconds // 1), 2) + 1 for seconds in by_hand]
    assert replicas(shape, work, busy) == sum(alone)
    card = found.card("two-of-each")
    assert card.cost is not None
    (vcpu,) = (line for line in card.cost.lines if line.role == "task.vcpu_hour")
    extra = ALL.cost.releases_per_month * 0  # a basic release has none
    assert vcpu.usd == pytest.approx((15 + extra) * 730 * 0.5 * 0.04048, rel=1e-6)


def test_a_function_that_calls_another_is_billed_for_both() -> None:
    alone, apart = ALL.candidate("lambda"), ALL.candidate("lambda").model_copy(update={"strategy": "api"})
    assert KNOWN.profile is not None
    one, two = work_of(alone, KNOWN.profile), work_of(apart, KNOWN.profile)
    assert (len(one.shares), len(two.shares)) == (1, 2)
    # The first waits, occupied, while the second works, and the way there and back.
    model_s = two.service_s * two.shares[1]
    assert two.service_s > one.service_s + model_s + 2 * 0.0001 - 1e-12


def test_a_lone_model_is_billed_as_before() -> None:
    lone = evidence(profile())
    assert lone.profile is not None
    for candidate in ALL.candidates:
        assert work_of(candidate, lone.profile).shares == (1.0,)
    assert lone.of("microservices") is lone.profile


def test_profiles_of_both_forms_are_kept_with_the_model(home: Path, tmp_path: Path) -> None:
    version = "abc"
    package = cast(ModelPackage, SimpleNamespace(folder=tmp_path, version=version))
    assert kept_application(version) is None
    assert evidence_of(package, 5, "dealership").profile is None
    assert KNOWN.profile is not None
    assert KNOWN.apart is not None
    keep_application(version, {"monolith": KNOWN.profile, "microservices": KNOWN.apart})
    found = evidence_of(package, 5, "dealership")
    assert (found.profile, found.apart, found.rows) == (KNOWN.profile, KNOWN.apart, 5)
    assert found.of("microservices") == KNOWN.apart
    assert found.of("serverless") == KNOWN.profile
    assert "dealership" in found.about
    assert evidence_of(package, 5).profile is None, "the lone model's is another one"
    (home / "profiles" / "dealership" / version / "monolith.json").write_text("{")
    assert kept_application(version) is None
