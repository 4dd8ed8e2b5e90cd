"""What is said and kept of a release: verdicts in words, records for one browser alone, settings at another pace."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from data.trace import Status
from strategies.contract import Answer, Request
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import load_predictor
from strategies.releases.choices import judges, make_policy, policies
from strategies.releases.choices.pace import PACES, is_judged, judge_settings, paced_settings
from strategies.releases.contract import Split, Verdict
from strategies.releases.faults._choosing import faults, make_fault, suited
from strategies.releases.judges.contract import Finding, Sense, Signal
from strategies.releases.live.harm import labels_of
from strategies.releases.live.served import Served
from strategies.releases.outcome import keeping
from strategies.releases.outcome.entries import entry_of
from strategies.releases.outcome.keeping import (
    KEPT,
    course_file,
    course_so_far,
    forget_course,
    keep,
    kept,
    load,
    new_id,
)
from strategies.releases.outcome.words import span, verdict_in_words
from strategies.releases.router.answers import Reader


def ended(
    verdict: str, reason: str, *findings: Finding, now_s: float = 12.0
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    split = Split(1.0, 0.0, verdict=Verdict(verdict), evidence=findings, reason=reason)
    return [entry_of(now_s, split)], {"verdict": verdict, "verdict_s": None if verdict == "hold" else now_s}


def finding(n: int, needs: float) -> Finding:
    return Finding(Signal.ERRORS, Sense.OPEN, 0.0, 4.6, 0.0, 0.0, n, needs)


def test_a_verdict_is_told_with_its_moment_and_why() -> None:
    head, why = verdict_in_words(*ended("roll back", "rolled back: errors: 5.8 at or beyond 4.6"))
    assert (head, why) == ("Rolled back after 12 s", "Errors: 5.8 at or beyond 4.6.")
    assert verdict_in_words(*ended("promote", "passed every step"))[0] == "Promoted after 12 s"


def test_traffic_that_ended_first_is_told_with_what_was_missing() -> None:
    head, why = verdict_in_words(*ended("hold", "waits for enough requests", finding(40, 400.0)))
    assert head == "No verdict: not enough traffic"
    assert "has n=40, needs 400 in each arm" in why
    assert "2 min" in why  # twelve seconds for 40, so ten times as long for 400
    assert "more than can be said" in verdict_in_words(*ended("hold", "waits", finding(0, float("inf"))))[1]
    assert verdict_in_words(*ended("hold", "nothing is released"))[0] == "No verdict"


@pytest.mark.parametrize(("seconds", "text"), [(0.25, "0.25 s"), (119, "119 s"), (600, "10 min"), (7_200, "2 h")])
def test_spans_of_time_read_well(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_a_record_is_seen_by_the_browser_that_made_it_alone(home: Path) -> None:
    name = new_id()
    keep(name, {"kind": "live", "log": []}, "mine")
    assert load(name, "mine") == {"kind": "live", "log": [], "id": name}
    assert load(name, "yours") is None
    assert [record["id"] for record in kept("mine")] == [name]
    assert kept("yours") == []
    (home / "secret.json").write_text("{}")
    for nonsense in ("../secret", "", "zz", "\x00"):
        assert load(nonsense, "mine") is None


def test_the_oldest_of_too_many_records_are_removed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {session: [new_id() for _ in range(KEPT + 3)] for session in ("mine", "yours")}
    for moment, (mine, yours) in enumerate(zip(*names.values(), strict=True)):
        for session, name in (("mine", mine), ("yours", yours)):
            keep(name, {"kind": "live"}, session)
            (written,) = (home / "releases").glob(f"*{name}.json")
            os.utime(written, (moment, moment))
    for session, made in names.items():
        assert [record["id"] for record in kept(session)] == made[:2:-1]
        assert load(made[0], session) is None
    monkeypatch.setattr(keeping, "KEPT_IN_ALL", 5)
    keep(new_id(), {"kind": "live"}, "a third")
    assert len(list((home / "releases").iterdir())) == 5
    assert (len(kept("a third")), len(kept("mine")), len(kept("yours"))) == (1, 2, 2)


def test_a_course_is_read_while_it_is_written(home: Path) -> None:  # noqa: ARG001 - sets the state folder
    name = new_id()
    assert course_so_far(name) == []
    course_file(name).write_text('{"now_s": 0}\n{"now_s": 1}\n{"now_')
    assert [entry["now_s"] for entry in course_so_far(name)] == [0, 1]
    forget_course(name)
    assert course_so_far(name) == []


@pytest.mark.parametrize("policy", sorted(policies()))
@pytest.mark.parametrize("pace", PACES)
def test_every_policy_and_judge_has_settings_at_each_pace(policy: str, pace: str) -> None:
    for judge in sorted(judges()) if is_judged(policy) else [""]:
        choice: dict[str, Any] = {"policy": policy, "settings": paced_settings(policy, pace)}
        if judge:
            choice |= {"judge": judge, "judge_settings": judge_settings(judge, 0.1)}
        assert make_policy(choice).interval_s == pytest.approx(60 * PACES[pace])


@pytest.mark.parametrize("name", sorted(faults()))
def test_a_suited_fault_shows_on_the_rows(name: str, tumour_forest: ModelPackage, rows: NDArray[np.float32]) -> None:
    predict = load_predictor(tumour_forest).predict
    fault = make_fault(name, suited(name, rows, predict))
    if name == "wrong":
        differs = (fault.wrap(predict)(rows) != predict(rows)).any(axis=1)
        assert 0.2 < differs.mean() < 0.5


def test_answers_are_counted_as_they_come(tumour_forest: ModelPackage, rows: NDArray[np.float32]) -> None:
    outputs = load_predictor(tumour_forest).predict(rows[:4])
    labels = labels_of(outputs, tumour_forest.manifest)
    served = Served(tumour_forest.manifest, labels, Reader((0.5,)), new_version="new", slo_s=60.0)
    taken: list[Answer] = []
    done = served.watched([Request(i, i % 4) for i in range(5)], taken.append)
    done(Answer(0, Status.OK, outputs[0], "old"))
    done(Answer(1, Status.OK, outputs[1], "new"))
    done(Answer(2, Status.OK, outputs[2][::-1], "new"))
    done(Answer(3, Status.ERROR, replica=0))
    done(Answer(4, Status.TIMEOUT))
    assert len(taken) == 5
    assert served.counts() == {"new": 3, "failed": 1, "wrong": 1, "late": 0}
