"""Risk of one candidate: faults are simulated, and what they do is made into figures."""

from collections.abc import Callable, Mapping

from data.discovery import kinds
from data.errors import InvalidValue, UnknownKind
from data.scenario import Slo
from data.workloads.contract import Workload
from simulators.plan import Plan
from simulators.risk import effects, summary
from simulators.risk.effects import Effect
from simulators.risk.faults._simulated import run_s, undisturbed
from simulators.risk.faults.contract import BEFORE, Extent, Fault
from simulators.risk.figures import RiskFigures
from simulators.risk.loss import Stakes
from simulators.risk.monthly import Happening
from simulators.risk.rubric import counted
from simulators.risk.structure import Assumed, single_points
from simulators.risk.subject import MONTH_S, Subject
from simulators.risk.summary import Usual
from simulators.runs.replications import seeds

Assumptions = Mapping[str, Mapping[str, float]]
"""Fault to setting to value, for those that differ from the defaults."""


def assess(
    plan: Plan,
    workload: Workload,
    slo: Slo | None = None,
    *,
    strategy: str = "api",
    architecture: str = "",
    release: str = "basic",
    timeout_s: float = 5.0,
    assumptions: Assumptions | None = None,
    stakes: Stakes | None = None,
    runs: int = 10,
    requests: int = 30_000,
    seed: int = 1,
    cancelled: Callable[[], bool] | None = None,
) -> RiskFigures:
    """What may go wrong with a candidate, in numbers.

    Parameters
    ----------
    plan
        Of the candidate, as an architecture makes it.
    workload
        Its forecast traffic. Faults strike at moments drawn at random.
    architecture
        A file in simulators/architectures/, for what is counted.
    release
        The release policy that stands between a bad model and the users: a file in strategies/releases/.
    timeout_s
        When users give up.
    assumptions
        What differs from the defaults that `known_faults` states.
    stakes
        Money at stake; without it there is no figure in dollars.
    runs, requests
        Occurrences of each fault, and requests in each at most: more of either makes intervals narrower.

    Raises
    ------
    InvalidValue, UnknownKind
        An assumption, policy or fault that does not exist, or a value out of its bounds.
    Cancelled
        `cancelled` said yes.
    """
    if runs < 2:
        raise InvalidValue("runs", runs, "must be at least 2", "an interval takes two occurrences of each fault")
    subject = Subject(plan, workload, slo or Slo(), strategy, release, timeout_s)
    extent = Extent(runs, requests, seed, cancelled)
    assumed = _assumed(assumptions or {})
    happenings, left_out = _struck(subject, assumed, extent)
    usual = _usual(subject, extent)
    items = counted(subject, architecture)
    faults = known_faults()
    made = [
        *summary.monthly(happenings, usual, extent),
        *summary.releases(happenings, assumed),
        *summary.worst(happenings, {name: fault.title for name, fault in faults.items()}),
        *summary.structural(subject, assumed, usual),
        *summary.countings(items),
        *(summary.losses(happenings, usual, stakes, extent) if stakes else ()),
    ]
    return RiskFigures(
        figures={figure.name: figure for figure in made},
        faults=tuple(summary.fault_figures(each, faults[each.name], assumed[each.name]) for each in happenings),
        left_out=left_out,
        single_points=single_points(subject),
        counted=items.items,
        notes=_notes(subject, extent),
    )


def known_faults() -> Mapping[str, type[Fault]]:
    """Every kind of fault, by name, with what is assumed about it in its `settings`."""
    return kinds("simulators.risk.faults", Fault)  # type: ignore[type-abstract]


def _assumed(given: Assumptions) -> dict[str, dict[str, float]]:
    faults = known_faults()
    for name in given:
        if name not in faults:
            raise UnknownKind("fault", name, faults)
    return {name: fault.values(given.get(name, {})) for name, fault in faults.items()}


def _struck(subject: Subject, assumed: Assumed, extent: Extent) -> tuple[tuple[Happening, ...], dict[str, str]]:
    found: list[Happening] = []
    left_out: dict[str, str] = {}
    for name, cls in known_faults().items():
        fault, values = cls(), assumed[name]
        if reason := fault.why_not(subject):
            left_out[name] = reason
            continue
        rate = fault.per_month(subject, values)
        found.append(Happening(name, rate, fault.occurrences(subject, values, extent)))
    return tuple(found), left_out


def _usual(subject: Subject, extent: Extent) -> Usual:
    """Months in which nothing strikes, from the same stretches that faults strike, once instances have started."""
    seconds = run_s(subject, extent)
    from_s = BEFORE * seconds
    months, answered = [], []
    for seed in seeds(extent.seed, extent.runs):
        _, calm = undisturbed(subject, seconds, seed)
        assert calm.trace is not None
        failed, late = effects.bad_counts(calm.trace, subject.slo, from_s)
        seen = max(int((calm.trace.scheduled_s >= from_s).sum()), 1)
        scale = subject.requests_a_month / seen
        missed_s = effects.missed_s(calm.trace, subject.slo, seconds, from_s) / (seconds - from_s) * MONTH_S
        months.append(Effect(failed=failed * scale, late=late * scale, missed_s=missed_s))
        answered.append(1 - failed / seen)
    return Usual(tuple(months), tuple(answered))


def _notes(subject: Subject, extent: Extent) -> tuple[str, ...]:
    seconds = run_s(subject, extent)
    return (
        f"{extent.runs} occurrences of each fault, each in {seconds:,.0f} s of traffic at {subject.rate_rps:,.4g} "
        "requests/s on average; what lasts longer is taken to go on as in the later half of what was simulated.",
        "How often faults come, and how long they last, are assumptions: see each fault's.",
    )
