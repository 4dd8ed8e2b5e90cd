"""One server under rising load, seen by users who keep coming and by a tester who waits for each answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from data.errors import Cancelled as Stopped
from data.estimate import Estimate, Figure, TooFew
from data.estimates import Summary, as_text, summarise
from data.provenance import Origin
from data.scenario import Slo
from data.workloads.closed_loop import ClosedLoop
from data.workloads.contract import Workload
from data.workloads.poisson import Poisson
from lessons.contract import Cancelled, Control, Experiment, Progress, Settings, Verdict
from lessons.controls import Number
from lessons.language import N_, _
from lessons.record import Guide, Outcome, Plot, Record, Series
from simulators.plan import Exponential, one_station
from simulators.simulate import simulate

SERVICE_S = 0.010
"""Mean time that one request occupies the server: at most 100 requests a second."""
SLO = Slo(percentile=99, latency_ms=100)
STEP_RPS = 2


@dataclass(frozen=True, slots=True)
class _Point:
    """One load, and what it does to latency."""

    rate_rps: float
    summary: Summary
    utilisation: float
    """Share of the time that the server was busy."""


class LoadAndTails(Experiment):
    origin: ClassVar[Origin] = "simulated"
    compiled: ClassVar[bool] = True
    controls: ClassVar[tuple[Control, ...]] = (
        Number("rate_rps", N_("Arrivals"), 10, 96, STEP_RPS, 80, "per s", N_("Requests that users send each second.")),
        Number(
            "duration_s", N_("Length of the run"), 300, 1_800, 300, 600, "s",
            N_("A longer run sees more requests, so its intervals are narrower."),
        ),
        Number(
            "users", N_("Users of the waiting tester"), 2, 32, 2, 8, "",
            N_("A load tester that waits: so many users, none of whom asks again before the answer is there."),
        ),
    )  # fmt: skip

    def run(self, settings: Settings, *, seed: int, progress: Progress, cancelled: Cancelled) -> Record:
        rate, duration_s, users = (float(settings[name]) for name in ("rate_rps", "duration_s", "users"))
        loads = np.unique(np.round(np.linspace(rate / 4, rate, 4), 3))
        opened, closed = [], []
        for place, load in enumerate(loads):
            if cancelled():
                raise Stopped("the run was stopped")
            progress(_("simulating"), place / len(loads), _("{load:.0f} requests per second").format(load=load))
            opened.append(_run(Poisson(rate_rps=load, duration_s=duration_s), load, seed))
            closed.append(_run(_tester(users, load, duration_s), load, seed))
        figures, labels = _figures(opened, closed)
        return Record(
            settings=dict(settings), seed=seed, origin=self.origin, figures=figures, labels=labels,
            plot=_plot(opened, closed, rate), outcome=Outcome(_direction(opened), "p99"),
            provenance=_("Simulated: one server, exponential service of {service:.0f} ms on average, {n:,} requests in "
                         "{duration:,.0f} s, seed {seed}").format(
                service=SERVICE_S * 1e3, n=opened[-1].summary.n, duration=duration_s, seed=seed),
            facts=_facts(opened, closed),
        )  # fmt: skip

    def check(self, record: Record) -> Verdict:
        p99, rate = record.figures["p99"], float(record.settings["rate_rps"])
        required = _(
            "p99 with its whole interval at most {slo:.0f} ms, at the highest load for which that holds"
        ).format(slo=SLO.latency_ms)
        measured = _("{p99} at {rate:.0f} requests per second").format(p99=as_text(p99), rate=rate)
        if _above(p99):
            why = _(
                "The upper end of the interval is above the SLO, so you cannot promise it at this load. Lower it; "
                "where only the upper end is above, a longer run may do."
            )
            return Verdict(False, measured, required, why)
        more = rate + STEP_RPS
        further = _run(Poisson(rate_rps=more, duration_s=float(record.settings["duration_s"])), more, record.seed)
        next_p99 = as_text(further.summary.p99_ms)
        if not _above(further.summary.p99_ms):
            why = _("The SLO holds here, and it still holds at {more:.0f} per second: {p99}. Go higher.")
            return Verdict(False, measured, required, why.format(more=more, p99=next_p99))
        why = _("One step higher, at {more:.0f} per second, the run can no longer promise it: {p99}.")
        return Verdict(True, measured, required, why.format(more=more, p99=next_p99))

    def solve(self, seed: int) -> Settings:
        settings = dict(self.setup())
        duration_s = float(settings["duration_s"])
        # M/M/1: p99 = ln(100) / (1/S - λ), solved for λ; the run's interval decides, from a few steps above downwards.
        best = 1 / SERVICE_S - np.log(100) / (SLO.latency_ms / 1e3)
        rate = int(best // STEP_RPS * STEP_RPS) + 4 * STEP_RPS
        while _above(_run(Poisson(rate_rps=rate, duration_s=duration_s), rate, seed).summary.p99_ms):
            rate -= STEP_RPS
        return settings | {"rate_rps": rate}


def _run(workload: Workload, load: float, seed: int) -> _Point:
    plan = one_station(Exponential(SERVICE_S), name="server")
    result = simulate(plan, workload, seed=seed, watch=())
    assert result.trace is not None
    return _Point(load, summarise([result.trace], SLO), result.station("server").utilisation or 0.0)


def _tester(users: float, load: float, duration_s: float) -> ClosedLoop:
    """Users who would ask so often if every answer took no longer than the service itself."""
    return ClosedLoop(users=int(users), think_s=max(users / load - SERVICE_S, 0.0), duration_s=duration_s)


def _above(figure: Figure) -> bool:
    return isinstance(figure, TooFew) or figure.high > SLO.latency_ms


def _value(figure: Figure) -> float:
    return figure.value if isinstance(figure, Estimate) else float("nan")


def _direction(opened: list[_Point]) -> int:
    """Which option of the prediction came true: falls, grows less than twofold, about twofold, more than twofold."""
    ratio = _value(opened[-1].summary.p99_ms) / _value(opened[1].summary.p99_ms)
    return 0 if ratio < 1 else 1 if ratio < 1.8 else 2 if ratio < 2.2 else 3


def _figures(opened: list[_Point], closed: list[_Point]) -> tuple[Mapping[str, Figure], Mapping[str, str]]:
    last, half, tester = opened[-1].summary, opened[1].summary, closed[-1].summary
    gap = _gap(last.p99_ms, tester.p99_ms)
    figures: dict[str, Figure] = {
        "p99": last.p99_ms,
        "p99_half": half.p99_ms,
        "p50": last.p50_ms,
        "p99_tester": tester.p99_ms,
        "gap": gap,
        "throughput": last.throughput_rps,
        "throughput_tester": tester.throughput_rps,
    }
    labels = {
        "p99": _("p99 of the users who keep coming"),
        "p99_half": _("p99 at half the load"),
        "p50": _("median"),
        "p99_tester": _("p99 as the waiting tester reports it"),
        "gap": _("what the tester leaves out"),
        "throughput": _("answers"),
        "throughput_tester": _("answers to the tester"),
    }
    return figures, labels


def _gap(users: Figure, tester: Figure) -> Figure:
    """How much less the tester reports; the interval is as wide as both are together."""
    if isinstance(users, TooFew) or isinstance(tester, TooFew):
        return users if isinstance(users, TooFew) else tester
    ends = users.low - tester.high, users.high - tester.low
    return Estimate(users.value - tester.value, *ends, users.n, "ms")


def _facts(opened: list[_Point], closed: list[_Point]) -> Mapping[str, Any]:
    return {
        "busy": f"{opened[-1].utilisation:.0%}",
        "busy_half": f"{opened[1].utilisation:.0%}",
        "busy_tester": f"{closed[-1].utilisation:.0%}",
        "service": f"{SERVICE_S * 1e3:.0f} ms",
        "requests": f"{opened[-1].summary.n:,}",
        "beyond": f"{opened[-1].summary.n // 100:,}",
    }


def _plot(opened: list[_Point], closed: list[_Point], rate: float) -> Plot:
    waiting = _series(_("tester who waits: p99"), closed, "p99_ms")
    tails, middles = (
        _series(name, opened, figure)
        for name, figure in ((_("users who keep coming: p99"), "p99_ms"), (_("median"), "p50_ms"))
    )
    alt = _(
        "Latency against load on a logarithmic axis. The users' p99 rises from {low:.0f} ms to {high:.0f} ms, the "
        "tester's only to {tester:.0f} ms; the line of the SLO is at {slo:.0f} ms."
    ).format(low=tails.y[0], high=tails.y[-1], tester=waiting.y[-1], slo=SLO.latency_ms)
    return Plot(
        _("Arrivals per second"), _("Latency in ms (logarithmic)"), (tails, waiting, middles), alt,
        guides=(Guide(_("SLO: p99 ≤ {slo:.0f} ms").format(slo=SLO.latency_ms), y=SLO.latency_ms),),
        y_axis="log", predicts="y", predicted_at=rate,
    )  # fmt: skip


def _series(name: str, points: list[_Point], figure: str) -> Series:
    found = [getattr(point.summary, figure) for point in points]
    kept = [(p.rate_rps, one) for p, one in zip(points, found, strict=True) if isinstance(one, Estimate)]
    return Series(
        name, [rate for rate, _one in kept], [one.value for _rate, one in kept],
        [one.low for _rate, one in kept], [one.high for _rate, one in kept],
    )  # fmt: skip
