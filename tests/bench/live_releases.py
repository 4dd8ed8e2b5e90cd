"""Live releases against simulated ones of the same two versions: 30 live ones of each fault, scaled in time to seconds.

Bad answers that users got, and how long it took to notice: the means must agree within their 95% intervals, and all
but a few of the live releases must lie within the central 95% of the simulated ones.
"""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.workloads.poisson import Poisson
from simulators.releases import Traffic, simulate_releases
from simulators.releases.simulate import column
from strategies.hosts.process import ProcessHost
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import load_predictor
from strategies.releases.choices import make_policy
from strategies.releases.faults._choosing import faults, make_fault, suited
from strategies.releases.live.fleets import versions
from strategies.releases.live.held_out import held_out
from strategies.releases.live.release import release_live
from tests.bench._harness import Effort, Row
from tests.bench._live_releases import world_seen

REPETITIONS = 30
_RATE_RPS, _LASTS_S = 100.0, 5.0
_AFTER_S = 0.75
"""How long users go on asking after the verdict."""
_SLO_S = 0.015
"""Between an answer of the old version and one of a version made 20 ms slower."""
_FEWEST = 26 / 30
"""Of thirty that each lie within with 95%, 25 or fewer happen three times in a thousand."""
_SETTINGS = {"stale": {"feature": 20}}
"""A third of its answers are wrong; by the usual feature so few are that half of all releases end in promotion."""
_CANARY: dict[str, Any] = {
    "policy": "canary", "settings": {"interval_s": 0.25, "step": 0.1, "deadline_s": 60}, "judge": "always_valid",
    "judge_settings": {"harm": 0.15, "slower": 0.6, "required": ["errors", "latency", "quality"]},
}  # fmt: skip


def run(effort: Effort) -> Iterator[Row]:
    """30 live releases for each fault, or fewer where the effort's rounds ask for fewer than the usual."""
    repetitions = REPETITIONS if effort.rounds >= 7 else effort.rounds
    with tempfile.TemporaryDirectory() as folder:
        package = _package(Path(folder))
        rows, truth = held_out(package)
        for fault in sorted(set(faults()) - {"none"}):
            yield from _compare(fault, package, rows, truth, repetitions)


def _package(folder: Path) -> ModelPackage:
    from strategies.training.publish import package_trained
    from strategies.training.spec import TrainingSpec
    from strategies.training.train import train

    spec = TrainingSpec(data="tumour", algorithm="random_forest", learning_curve=False, track=False)
    return package_trained(train(spec), folder)


def _compare(
    name: str, package: ModelPackage, rows: NDArray[np.float32], truth: Sequence[str | float] | None, repetitions: int
) -> Iterator[Row]:
    fault = make_fault(name, suited(name, rows, load_predictor(package).predict) | _SETTINGS.get(name, {}))
    policy, seen = make_policy(_CANARY), []
    with ExitStack() as stack:
        successor = fault.package(package, Path(stack.enter_context(tempfile.TemporaryDirectory())))
        old, new = stack.enter_context(versions(package, successor, fault, ProcessHost(), timeout_s=3.0))
        for seed in range(repetitions):
            if fault.fails_after is not None and seed:
                new.stop()  # what the last release did to it must not count in this one
                new.start()
            traffic = Poisson(duration_s=_LASTS_S, rate_rps=_RATE_RPS)
            seen.append(
                release_live(
                    package, policy, traffic, rows, fault=fault, slo_s=_SLO_S, timeout_s=3.0, truth=truth,
                    label_delay_s=0.1, seed=seed + 1, standing=(old, new, successor), after_verdict_s=_AFTER_S,
                )
            )  # fmt: skip
        world = world_seen(seen, fault, package, successor, rows, truth=truth, label_delay_s=0.1, slo_s=_SLO_S)
    drawn = simulate_releases(policy, world, Traffic(_RATE_RPS), releases=1_000, horizon_s=_LASTS_S)
    live = [done.outcome for done in seen]
    for figure, field, unit in (("bad answers", "bad", "answers"), ("time to notice", "verdict_s", "s")):
        ours, theirs = (
            column([o for o in some if field == "bad" or o.detected], field) for some in (live, drawn)
        )  # fmt: skip
        if field == "verdict_s":  # a live look is a millisecond late; the release counts in looks
            ours = np.round(ours / policy.interval_s) * policy.interval_s
        yield _row(f"fault {name}: {figure}", ours, theirs, unit)


def _row(title: str, ours: NDArray[np.float64], theirs: NDArray[np.float64], unit: str) -> Row:
    low, high = np.quantile(theirs, (0.025, 0.975))
    inside = int(((ours >= low) & (ours <= high)).sum())
    print(f"  {title}: simulated {low:.3g} to {high:.3g}; live {np.sort(ours).round(3).tolist()}", file=sys.stderr)
    gap, width = abs(ours.mean() - theirs.mean()), 1.96 * (_error(ours) + _error(theirs))
    means = float(ours.mean()), float(theirs.mean())
    return Row(
        f"releases live against simulated, {title}; {inside} of {len(ours)} within the 95%", *means,
        means[0] / means[1] if means[1] else 1.0 + means[0], 1.0, unit, len(ours),
        bool(gap <= width and inside >= _FEWEST * len(ours)),
    )  # fmt: skip


def _error(values: NDArray[np.float64]) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values)))
