"""Simulated releases as the page asks for them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.errors import Cancelled
from simulators.releases import Traffic, World, simulate_releases, summarise_releases
from simulators.releases.job import run_power, run_simulated
from simulators.releases.simulate import course
from simulators.releases.world import delayed, lognormal_latency
from strategies.packaging.package import ModelPackage
from strategies.releases.choices import make_policy
from strategies.releases.evidence import EDGES_S
from strategies.releases.outcome.keeping import load

QUICK: dict[str, Any] = {"policy": "canary", "settings": {"interval_s": 0.5, "deadline_s": 60}}
BASIC: dict[str, Any] = {"policy": "basic", "settings": {"interval_s": 0.5}}


@pytest.fixture
def payload(tumour_forest: ModelPackage) -> dict[str, Any]:
    return {
        "package": str(tumour_forest.folder), "fault": "errors", "policies": [QUICK, BASIC], "rate_rps": 100.0,
        "duration_s": 10.0, "releases": 40, "slo_s": 0.1, "session": "mine", "id": "0123456789abcdef",
    }  # fmt: skip


def silent(*_: object) -> None: ...


def test_several_policies_are_simulated_in_the_world_of_the_model(home: Path, payload: dict[str, Any]) -> None:  # noqa: ARG001
    found = run_simulated(payload, silent)
    canary, basic = (one["figures"] for one in found["policies"])
    assert canary["rolled_back"]["value"] > 0.9
    assert basic["promoted"]["value"] == 1.0
    # Nobody stops a basic release: about a third of all requests fail once it has everything.
    assert basic["failed"]["mean"] == pytest.approx(0.35 * 100 * (10 - 1.5 + 1.5 * 0.5), rel=0.25)
    assert canary["failed"]["mean"] < basic["failed"]["mean"] / 5
    assert found["outcome"]["requests"] > 800  # to the end of the traffic
    assert found["log"][-1]["served"]["failed"] <= found["outcome"]["failed"]
    assert found["world"]["measured"] == {"old": False, "new": False}
    kept = load(payload["id"], "mine")
    assert kept is not None
    assert kept["policies"] == found["policies"]


def test_measured_latencies_make_the_world(home: Path, payload: dict[str, Any]) -> None:  # noqa: ARG001
    counts = (lognormal_latency(0.05) * 1_000).round().astype(int).tolist()
    found = run_simulated({**payload, "fault": "none", "latency": {"old": counts, "new": [0] * len(counts)}}, silent)
    assert found["world"]["measured"] == {"old": True, "new": False}


def test_the_power_of_a_plan_grows_with_traffic(home: Path, payload: dict[str, Any]) -> None:  # noqa: ARG001
    shares: list[float] = []
    found = run_power({**payload, "releases": 20}, lambda _, share, *__: shares.append(share))
    own = [point for point in found["points"] if point["fault"] == "this fault"]
    assert own[-1]["caught"]["value"] == 1.0
    assert own[0]["caught"]["value"] < 0.2
    assert own[0]["inconclusive"]["value"] == 0.0  # its traffic ends before its deadline
    assert shares == sorted(shares)
    with pytest.raises(Cancelled):
        run_power(payload, silent, lambda: True)


def test_users_go_on_after_a_verdict() -> None:
    world = World.same().with_fault(errors=0.2)
    policy = make_policy(BASIC)
    until, after = (
        summarise_releases(
            simulate_releases(policy, world, Traffic(50.0), releases=200, horizon_s=20.0, to_the_end=to_the_end)
        )
        for to_the_end in (False, True)
    )
    assert after.failed.mean - until.failed.mean == pytest.approx(0.2 * 50 * 18.5, rel=0.05)
    log, outcome = course(policy, world, Traffic(50.0), horizon_s=20.0)
    assert outcome.failed > log[-1]["served"]["failed"]
    assert [entry["canary"] for entry in log] == [0.25, 0.5, 0.75, 1.0]


def test_a_delayed_law_is_later_by_what_it_is_delayed() -> None:
    law = lognormal_latency(0.003, 0.1)
    later = delayed(law, 0.02)
    middle = float(EDGES_S[int(later.cumsum().searchsorted(0.5))])
    assert middle == pytest.approx(0.023, rel=0.12)
    assert later.sum() == pytest.approx(1.0)
    assert np.array_equal(delayed(law, -1.0), law)
