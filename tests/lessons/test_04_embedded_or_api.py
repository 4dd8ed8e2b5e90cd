"""What lesson 4 needs besides the contract: both paths agree to the last digit, and nothing is left running."""

from pathlib import Path

import psutil

from data.estimate import Estimate
from lessons.catalogue import experiment


def test_both_paths_answer_alike_and_the_service_is_gone_afterwards(home: Path) -> None:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    lesson = experiment("04_embedded_or_api")
    settings = {"cars": 6, "together": False, "largest": "hop"}
    record = lesson.run(settings, seed=3, progress=lambda *_: None, cancelled=lambda: False)
    difference = record.figures["difference"]
    assert isinstance(difference, Estimate)
    assert difference.value == 0
    assert record.facts["requests"] == 6
    whole = {name: found.value for name, found in record.figures.items() if isinstance(found, Estimate)}
    parts = whole["hop"] + whole["json"] + whole["embedded"] + whole["rest"]
    assert abs(parts - whole["api"]) < 1e-9, "what is not attributed is called the rest"
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before
    assert [path.name for path in home.iterdir()] == ["lessons"]
    verdict = lesson.check(record)
    assert not verdict.passed
    assert "96" in verdict.why
