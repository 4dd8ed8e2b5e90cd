"""Simulated releases as jobs: of the versions and the fault that a live release has, under several policies at once."""

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from simulators.releases.measured import world_of_versions
from simulators.releases.power import power
from simulators.releases.simulate import course, simulate_releases
from simulators.releases.summary import summarise_releases
from simulators.releases.traffic import Traffic
from simulators.releases.world import World
from strategies.jobs.job import Progress
from strategies.packaging.package import ModelPackage
from strategies.releases.choices import make_policy
from strategies.releases.evidence import BUCKETS
from strategies.releases.live.held_out import held_out
from strategies.releases.live.job import fault_for
from strategies.releases.outcome.keeping import keep
from strategies.training.watch import CancelCheck, never

SIMULATE = "simulators.releases.job:run_simulated"
POWER = "simulators.releases.job:run_power"
_RATES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Traffics that the power view looks at, as multiples of the plan's."""
_FEWEST = 20
"""Measured latencies that make a law; with fewer, one is assumed."""
_ROWS = 300


def run_simulated(payload: dict[str, Any], progress: Progress, cancelled: CancelCheck = never) -> dict[str, Any]:
    """Simulate the same release under each of several policies.

    Parameters
    ----------
    payload
        `package`, `fault`, `fault_settings` as in `strategies.releases.live.job.run_release`. `policies`: choices, the
        first of which is shown in detail. `rate_rps` and `duration_s` of the traffic. Optional: `latency`, what a live
        release counted of it; `slo_s`, `users`, `label_delay_s`, `seed`, `releases`; `id` and `session` to keep it.

    Returns
    -------
    dict
        `policies`: choice and `figures` (`ReleaseFigures`) of each. `log`, `outcome`: of one release under the first.
        `world`: what each version was found to do. `releases`.
    """
    progress("asking both versions", 0.0)
    world = world_for(payload)
    traffic, seed = Traffic(float(payload["rate_rps"])), int(payload.get("seed", 1))
    releases, horizon_s = int(payload.get("releases", 300)), float(payload["duration_s"])
    figures = []
    for place, choice in enumerate(payload["policies"]):
        progress("simulating", 0.1 + 0.9 * place / len(payload["policies"]), choice["policy"])
        outcomes = simulate_releases(
            make_policy(choice), world, traffic, releases=releases, seed=seed, horizon_s=horizon_s, to_the_end=True,
            cancelled=cancelled,
        )  # fmt: skip
        figures.append({"policy": choice, "figures": asdict(summarise_releases(outcomes))})
    log, outcome = course(make_policy(payload["policies"][0]), world, traffic, seed=seed, horizon_s=horizon_s)
    found = {
        "policies": figures, "log": log, "outcome": outcome.to_dict(), "world": _told(world, payload),
        "releases": releases, "policy": payload["policies"][0],
    }  # fmt: skip
    if payload.get("id"):
        keep(payload["id"], {**found, "kind": "simulated", "plan": payload.get("plan", {})}, payload["session"])
    return found


def run_power(payload: dict[str, Any], progress: Progress, cancelled: CancelCheck = never) -> dict[str, Any]:
    """Which faults the first policy catches at which traffic; takes what `run_simulated` takes."""
    progress("asking both versions", 0.0)
    world = world_for(payload)
    rate_rps = float(payload["rate_rps"])
    points = power(
        make_policy(payload["policies"][0]), _worse(world, payload), [rate_rps * times for times in _RATES],
        releases=int(payload.get("releases", 100)), horizon_s=float(payload["duration_s"]),
        on_progress=lambda share: progress("simulating", share), cancelled=cancelled,
    )  # fmt: skip
    found = {"points": [asdict(point) for point in points], "policy": payload["policies"][0], "rate_rps": rate_rps}
    if payload.get("id"):
        keep(payload["id"], {**found, "kind": "power", "plan": payload.get("plan", {})}, payload["session"])
    return found


def world_for(payload: Mapping[str, Any]) -> World:
    """What both versions do, from asking them; their latencies from a live release where there was one."""
    package = ModelPackage.open(Path(payload["package"]))
    rows, truth = held_out(package, _ROWS)
    with tempfile.TemporaryDirectory(prefix="drydock-release-") as folder:
        fault = fault_for(dict(payload), package, rows)
        successor = fault.package(package, Path(folder))
        more = {name: payload[name] for name in ("slo_s", "users", "label_delay_s") if name in payload}
        laws = {f"{arm}_latency": _law(payload, arm) for arm in ("old", "new")}
        more["beyond_s"] = payload.get("latency", {}).get("beyond_s", 0.0)
        return world_of_versions(package, successor, fault, rows, truth=truth, instances=1, **laws, **more)


def _law(payload: Mapping[str, Any], arm: str) -> np.ndarray | None:
    counts = np.array(payload.get("latency", {}).get(arm, [0] * BUCKETS), np.float64)
    return counts / counts.sum() if counts.sum() >= _FEWEST else None


def _worse(world: World, payload: Mapping[str, Any]) -> dict[str, World]:
    """The plan's own fault, and others for comparison."""
    good = replace(world, new=world.old, disagree_share=0.0, only_new_wrong=0.0, only_old_wrong=0.0, fails_after=None)
    found = {} if payload.get("fault", "none") == "none" else {"this fault": world}
    return found | {
        "1% more errors": good.with_fault(errors=0.01),
        "5% more errors": good.with_fault(errors=0.05),
        "half slower": good.with_fault(slower=1.5),
        "twice as slow": good.with_fault(slower=2.0),
        "10% wrong answers": good.with_fault(wrong=0.1),
    }


def _told(world: World, payload: Mapping[str, Any]) -> dict[str, Any]:
    measured = {arm: _law(payload, arm) is not None for arm in ("old", "new")}
    return {
        "failing_share": world.new.error_share, "differing_share": world.disagree_share, "measured": measured,
        "fails_after": world.fails_after[0] if world.fails_after else None, "labelled": world.labelled,
    }  # fmt: skip
