"""The charts of a release say what its log says."""

from typing import Any

import numpy as np
import pytest

from dashboard.charts.release_evidence import release_evidence
from dashboard.charts.release_harm import release_harm
from dashboard.charts.release_power import release_power
from dashboard.charts.release_shares import decisions, release_shares, time_unit, turns
from dashboard.parts.kinds import form_of
from simulators.releases import Traffic, World, power
from simulators.releases.simulate import course
from strategies.releases.choices import judges, make_policy, policies, settings_of


@pytest.fixture(scope="module")
def log() -> list[dict[str, Any]]:
    """A canary that is rolled back."""
    world = World.same().with_fault(errors=0.3)
    return course(make_policy({"policy": "canary"}), world, Traffic(5.0), horizon_s=7_200)[0]


def test_shares_stack_up_to_everything_and_every_turn_is_marked(log: list[dict[str, Any]]) -> None:
    chart = release_shares(log, 3_600)
    areas = [trace for trace in chart.figure.data if trace.stackgroup]
    assert {area.name for area in areas} == {"old version", "new version"}
    assert np.allclose(np.sum([area.y for area in areas], axis=0), 1.0)
    marks = next(trace for trace in chart.figure.data if trace.name == "decision")
    assert len(marks.x) == len(turns(log)) == len(chart.table)
    assert "roll back" in chart.alt
    assert len(decisions(log, all_of_them=True)) == len(log)


def test_an_outage_and_copies_are_drawn_too() -> None:
    outage = course(
        make_policy({"policy": "basic", "settings": {"mode": "recreate"}}), World.same(ready_s=90.0), Traffic(1.0)
    )[0]
    assert "nobody" in {trace.name for trace in release_shares(outage, 300).figure.data}
    shadow = course(make_policy({"policy": "shadow"}), World.same(), Traffic(1.0), horizon_s=600)[0]
    assert "copied to the new version" in {trace.name for trace in release_shares(shadow, 600).figure.data}


def test_evidence_is_drawn_against_its_boundary(log: list[dict[str, Any]]) -> None:
    chart = release_evidence(log, 3_600)
    errors = next(trace for trace in chart.figure.data if trace.name == "errors")
    assert errors.y[-1] >= 1  # which is why it was rolled back
    assert max(errors.y[:-1]) < 1
    assert "errors" in chart.table["signal"].tolist()
    assert release_evidence([{**log[0], "evidence": []}], 60).table["signal"].tolist() == ["none yet"]


def test_harm_ends_at_what_the_release_came_to(log: list[dict[str, Any]]) -> None:
    chart = release_harm({"measured": log, "simulated": log}, {"measured": 17, "simulated": 4}, 3_600)
    assert [trace.y[-1] for trace in chart.figure.data] == [17, 4]
    assert "17 in the end" in chart.alt


def test_power_is_drawn_by_traffic() -> None:
    from dataclasses import asdict

    points = power(make_policy({}), {"errors": World.same().with_fault(errors=0.2)}, (1e-5, 10.0), releases=10)
    chart = release_power([asdict(point) for point in points], 10.0)
    assert list(chart.figure.data[0].x) == [1e-5, 10.0]
    assert "errors 100%" in chart.alt
    assert chart.table["time to catch it"].iloc[0] == "never"


@pytest.mark.parametrize(("until_s", "unit"), [(60, "Seconds"), (7_200, "Minutes"), (90_000, "Hours")])
def test_time_has_a_unit_that_suits_it(until_s: float, unit: str) -> None:
    assert time_unit(until_s)[1] == unit


@pytest.mark.parametrize("cls", [*policies().values(), *judges().values()])
def test_every_plain_setting_has_a_control(cls: Any) -> None:
    shown = set(form_of(cls, ("judge", "signals", "required")).model_fields)
    assert set(settings_of(cls)) - shown <= {"signals", "required"}
