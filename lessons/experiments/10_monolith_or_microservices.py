"""The dealership's site as one program and as five services, with the same ten processes, before the same visitors."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any, ClassVar

import numpy as np

from data.errors import Cancelled as Stopped
from data.estimate import Estimate, Figure
from data.estimates import Summary, as_text, summarise
from data.profile import Component, Samples, ServiceProfile
from data.provenance import Origin
from data.scenario import Slo
from data.trace import Trace
from data.workloads.poisson import Poisson
from lessons.contract import Cancelled, Control, Experiment, Progress, Settings, Verdict
from lessons.controls import Number
from lessons.language import N_, _
from lessons.record import Guide, Outcome, Plot, Record, Series, exact
from simulators.architectures.microservices import Microservices
from simulators.architectures.monolith import Monolith
from simulators.plan import Crash, Exponential, Guard, Plan, Sequence, Step, Visit
from simulators.runs.result import SimulationResult
from simulators.simulate import simulate

PROCESSES = 10
RATE_RPS, DURATION_S = 120.0, 600.0
SLO = Slo(percentile=99, latency_ms=50)
PROMISED = 0.99
WORK_MS: Mapping[str, float] = {"gateway": 1.0, "customers": 1.0, "features": 2.0, "model": 5.0, "ranking": 1.0}
HTTP_MS, CALLING_MS, CALLED_MS, HOP_MS = 0.5, 0.2, 0.4, 0.2
REPAIR_S, DETECT_S = 30.0, 1.0
_FRAIL = "ranking"
_SPREAD = 0.6
"""Standard deviation of every duration over its mean; log-normal, as latencies tend to be."""


@dataclass(frozen=True, slots=True)
class _Form:
    """One way to build the site, and what visitors get of it."""

    result: SimulationResult
    trace: Trace
    summary: Summary


class MonolithOrMicroservices(Experiment):
    origin: ClassVar[Origin] = "simulated"
    compiled: ClassVar[bool] = True
    controls: ClassVar[tuple[Control, ...]] = (
        Number(
            "hop_ms", N_("Network between services"), 0.0, 5.0, 0.25, 0.5, "ms",
            N_("One way between two machines, on top of what a hop takes on one."),
        ),
        Number(
            "crashes", N_("Crashes of the new ranking code"), 0, 60, 5, 0, "per hour",
            N_("In each process that runs it. A crash takes the whole process with it."),
        ),
        Number(
            "model_times", N_("Work of the model"), 1.0, 4.0, 0.5, 1.0, "times today's",
            N_("A larger model needs more time for each answer; the other parts stay as they are."),
        ),
    )  # fmt: skip

    def run(self, settings: Settings, *, seed: int, progress: Progress, cancelled: Cancelled) -> Record:
        whole, apart = plans(settings)
        forms = []
        for place, plan in enumerate((whole, going_on_without_ranking(apart), apart)):
            if cancelled():
                raise Stopped("the run was stopped")
            progress(_("simulating"), place / 3, plan.name)
            forms.append(_run(plan, seed))
        figures, labels = _figures(*forms)
        return Record(
            settings=dict(settings), seed=seed, origin=self.origin, figures=figures, labels=labels,
            plot=_plot(*forms[:2]), outcome=Outcome(_direction(figures), "p99_apart"),
            provenance=_("Simulated: {processes} processes either way, {n:,} pages in {duration:.0f} s, seed {seed}")
            .format(processes=PROCESSES, n=forms[0].summary.n, duration=DURATION_S, seed=seed),
            facts=_facts(forms[0], forms[1]), tables={_("Sum and product of the parts"): _parts(settings, forms[2])},
        )  # fmt: skip

    def check(self, record: Record) -> Verdict:
        whole, apart = record.figures["kept_whole"], record.figures["kept_apart"]
        assert isinstance(whole, Estimate)
        assert isinstance(apart, Estimate)
        measured = _("one program: {whole}; five services: {apart}").format(whole=as_text(whole), apart=as_text(apart))
        required = _(
            "five services keep the promise with their whole interval (at least {share:.0%} of pages within {slo:.0f} "
            "ms), and one program breaks it with its whole interval"
        ).format(share=PROMISED, slo=SLO.latency_ms)
        if apart.low < PROMISED:
            why = _(
                "Five services do not surely keep the promise here. A slow network or an overloaded model's service "
                "costs them more than it costs one program."
            )
            return Verdict(False, measured, required, why)
        if whole.high >= PROMISED:
            why = _(
                "One program still keeps the promise, or might. Look for what it suffers from as a whole and the "
                "services only in part."
            )
            return Verdict(False, measured, required, why)
        why = _("A crash takes one program's process with every page in it; of five services it takes one, and the "
                "page goes on without.")  # fmt: skip
        return Verdict(True, measured, required, why)

    def solve(self, seed: int) -> Settings:
        settings = dict(self.setup())
        for crashes in range(30, 61, 5):
            whole, _apart = plans(settings | {"crashes": crashes})
            kept = _run(whole, seed).summary.slo_attained_share
            if isinstance(kept, Estimate) and kept.high < PROMISED:
                break
        return settings | {"crashes": crashes}


def plans(settings: Settings) -> tuple[Plan, Plan]:
    """One program in ten processes, and five services of two processes each."""
    profile = _profile(float(settings["model_times"]))
    whole = Monolith().plan(profile, settings={"replicas": PROCESSES})
    each = PROCESSES // len(WORK_MS)
    values = {"replicas": each, "model_replicas": each, "extra_hop_ms": float(settings["hop_ms"])}
    apart = Microservices().plan(profile, settings=values)
    if not settings["crashes"]:
        return whole, apart
    crash = Crash(Exponential(3_600 / float(settings["crashes"])), Exponential(REPAIR_S), DETECT_S)
    # Ranking is a part of every process of the whole, and of its own service's only.
    return _crashing(whole, crash, lambda _name: True), _crashing(apart, crash, lambda name: name == _FRAIL)


def going_on_without_ranking(plan: Plan) -> Plan:
    """The same, showing the cars unranked where ranking does not answer."""
    assert isinstance(plan.request, Sequence)

    def softer(step: Step) -> Step:
        return Guard(step, optional=True) if isinstance(step, Visit) and step.station == _FRAIL else step

    return replace(plan, request=Sequence(tuple(map(softer, plan.request.steps))))


def _crashing(plan: Plan, crash: Crash, hits: Any) -> Plan:
    return replace(plan, units=tuple(replace(unit, crash=crash) if hits(unit.name) else unit for unit in plan.units))


def _profile(model_times: float) -> ServiceProfile:
    work = {name: mean * (model_times if name == "model" else 1.0) for name, mean in WORK_MS.items()}
    parts = tuple(Component(name, ((1, _lasting(mean)),)) for name, mean in work.items())
    return ServiceProfile(
        "car dealership", "monolith", "process", 1, parts, overhead_s=_lasting(HTTP_MS), call_s=_lasting(CALLING_MS),
        serve_s=_lasting(CALLED_MS), hop_s=_lasting(HOP_MS),
    )  # fmt: skip


def _lasting(mean_ms: float, count: int = 99) -> Samples:
    """Durations of that mean, in seconds: log-normal, at even quantiles."""
    sigma = math.sqrt(math.log1p(_SPREAD**2))
    shape = [math.exp(sigma * NormalDist().inv_cdf((i + 0.5) / count)) for i in range(count)]
    return tuple(mean_ms / 1e3 * value * count / sum(shape) for value in shape)


def _run(plan: Plan, seed: int) -> _Form:
    traffic = Poisson(rate_rps=RATE_RPS, duration_s=DURATION_S)
    result = simulate(plan, traffic, seed=seed, watch=(), warm_up_s=0.0, candidate=plan.name)
    assert result.trace is not None
    return _Form(result, result.trace, summarise([result.trace], SLO))


def _direction(figures: Mapping[str, Figure]) -> int:
    """Which option came true: shorter, about the same, longer but less than twice, twice or more."""
    whole, apart = figures["p99_whole"], figures["p99_apart"]
    if not isinstance(whole, Estimate) or not isinstance(apart, Estimate):
        return 1
    ratio = apart.value / whole.value
    return 0 if ratio < 0.9 else 1 if ratio <= 1.1 else 2 if ratio < 2 else 3


def _figures(whole: _Form, apart: _Form, needed: _Form) -> tuple[Mapping[str, Figure], Mapping[str, str]]:
    longer = apart.result.mean_s, whole.result.mean_s
    added_ms = (longer[0].value - longer[1].value) * 1e3 if longer[0] and longer[1] else 0.0
    figures = {
        "p99_apart": apart.summary.p99_ms,
        "p99_whole": whole.summary.p99_ms,
        "p50_apart": apart.summary.p50_ms,
        "p50_whole": whole.summary.p50_ms,
        "kept_apart": apart.summary.slo_attained_share,
        "kept_whole": whole.summary.slo_attained_share,
        "kept_needed": needed.summary.slo_attained_share,
        "added": exact(added_ms, "ms", apart.summary.n),
    }
    labels = {
        "p99_apart": _("p99 of five services"),
        "p99_whole": _("p99 of one program"),
        "p50_apart": _("median of five services"),
        "p50_whole": _("median of one program"),
        "kept_apart": _("pages in time, five services"),
        "kept_whole": _("pages in time, one program"),
        "kept_needed": _("pages in time, if no page could do without ranking"),
        "added": _("what the services add to the mean"),
    }
    return figures, labels


def _facts(whole: _Form, apart: _Form) -> Mapping[str, Any]:
    model = apart.result.station("model").utilisation or 0.0
    busy = max((one.utilisation or 0.0 for one in whole.result.stations), default=0.0)
    return {"busy_model": f"{model:.0%}", "busy_whole": f"{busy:.0%}", "calls": str(len(WORK_MS) - 1)}


def _parts(settings: Settings, needed: _Form) -> list[dict[str, str | float]]:
    """What each service takes and how often it answers; composed, and as it was simulated for the whole page.

    Means of what comes one after the other add up, if nobody waits; shares of those that all must answer multiply.
    """
    hop = HOP_MS + float(settings["hop_ms"])
    rows: list[dict[str, str | float]] = []
    time_ms, share = 0.0, 1.0
    for name, work in WORK_MS.items():
        mean = work * (float(settings["model_times"]) if name == "model" else 1.0)
        mean += HTTP_MS + (len(WORK_MS) - 1) * CALLING_MS if name == "gateway" else CALLED_MS + 2 * hop
        found = needed.result.station(name)
        done = found.throughput_rps * DURATION_S
        answered = done / (done + found.refused + found.lost)
        rows.append({_("part"): name, _("ms"): round(mean, 2), _("answers"): f"{answered:.2%}"})
        time_ms, share = time_ms + mean, share * answered
    rows.append({_("part"): _("composed"), _("ms"): round(time_ms, 2), _("answers"): f"{share:.2%}"})
    mean_s, ok = needed.result.mean_s, needed.trace.ok.mean()
    whole = round(mean_s.value * 1e3, 2) if mean_s else math.nan
    return [*rows, {_("part"): _("simulated, with waiting"), _("ms"): whole, _("answers"): f"{ok:.2%}"}]


def _plot(whole: _Form, apart: _Form) -> Plot:
    series = tuple(
        _waiting(name, form.trace) for name, form in ((_("one program"), whole), (_("five services"), apart))
    )
    late = [1 - form.summary.slo_attained_share.value for form in (whole, apart)
            if isinstance(form.summary.slo_attained_share, Estimate)]  # fmt: skip
    alt = _(
        "Share of pages that are still missing after so many milliseconds, on a logarithmic axis, for one program and "
        "for five services. After {slo:.0f} ms {whole:.2%} are missing from one program and {apart:.2%} from five "
        "services; the promise allows 1%."
    ).format(slo=SLO.latency_ms, whole=late[0], apart=late[1])
    return Plot(
        _("Milliseconds after the visitor asked"), _("Share of pages still missing (logarithmic)"), series, alt,
        guides=(Guide(_("promise: {slo:.0f} ms").format(slo=SLO.latency_ms), x=SLO.latency_ms),
                Guide(_("1 in 100"), y=0.01)),
        y_axis="log", predicts="x", predicted_at=0.01,
    )  # fmt: skip


def _waiting(name: str, trace: Trace) -> Series:
    """Pages that fail never come, so the curve ends above them."""
    latency_ms = np.sort(np.where(trace.ok, trace.latency_s * 1e3, np.inf))
    top = max(120.0, float(np.quantile(latency_ms[np.isfinite(latency_ms)], 0.999)))
    at_ms = np.linspace(0, top, 121)
    missing = 1 - np.searchsorted(latency_ms, at_ms, side="right") / len(latency_ms)
    shown = missing >= 1e-4
    return Series(name, at_ms[shown].round(2).tolist(), missing[shown].tolist())
