"""Several runs that differ only in their randomness: figures with intervals, and sharp comparisons of plans."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.random import SeedSequence

from data.estimate import Estimate
from data.estimates.means import mean_of_runs
from data.workloads.contract import Schedule, Workload
from simulators.plan import Plan
from simulators.runs.result import SimulationResult
from simulators.simulate import simulate

Figure = Callable[[SimulationResult], float]


@dataclass(frozen=True, slots=True, eq=False)
class Replications:
    """The same plan and traffic, run with seeds of their own."""

    runs: tuple[SimulationResult, ...]

    def estimate(self, figure: Figure, unit: str, *, name: str = "figure") -> Estimate:
        """The figure's mean over the runs, with Student's 95% interval; `NotEstimable` for fewer than two runs."""
        return mean_of_runs([figure(run) for run in self.runs], unit, name=name)

    def less(self, other: "Replications", figure: Figure, unit: str, *, name: str = "difference") -> Estimate:
        """How much higher the figure is here than there, pair by pair.

        Run i of both had the same arrivals and the same service draws (common random numbers), so that most of the
        randomness cancels out: the interval is narrower than those of the two figures suggest.
        """
        pairs = zip(self.runs, other.runs, strict=True)
        return mean_of_runs([figure(own) - figure(its) for own, its in pairs], unit, name=name)


def replicate(plan: Plan, traffic: Workload | Schedule, runs: int, *, seed: int, **arguments: Any) -> Replications:
    """Run a plan several times; arguments are those of `simulate`.

    Two plans replicated with the same seed meet the same requests, run by run.
    """
    return Replications(tuple(simulate(plan, traffic, seed=own, **arguments) for own in seeds(seed, runs)))


def seeds(seed: int, count: int) -> Sequence[int]:
    """Seeds of replications: far apart whatever the first one is."""
    return [int(word) for word in SeedSequence(seed).generate_state(count, dtype="uint64") >> 1]
