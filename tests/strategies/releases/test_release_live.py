"""Live releases under load: nobody is dropped while versions come, go and die."""

import os
import signal
import threading
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from data.errors import Cancelled
from data.trace import Trace
from data.workloads.poisson import Poisson
from strategies.packaging.package import ModelPackage
from strategies.releases.choices import make_policy
from strategies.releases.live.__main__ import main
from strategies.releases.live.fleets import Release
from strategies.releases.live.job import RELEASING, run_release
from strategies.releases.live.release import release_live

pytestmark = pytest.mark.slow

CANARY: dict[str, Any] = {
    "policy": "canary", "settings": {"interval_s": 0.25, "step": 0.25, "deadline_s": 60},
    "judge": "always_valid", "judge_settings": {"harm": 0.3, "slower": 0.9},
}  # fmt: skip
SHADOW: dict[str, Any] = {**CANARY, "policy": "shadow", "settings": {"interval_s": 0.25, "deadline_s": 60}}
LOAD = Poisson(duration_s=20.0, rate_rps=80.0)
AFTER_S = 1.0
"""Users stop so long after the verdict."""


def killing_new(release: Release, after_s: float) -> None:
    """Have the new version's process killed a while after users have begun to ask."""
    assert release.new.running is not None
    pids = release.new.running.pids

    def kill() -> None:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)

    timer = threading.Timer(after_s, kill)
    timer.daemon = True
    timer.start()


def test_a_good_version_is_promoted_and_nobody_is_dropped(tumour_forest: ModelPackage, rows: Any) -> None:
    before = set(psutil.Process().children(recursive=True))
    done = release_live(tumour_forest, make_policy(CANARY), LOAD, rows, users=50, slo_s=1.0, after_verdict_s=AFTER_S)
    outcome, trace = done.outcome, done.trace
    assert outcome.verdict == "promote", done.log[-1]["reason"]
    assert (outcome.dropped, outcome.failed, outcome.wrong) == (0, 0, 0)
    assert outcome.verdict_s is not None
    names = np.array(trace.versions)[trace.version]
    assert {str(name) for name in names[trace.scheduled_s > done.began_s + outcome.verdict_s + 0.5]} == {
        f"{tumour_forest.version}+none"
    }
    assert outcome.served_new == int(np.char.endswith(names, "+none").sum())
    assert outcome.users_touched <= 50
    shares = [entry["canary"] for entry in done.log]
    assert shares == sorted(shares)
    assert set(psutil.Process().children(recursive=True)) <= before


@pytest.mark.parametrize("choice", [CANARY, SHADOW], ids=["canary", "shadow"])
def test_a_killed_new_version_drops_nobody(tumour_forest: ModelPackage, rows: Any, choice: dict[str, Any]) -> None:
    settings = {**choice["settings"], **({"most": 0.5} if choice is CANARY else {"least_s": 60.0})}
    # It must still be compared when it dies, so it asks for more than there will be.
    judge = {"harm": 0.02, "slower": 0.05}
    done = release_live(
        tumour_forest, make_policy({**choice, "settings": settings, "judge_settings": judge}), LOAD, rows,
        during=lambda release: killing_new(release, 1.5), after_verdict_s=AFTER_S,
    )  # fmt: skip
    assert done.outcome.verdict == "roll back", done.log[-1]["reason"]
    assert done.outcome.dropped == 0
    assert done.trace.ok.all()
    assert done.log[-1]["canary"] == 0


def test_recreate_is_an_outage_and_then_the_new_version(tumour_forest: ModelPackage, rows: Any) -> None:
    policy = make_policy({"policy": "basic", "settings": {"mode": "recreate", "interval_s": 0.25}})
    traffic = Poisson(duration_s=20.0, rate_rps=20.0)
    done = release_live(tumour_forest, policy, traffic, rows, after_verdict_s=AFTER_S)
    assert done.outcome.dropped > 0
    assert done.outcome.verdict == "promote"
    assert done.outcome.served_new > 0
    assert done.outcome.verdict_s is not None
    after = done.trace.where(done.trace.ok & (done.trace.scheduled_s > done.began_s + done.outcome.verdict_s + 0.5))
    assert {done.trace.versions[i] for i in after.version} == {f"{tumour_forest.version}+none"}


def test_the_job_tells_how_far_it_is_and_what_came_of_it(
    home: Path, tumour_forest: ModelPackage, rows: Any, tmp_path: Path
) -> None:
    file, told = tmp_path / "rows.npy", []
    np.save(file, rows)
    payload = {
        "package": str(tumour_forest.folder), "rows": str(file), "policy": SHADOW, "trace": "shadow-1",
        "workload": {"kind": "poisson", "rate_rps": 40.0, "duration_s": 1.5}, "fault": "wrong",
        "fault_settings": {"above": float(np.median(rows[:, 0]))},
    }  # fmt: skip
    found = run_release(payload, lambda *said: told.append(said), lambda: False)
    assert found["outcome"]["served_new"] == 0
    assert found["fault"]["fault"] == "wrong"
    assert Trace.load(home / "traces" / "shadow-1.parquet").provenance.origin == "measured"
    assert any("copies go to the new version" in said[2] for said in told if len(said) == 3)

    begun: list[str] = []  # cancelled as soon as users ask
    with pytest.raises(Cancelled):
        run_release(
            {**payload, "workload": {"duration_s": 600.0}},
            lambda stage, *_: begun.append(stage) if stage == RELEASING else None, lambda: bool(begun),
        )  # fmt: skip
    assert begun


def test_the_command_prints_the_verdict(
    home: Path,
    tumour_forest: ModelPackage,
    capsys: pytest.CaptureFixture[str],
) -> None:
    chosen = ["--policy", "basic", "--settings", '{"interval_s": 0.2}', "--rate-rps", "20", "--duration-s", "1.5"]
    assert main(["--package", str(tumour_forest.folder), *chosen]) == 0
    printed = capsys.readouterr()
    assert "Promoted after" in printed.out
    assert "dropped: 0" in printed.out
    assert "replicas replaced" in printed.err
    assert main(["--package", str(home)]) == 1
    assert "manifest" in capsys.readouterr().err
