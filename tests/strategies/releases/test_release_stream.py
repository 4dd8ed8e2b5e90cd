"""Releases in a real stream: a broker, four consumers, and a new version for some of them."""

from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from data.errors import InvalidValue
from data.workloads.poisson import Poisson
from strategies.packaging.package import ModelPackage
from strategies.releases.choices import make_policy
from strategies.releases.faults._choosing import make_fault
from strategies.releases.faults.contract import segment_limit
from strategies.releases.router.accounts import Accounts
from strategies.releases.router.answers import Reader, Said
from strategies.releases.streamed.pairing import Ended, Pairing
from strategies.releases.streamed.release import release_stream
from strategies.releases.streamed.shares import consumers_for

LOAD = Poisson(duration_s=5.0, rate_rps=120.0)
LONG = Poisson(duration_s=15.0, rate_rps=120.0)
"""For releases that end soon after their verdict."""
CANARY: dict[str, Any] = {
    "policy": "canary", "settings": {"interval_s": 0.25, "step": 0.25, "deadline_s": 60},
    "judge": "always_valid", "judge_settings": {"harm": 0.3, "slower": 0.9},
}  # fmt: skip


@pytest.fixture(autouse=True)
def _own_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - sets the state folder
    monkeypatch.delenv("NATS_URL", raising=False)


@pytest.mark.parametrize(
    ("share", "consumers"), [(0.0, 0), (0.01, 1), (0.25, 1), (0.26, 2), (0.75, 3), (0.99, 3), (1.0, 4)]
)
def test_a_share_is_that_of_consumers_rounded_up(share: float, consumers: int) -> None:
    assert consumers_for(share, 4) == consumers


def test_both_arms_count_the_same_number_of_requests() -> None:
    accounts = Accounts(Reader((0.5,)))
    pairing = Pairing(accounts)
    for i in range(50):
        pairing.ended("old", Ended(f"o{i}", 0.01, Said("yes", 1)), True)
    for i in range(7):
        pairing.ended("new", Ended(f"n{i}", 0.01, None), True)
    arms = accounts.side(True)
    assert (arms.old.requests, arms.new.requests) == (7, 7)
    assert (arms.old.errors, arms.new.errors) == (0, 7)


def test_labels_of_both_arms_count_whenever_they_come() -> None:
    # Far more old answers than new ones, and each label before its answer or after it: as many are known of either arm.
    accounts = Accounts(Reader((0.5,)))
    pairing = Pairing(accounts)
    accounts.label((f"{side}{i}", "no") for side in "on" for i in range(0, 300, 2))
    for i in range(300):
        pairing.ended("old", Ended(f"o{i}", 0.01, Said("yes", 1)), True)
        if i % 4 == 0:
            pairing.ended("new", Ended(f"n{i}", 0.01, Said("no", 0)), True)
    accounts.label((f"{side}{i}", "no") for side in "on" for i in range(1, 300, 2))
    arms = accounts.side(True)
    assert arms.old.labelled == arms.new.labelled == 75
    assert (arms.old.wrong, arms.new.wrong) == (75, 0)


@pytest.mark.slow
def test_a_good_version_takes_over_the_group(
    tumour_forest: ModelPackage, rows: NDArray[np.float32], truth: list[str | float]
) -> None:
    done = release_stream(
        tumour_forest, make_policy(CANARY), LONG, rows, truth=truth, label_delay_s=0.5, after_verdict_s=2.5
    )
    assert done.outcome.verdict == "promote", done.log[-1]["reason"]
    assert (done.outcome.dropped, done.outcome.failed, done.outcome.wrong) == (0, 0, 0)
    assert done.trace.ok.all()
    assert done.outcome.verdict_s is not None
    names = np.array(done.trace.versions)[done.trace.version]
    assert {str(name) for name in names[done.trace.scheduled_s > done.outcome.verdict_s + 2]} <= {done.fault["version"]}
    serving = [sum(version == done.fault["version"] for version in entry["consumers"].values()) for entry in done.log]
    assert max(serving[:-1]) >= 1
    assert serving == sorted(serving)


