"""Each fault under each policy, live in real processes, beside what the same policy does in simulated releases."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from data.workloads.poisson import Poisson
from simulators.releases import Traffic, simulate_releases, summarise_releases
from simulators.releases.simulate import column
from strategies.hosts.process import ProcessHost
from strategies.packaging.package import ModelPackage
from strategies.releases.choices import make_policy
from strategies.releases.faults._choosing import faults, make_fault
from strategies.releases.faults.contract import Fault, segment_limit
from strategies.releases.live.fleets import Fleet, versions
from strategies.releases.live.held_out import held_out
from strategies.releases.live.release import ReleaseResult, release_live
from tests.bench._live_releases import world_seen

RATE_RPS = 120.0
SLO_S = 0.03
LASTS_S, AFTER_VERDICT_S = 20.0, 0.75
"""How long users ask at most, and how long after the verdict."""
JUDGE: dict[str, Any] = {
    "judge": "always_valid",
    "judge_settings": {"alpha": 0.05, "harm": 0.15, "slower": 0.6, "required": ["errors", "latency", "quality"]},
}
# Nothing is promoted before the traffic ends: each release is to find its fault.
POLICIES: dict[str, dict[str, Any]] = {
    "shadow": {"settings": {"interval_s": 0.25, "least_s": 60, "deadline_s": 60}, **JUDGE},
    "canary": {"settings": {"interval_s": 0.25, "step": 0.1, "deadline_s": 60}, **JUDGE},
    "blue_green": {"settings": {"interval_s": 0.25, "before_s": 2.0, "keep_s": 60, "deadline_s": 60}, **JUDGE},
    "ab": {"settings": {"interval_s": 0.25, "runs_s": 60, "deadline_s": 60}, **JUDGE},
    "basic": {"settings": {"interval_s": 0.25}},
}
SIMULATED = 5_000
FAULTS = ["slower", "leaks", "crashes", "errors", "wrong", "stale"]


def test_every_fault_is_tried() -> None:
    assert {*FAULTS, "none"} == set(faults())


@pytest.fixture(scope="module")
def asked(tumour_forest: ModelPackage) -> tuple[NDArray[np.float32], tuple[str | float, ...] | None]:
    """Rows that the model has not learned from, and their true classes."""
    return held_out(tumour_forest)


def fault_of(name: str, rows: NDArray[np.float32]) -> Fault:
    limit = segment_limit(rows, 0, 0.35)
    settings: dict[str, dict[str, float]] = {
        "slower": {"times": 2_000}, "errors": {"above": limit}, "wrong": {"above": limit}, "crashes": {"after": 15},
        "leaks": {"bytes_per_request": 2_000_000, "limit_bytes": 60_000_000}, "stale": {"feature": 20, "share": 0.5},
    }  # fmt: skip
    return make_fault(name, settings[name])


@pytest.fixture(scope="module", params=FAULTS)
def pair(
    request: pytest.FixtureRequest, tumour_forest: ModelPackage, asked: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Fault, Fleet, Fleet, ModelPackage]]:
    """Both versions, deployed."""
    fault = fault_of(request.param, asked[0])
    folder: Path = tmp_path_factory.mktemp("successor")
    with ExitStack() as stack:
        successor = fault.package(tumour_forest, folder)
        old, new = stack.enter_context(versions(tumour_forest, successor, fault, ProcessHost(), timeout_s=3.0))
        yield fault, old, new, successor


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES)
def test_each_fault_under_each_policy(
    policy: str, pair: tuple[Fault, Fleet, Fleet, ModelPackage], tumour_forest: ModelPackage, asked: Any
) -> None:
    fault, old, new, successor = pair
    rows, truth = asked
    if fault.fails_after is not None and policy != next(iter(POLICIES)):
        new.stop()  # what the last release did to it must not count in this one
        new.start()
    live = release_live(
        tumour_forest, make_policy({"policy": policy, **POLICIES[policy]}),
        Poisson(duration_s=LASTS_S, rate_rps=RATE_RPS), rows, fault=fault, slo_s=SLO_S, timeout_s=3.0,
        truth=truth, label_delay_s=0.1, standing=(old, new, successor), after_verdict_s=AFTER_VERDICT_S,
    )  # fmt: skip
    outcome = live.outcome
    if (policy, fault.title) != ("basic", "Slower"):  # which gives a version everything that it cannot bear
        assert outcome.dropped == 0
    check_log(live)
    if policy == "shadow":
        assert outcome.served_new == outcome.bad == outcome.users_touched == 0
        assert live.totals["new"] == 0
        assert live.totals["mirrored"] > 10
    if policy == "basic":
        assert outcome.verdict == "promote"
        return
    assert outcome.verdict == "roll back", live.log[-1]["reason"]
    if policy == "canary":
        check_against_simulated(live, fault, tumour_forest, successor, rows, truth)


def check_log(live: ReleaseResult) -> None:
    """Every decision says why; after the verdict the shares are the verdict's."""
    assert all(entry["reason"] for entry in live.log)
    trace = live.trace
    if live.outcome.verdict == "roll back":
        assert live.log[-1]["evidence"]
        assert live.outcome.verdict_s is not None
        late = trace.scheduled_s > live.began_s + live.outcome.verdict_s + 0.5
        served = np.array(trace.versions)[trace.version[late & (trace.version >= 0)]]
        assert not any("+" in version for version in served)


def check_against_simulated(
    live: ReleaseResult, fault: Fault, package: ModelPackage, successor: ModelPackage, rows: Any, truth: Any
) -> None:
    """Bad answers, and looks until the verdict, are such as come up among simulated releases of the same two versions.

    In the central part that holds for all figures of all faults together in 95 of 100 runs, were the simulation exact.
    """
    world = world_seen([live], fault, package, successor, rows, truth=truth, label_delay_s=0.1, slo_s=SLO_S)
    policy = make_policy({"policy": "canary", **POLICIES["canary"]})
    drawn = simulate_releases(policy, world, Traffic(RATE_RPS), releases=SIMULATED, horizon_s=LASTS_S)
    assert summarise_releases(drawn).rolled_back.value > 0.995
    found = {"bad": live.outcome.bad, "verdict_s": (len(live.log) - 1) * policy.interval_s}
    beyond = 0.05 / (len(FAULTS) * len(found)) / 2
    for name, value in found.items():
        values = column([release for release in drawn if release.detected], name)
        low, high = np.quantile(values, beyond, method="lower"), np.quantile(values, 1 - beyond, method="higher")
        assert low <= value <= high, f"{name}: live {value}, simulated {low} to {high}"
