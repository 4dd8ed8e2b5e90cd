"""A simulated candidate meets the same requests as the measured ones, and leaves the same kind of trace."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from data.errors import Cancelled, DrydockError
from data.estimates import summarise
from data.estimates.summary import counted_s
from data.profile import ServiceProfile
from data.scenario import Candidate, Scenario
from data.trace import Trace
from simulators.decision.candidates import plan_of, settling_s
from simulators.simulate import simulate
from strategies.measuring.repeated import repetition_seed
from strategies.measuring.warm_up import with_warm_up
from strategies.training.watch import CancelCheck, Progress, never, silent

if TYPE_CHECKING:
    from data.store import RunStore


def simulated_trace(
    scenario: Scenario, candidate: Candidate, profile: ServiceProfile, version: str, rows: int, seed: int,
    cancelled: CancelCheck = never,
) -> Trace:  # fmt: skip
    """One repetition: the requests of that seed, as the load generator would send them, through its plan.

    The warm-up before them is as long as that of a measurement, and in functions as much longer as their instances
    take to start: it costs nothing here.
    """
    plan = plan_of(candidate, profile, timeout_s=scenario.measurement.timeout_s)
    warm_up_s = scenario.measurement.warm_up_s + settling_s(plan)
    result = simulate(
        plan,
        with_warm_up(scenario.workload, rows, seed, warm_up_s),
        seed=seed,
        rows=rows,
        warm_up_s=warm_up_s,
        watch=(),
        versions=(version,),
        candidate=candidate.name,
        scenario=scenario.to_toml(),
        cancelled=cancelled,
    )
    assert result.trace is not None
    where = f"{profile.machine.get('cores', '?')} cores, {profile.machine.get('memory_gib', '?')} GiB"
    # The warm-up is the measurement's own here, so what is said of one that was found does not apply.
    warnings = tuple(text for text in result.warnings if "MSER-5" not in text)
    notes = (f"Simulated from a profile measured {profile.measured_at[:10]} on {where}.", *warnings)
    provenance = replace(result.trace.provenance, warm_up_s=warm_up_s, notes=notes)
    return _used_while_counted(replace(result.trace, provenance=provenance))


def _used_while_counted(trace: Trace) -> Trace:
    """The trace with what its counted requests used, as a measurement reads it off: after the warm-up, to the end."""
    counted = len(trace.counted()) / max(len(trace), 1)
    from_s, until_s = counted_s(trace)
    lasted = (until_s - from_s) / until_s if until_s > 0 else 1.0
    usage = trace.usage

    def share(value: float | None, part: float) -> float | None:
        return None if value is None else value * part

    used = replace(
        usage, cpu_s=share(usage.cpu_s, counted), gb_s=share(usage.gb_s, counted),
        instance_s=share(usage.instance_s, lasted),
    )  # fmt: skip
    return replace(trace, usage=used)


def simulate_candidates(
    scenario: Scenario, candidates: Sequence[Candidate], profile: ServiceProfile, version: str, rows: int,
    store: "RunStore", group: str, progress: Progress = silent, cancelled: CancelCheck = never,
) -> None:  # fmt: skip
    """Simulate each as often as the others are measured, and keep every run; what cannot be simulated has failed."""
    repetitions = scenario.measurement.repetitions
    for place, candidate in enumerate(candidates):
        progress(f"simulating {candidate.name}", place / len(candidates))
        for repetition in range(repetitions):
            if cancelled():
                raise Cancelled("The comparison was cancelled.")
            seed = repetition_seed(scenario.seed, repetition)
            run = store.start(
                scenario, candidate.name, seed=seed, group=group, repetition=repetition, origin="simulated"
            )
            try:
                trace = simulated_trace(scenario, candidate, profile, version, rows, seed, cancelled)
            except Cancelled:
                store.end(run.id, "cancelled", "it was cancelled")
                raise
            except DrydockError as error:
                store.end(run.id, "failed", str(error))
                break
            store.finish(run.id, trace, summarise([trace], scenario.slo).to_dict())