@pytest.mark.slow
def test_a_wrong_version_is_rolled_back_and_nothing_is_lost(
    tumour_forest: ModelPackage, rows: NDArray[np.float32], truth: list[str | float]
) -> None:
    fault = make_fault("wrong", {"above": segment_limit(rows, 0, 0.5)})
    judge = {"judge_settings": {"harm": 0.1, "required": ["errors", "quality"]}}
    policy = make_policy({**CANARY, **judge, "settings": {**CANARY["settings"], "most": 0.25}})
    done = release_stream(tumour_forest, policy, LONG, rows, fault=fault, truth=truth, after_verdict_s=2.5)
    assert done.outcome.verdict == "roll back", done.log[-1]["reason"]
    assert done.trace.ok.all()
    assert done.outcome.dropped == 0
    assert done.outcome.wrong > 0
    assert done.outcome.verdict_s is not None
    assert done.log[-1]["canary"] == 0
    late = done.trace.scheduled_s > done.outcome.verdict_s + 2
    names = np.array(done.trace.versions)[done.trace.version]
    assert {str(name) for name in names[late]} <= {tumour_forest.version}


@pytest.mark.slow
def test_a_version_that_kills_its_consumers_loses_nothing(
    tumour_forest: ModelPackage, rows: NDArray[np.float32]
) -> None:
    # A consumer takes a second to come back, so that failures are few: a lenient judge sees it in those.
    policy = make_policy({**CANARY, "judge_settings": {"harm": 0.3, "slower": 0.9, "alpha": 0.3}})
    done = release_stream(
        tumour_forest, policy, LONG, rows, fault=make_fault("crashes", {"after": 2}),
        timeout_s=30.0, ack_wait_s=0.5, after_verdict_s=0.5,
    )  # fmt: skip
    assert done.outcome.verdict == "roll back", done.log[-1]["reason"]
    assert done.totals["rescued"] > 0
    assert done.outcome.dropped == 0
    assert done.trace.ok.all()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["none", "wrong", "crashes"])
def test_a_shadow_group_answers_copies_and_users_never_hear_of_it(
    name: str, tumour_forest: ModelPackage, rows: NDArray[np.float32], truth: list[str | float]
) -> None:
    settings = {"wrong": {"above": segment_limit(rows, 0, 0.5)}, "crashes": {"after": 2}}
    policy = make_policy({
        **CANARY, "policy": "shadow", "settings": {"interval_s": 0.25, "least_s": 0.5, "deadline_s": 60},
        "judge_settings": {"harm": 0.3, "slower": 0.9, "required": ["errors", "disagreement"]},
    })  # fmt: skip
    before = set(psutil.Process().children(recursive=True))
    done = release_stream(
        tumour_forest, policy, LONG, rows, fault=make_fault(name, settings.get(name, {})), consumers=2, truth=truth,
        label_delay_s=0.2, timeout_s=30.0, ack_wait_s=0.5, after_verdict_s=0.5,
    )  # fmt: skip
    assert done.outcome.verdict == ("promote" if name == "none" else "roll back"), done.log[-1]["reason"]
    assert done.trace.ok.all()
    assert set(done.trace.versions) == {tumour_forest.version}
    assert (done.outcome.served_new, done.outcome.bad, done.totals["new"]) == (0, 0, 0)
    assert 20 < done.totals["mirrored"] <= len(done.trace)
    assert done.outcome.extra_instance_h > 0
    if name == "wrong":
        findings = {found["signal"]: found["sense"] for found in done.log[-1]["evidence"]}
        assert "bad" in (findings["disagreement"], findings["quality"])
    assert done.log[-1]["mirrored"] == 0
    assert set(psutil.Process().children(recursive=True)) <= before


def test_what_a_queue_cannot_do_is_said(tumour_forest: ModelPackage, rows: NDArray[np.float32]) -> None:
    recreate = {"policy": "basic", "settings": {"mode": "recreate"}}
    with pytest.raises(InvalidValue, match=r"stops the old version first.*choose canary.*shadow"):
        release_stream(tumour_forest, make_policy(recreate), LOAD, rows)
    with pytest.raises(InvalidValue, match=r"stays in a consumer's process.*shadow it.*API"):
        release_stream(tumour_forest, make_policy(CANARY), LOAD, rows, fault=make_fault("leaks", {}))
