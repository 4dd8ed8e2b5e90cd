"""Lesson 14: each defence refuses what it is for and nothing else, and the check asks for all three parts."""

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from statistics import mean
from typing import Any

import pytest

from data.scenario import Scenario
from lessons.experiments._attacks import Guarded, attack, guarded
from lessons.experiments._capstone import profile_of, scenario_of
from lessons.record import Outcome, Plot, Record, Series, exact
from strategies.packaging.package import ModelPackage

lesson: Any = import_module("lessons.experiments.14_security_edge_capstone")
EXPERIMENT = lesson.SecurityEdgeCapstone()
THROUGH = {
    "open": {"a guessed token", "a model that we did not sign"},
    "token": {"a model that we did not sign"},
    "signed": set(),
}


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest, tumour_forest: ModelPackage) -> Iterator[Guarded]:
    """A server with that defence, which all tests of it share."""
    with guarded(tumour_forest, request.param) as running:
        yield running


@pytest.mark.parametrize(("server", "through"), THROUGH.items(), indirect=["server"], ids=THROUGH)
def test_each_defence_refuses_what_it_is_for(tumour_forest: ModelPackage, server: Guarded, through: set[str]) -> None:
    before = (tumour_forest.folder / "manifest.json").read_bytes()
    assert server.ask(server.token)[0] == 200, "honest clients are answered"
    found = attack(server)
    assert server.ask(server.token)[0] == 200, "and still are"
    assert len(found) == lesson.ATTACKS
    assert {one.name for one in found if not one.refused} == through
    assert (tumour_forest.folder / "manifest.json").read_bytes() == before, "only a copy was attacked"


@pytest.mark.parametrize("server", ["token"], indirect=True)
def test_its_profile_tells_what_occupies_the_server_from_what_only_delays(server: Guarded) -> None:
    profile = profile_of(server, lambda: False)
    latency_s = mean(server.latencies_s())
    assert profile.cold_starts[0].total_s == server.start_s
    assert 0 < profile.occupancy_s < latency_s, "the way to the server and back occupies nobody"
    assert profile.capacity_rps > 1 / latency_s, "several users get more answers than one who waits"
    assert profile.payload_bytes > 0
    assert profile.component("model").mean_s <= profile.occupancy_s


@pytest.mark.parametrize(
    ("change", "passed"),
    [
        ({}, True),
        ({"through": exact(1, "attacks", 5)}, False),
        ({"file": exact(64.1, "KiB")}, False),
        ({"loss": exact(0.011, "share", 360)}, False),
        ({"facts": {"flip": ""}}, False),
        ({"facts": {"chosen": ""}}, False),
    ],
)
def test_the_check_asks_for_defence_device_and_decision(change: dict[str, Any], passed: bool) -> None:
    facts = RECORD.facts | change.pop("facts", {})
    record = replace(RECORD, figures={**RECORD.figures, **change}, facts=facts)
    assert EXPERIMENT.check(record).passed is passed


def test_the_decision_is_about_the_learners_own_traffic(tumour_forest: ModelPackage) -> None:
    asked = scenario_of(tumour_forest, 12.5, 0.5, 3)
    assert asked.forecast.rate_rps == 12.5
    assert (asked.data.name, asked.model.algorithm) == ("tumour", "random_forest"), "so that it can be run again"
    assert Scenario.from_toml(asked.to_toml()) == asked
    assert [candidate.name for candidate in asked.candidates] == ["servers", "function", "endpoint"]


RECORD = Record(
    settings=EXPERIMENT.setup(), seed=1, origin="measured", labels={}, outcome=Outcome(0, "through"),
    plot=Plot("x", "y", (Series("s", ["a"], [0.0]),), "alt"), provenance="measured",
    figures={"through": exact(0, "attacks", 5), "file": exact(44.4, "KiB"), "loss": exact(0.0, "share", 360)},
    facts={"chosen": "function", "flip": "The choice flips.", "through_names": "none"},
)  # fmt: skip
