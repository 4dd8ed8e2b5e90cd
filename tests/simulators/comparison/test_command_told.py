"""What cannot be measured, simulated or paid is told with its line, before anything runs."""

from pathlib import Path
from typing import Any

import pytest

from data.errors import InvalidScenario
from data.scenario import Scenario
from data.scenario.lines import key_lines
from simulators.comparison.__main__ import main
from simulators.comparison.checking import check_measurable
from tests.simulators.comparison.small import ROOT, SMALL


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("latency_ms = 20.0", "latency_ms = -1", "slo.latency_ms = -1 must be above 0"),
        (
            'strategy = "api"',
            'strategy = "apu"',
            "candidates.api.strategy = 'apu' does not exist: choose one of",
        ),
        ('name = "tumour" ', 'name = "rumour" ', "data.name = 'rumour' does not exist: choose one of"),
    ],
)
def test_a_bad_scenario_is_told_at_once(
    old: str, new: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / "docs" / "scenarios" / "quick.toml").read_text()
    assert old in text
    (tmp_path / "bad.toml").write_text(text.replace(old, new))
    assert main([str(tmp_path / "bad.toml")]) == 2
    line = text[: text.index(old)].count("\n") + 1
    assert f"bad.toml: line {line}: {says}" in capsys.readouterr().err
    assert main([str(tmp_path / "none.toml")]) == 2
    assert main([str(ROOT / "docs" / "scenarios" / "quick.toml"), "--candidate", "nobody"]) == 2


def test_all_that_cannot_be_measured_is_told_with_its_line() -> None:
    scenario = SMALL.evolve(
        model={"algorithm": "linear", "parameters": {"alfa": 1}}, workload={"kind": "replay", "source": "nowhere.csv"}
    ).alter("api", host="moon")
    text = scenario.to_toml()
    with pytest.raises(InvalidScenario) as caught:
        check_measurable(scenario, key_lines(text))
    found = {error.name: error for error in (caught.value, *caught.value.others)}
    assert found.keys() == {"model.algorithm", "model.parameters.alfa", "workload.source", "candidates.api.host"}
    for name, error in found.items():
        assert error.line is not None
        assert text.splitlines()[error.line - 1].startswith(name.rpartition(".")[2])
    with pytest.raises(InvalidScenario, match="is not a target of this dataset"):
        check_measurable(SMALL.evolve(data={"target": "mood"}))


def test_all_that_cannot_be_simulated_or_paid_is_told_with_its_line() -> None:
    simulated = {"source": "simulated", "strategy": "api"}
    scenario = SMALL.evolve(
        prices="aws-us-east-1",
        candidates=[
            {"name": "nowhere", "architecture": "castle", **simulated},
            {"name": "senseless", "architecture": "monolith", **simulated},
            {"name": "oversized", "architecture": "serverless", **simulated, "settings": {"concurrency": 0}},
            {"name": "unknown", "architecture": "serverless", **simulated, "settings": {"turbo": 1}},
            {"name": "released", **simulated, "release": "yolo"},
            {"name": "dear", **simulated, "sizing": {"instance": "aws.ec2.unicorn"}},
        ],
    )
    text = scenario.to_toml()
    with pytest.raises(InvalidScenario) as caught:
        check_measurable(scenario, key_lines(text))
    found = {error.name: error for error in (caught.value, *caught.value.others)}
    assert found.keys() == {
        "candidates.nowhere.architecture", "candidates.senseless.strategy", "candidates.oversized.settings.concurrency",
        "candidates.unknown.settings.turbo", "candidates.released.release", "candidates.dear.sizing.instance",
    }  # fmt: skip
    for name, error in found.items():
        assert error.line is not None
        assert text.splitlines()[error.line - 1].startswith(name.rpartition(".")[2])
        assert error.remedy
    with pytest.raises(InvalidScenario, match="prices = 'mars' does not exist: choose one of aws-us-east-1"):
        check_measurable(SMALL.evolve(prices="mars"))


@pytest.mark.parametrize(
    ("changes", "name", "says"),
    [
        ({"weights": {"risk_figure": "mood"}}, "weights.risk_figure", "choose one of slo_missed_min_month"),
        ({"weights": {"risk_figure": "availability"}}, "weights.risk_figure", "can be ranked by"),
        ({"weights": {"risk_figure": "expected_loss_usd_month"}}, "weights.risk_figure", "state it in [stakes]"),
        ({"application": "dealership"}, "application", "choose model, or the dataset car_choice"),
    ],
)
def test_weights_and_applications_that_make_no_sense_are_told_with_their_line(
    changes: dict[str, Any], name: str, says: str
) -> None:
    scenario = SMALL.evolve(**changes)
    text = scenario.to_toml()
    with pytest.raises(InvalidScenario) as caught:
        check_measurable(scenario, key_lines(text))
    error = next(e for e in (caught.value, *caught.value.others) if e.name == name)
    assert error.line is not None
    assert name.rpartition(".")[2] in text.splitlines()[error.line - 1]
    assert says in str(error)
    assert error.remedy


def test_a_dealership_that_nobody_can_build_is_told() -> None:
    scenario = Scenario.default().evolve(
        application="dealership",
        candidates=[
            {"name": "built", "strategy": "embedded", "architecture": "monolith"},
            {"name": "elsewhere", "strategy": "embedded", "architecture": "traditional"},
            {"name": "streamed", "strategy": "streaming", "architecture": "microservices"},
            {"name": "many", "strategy": "api", "architecture": "microservices", "workers": 2},
            {"name": "imagined", "strategy": "streaming", "architecture": "microservices", "source": "simulated"},
        ],
    )
    with pytest.raises(InvalidScenario) as caught:
        check_measurable(scenario, key_lines(scenario.to_toml()))
    found = {error.name: str(error) for error in (caught.value, *caught.value.others)}
    assert found.keys() == {
        "candidates.elsewhere.architecture", "candidates.streamed.strategy", "candidates.many.workers"
    }  # fmt: skip
    assert "choose monolith" in found["candidates.elsewhere.architecture"]
    assert "choose embedded or api" in found["candidates.streamed.strategy"]
