"""A model as a function and on a managed endpoint: who waits for a cold start, and at which volume the bill turns."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import ClassVar

import numpy as np

from data.errors import Cancelled as Stopped
from data.estimate import Estimate, Figure
from data.estimates import Summary, as_text, summarise
from data.estimates.resampling import Resamples, interval
from data.estimates.shares import share
from data.prices import price_list
from data.profile import ColdStart, Component, ServiceProfile
from data.provenance import Origin
from data.scenario import Slo
from data.trace import Trace
from data.workloads.bursty import Bursty
from data.workloads.contract import Workload
from data.workloads.poisson import Poisson
from lessons.contract import Cancelled, Control, Experiment, Progress, Settings, Verdict
from lessons.controls import Choice, Number, Option
from lessons.language import N_, _
from lessons.record import Guide, Outcome, Plot, Record, Series, exact
from simulators.architectures.contract import Platform
from simulators.architectures.serverless import Serverless
from simulators.cost.break_even import curves
from simulators.cost.model import CostModel
from simulators.cost.month import Month
from simulators.cost.shape import FULL_CORE_MB, Shape, Work
from simulators.simulate import simulate

SERVICE_S, START_S, KEPT_S = 0.1, 2.5, 600.0
SLO = Slo(percentile=95, latency_ms=1_000)
HOUR_S, DAY_S = 3_600.0, 86_400.0
TRAFFIC: Mapping[str, Workload] = {
    "night": Poisson(rate_rps=6 / HOUR_S, duration_s=10 * DAY_S),
    "office": Poisson(rate_rps=60 / HOUR_S, duration_s=24 * HOUR_S),
    "flash": Bursty(calm_rps=0.0, burst_rps=10.0, calm_s=3_594.0, burst_s=6.0, duration_s=60 * HOUR_S),
}
PRICES = "aws-us-east-1"
COLD_WITHIN, EVEN_WITHIN = 0.03, 0.1
_MILLION = 1_000_000
_PLATFORMS: Mapping[str, Platform] = {
    "functions": "functions", "endpoint": "endpoint", "managed functions": "endpoint_functions", "machine": "machines",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of traffic, and what a function makes of it."""

    summary: Summary
    cold: Estimate
    trace: Trace


class ServerlessAndManaged(Experiment):
    origin: ClassVar[Origin] = "simulated"
    controls: ClassVar[tuple[Control, ...]] = (
        Choice(
            "traffic", N_("Traffic"),
            (Option("night", N_("night: 6 an hour, at random")), Option("office", N_("office: 60 an hour, at random")),
             Option("flash", N_("flash: 60 an hour, all within seconds"))),
        ),
        Number(
            "cold", N_("Your statement: requests that start cold"), 0, 100, 1, 0, "%",
            N_("Of the traffic that you chose. It changes nothing in the run; the challenge checks it."),
        ),
        Number(
            "even", N_("Your statement: break-even volume"), 0.5, 30.0, 0.5, 1.0, "million a month",
            N_("Predictions a month from which the managed endpoint is cheaper than the function."),
        ),
    )  # fmt: skip

    def run(self, settings: Settings, *, seed: int, progress: Progress, cancelled: Cancelled) -> Record:
        found: dict[str, _Kind] = {}
        for place, (name, workload) in enumerate(TRAFFIC.items()):
            if cancelled():
                raise Stopped("the run was stopped")
            progress(_("simulating"), place / len(TRAFFIC), name)
            found[name] = _run(workload, seed)
        chosen = str(settings["traffic"])
        figures, labels = _figures(found, chosen)
        return Record(
            settings=dict(settings), seed=seed, origin=self.origin, figures=figures, labels=labels,
            plot=_plot(found, chosen), outcome=Outcome(_direction(found[chosen].cold), "cold"),
            provenance=_("Simulated: a function kept for {kept:.0f} min without requests, {n:,} requests, seed {seed}; "
                         "list prices of {prices}").format(
                kept=KEPT_S / 60, n=found[chosen].summary.n, seed=seed, prices=price_list(PRICES).title),
            facts={"formula": f"{math.exp(-TRAFFIC['night'].mean_rate_rps * KEPT_S):.1%}",
                   "kept": f"{KEPT_S / 60:.0f} min", "start": f"{START_S} s"},
            tables={_("What a month costs, in USD"): _bills()},
        )  # fmt: skip

    def check(self, record: Record) -> Verdict:
        cold, even = record.figures["cold"], break_even_millions()
        assert isinstance(cold, Estimate)
        stated, volume = float(record.settings["cold"]) / 100, float(record.settings["even"])
        measured = _("you state {stated:.0%} and {volume:g} million; the run has {cold}").format(
            stated=stated, volume=volume, cold=as_text(cold)
        )
        required = _(
            "cold starts of the flash traffic within {points:.0f} points, and the volume within {share:.0%} of what "
            "the bills say"
        ).format(points=100 * COLD_WITHIN, share=EVEN_WITHIN)
        if record.settings["traffic"] != "flash":
            why = _("This is about the flash traffic, for which the formula does not hold. Choose it and run again.")
        elif abs(stated - cold.value) > COLD_WITHIN:
            why = _("The share of cold starts is another one. How many requests come while the first instance starts?")
        elif abs(volume / even - 1) > EVEN_WITHIN:
            why = _("The volume is another one. Divide what the endpoint costs standing idle by what it saves with "
                    "each million.")  # fmt: skip
        else:
            why = _("The bills cross at {even:.1f} million a month, and you knew who waits below that.").format(
                even=even
            )
            return Verdict(True, measured, required, why)
        return Verdict(False, measured, required, why)

    def solve(self, seed: int) -> Settings:
        cold = _run(TRAFFIC["flash"], seed).cold
        even = round(break_even_millions() * 2) / 2
        return {"traffic": "flash", "cold": round(100 * cold.value), "even": even}


def _run(workload: Workload, seed: int) -> _Kind:
    profile = ServiceProfile(
        "model", "api", "function", 1, (Component("model", ((1, (SERVICE_S,)),)),),
        cold_starts=(ColdStart((("start", START_S),)),),
    )  # fmt: skip
    plan = Serverless().plan(profile, settings={"idle_expiry_s": KEPT_S})
    # Few requests over many hours: the readable engine is quick enough for them.
    result = simulate(plan, workload, seed=seed, engine="simpy", watch=(), warm_up_s=0.0, candidate="function")
    assert result.trace is not None
    cold = result.trace.cold
    alone = share(int(cold.sum()), len(cold))
    low, high = interval(Resamples([len(cold)]).ratios(cold.astype(np.float64)))
    # Those of one burst start cold together, which makes them worth fewer than as many independent ones.
    together = Estimate(alone.value, min(alone.low, low), max(alone.high, high), alone.n, "share")
    return _Kind(summarise([result.trace], SLO), together, result.trace)


def _work() -> Work:
    return Work(
        SERVICE_S, SERVICE_S, SERVICE_S, 1, init_s=START_S, payload_bytes=2_000, memory_bytes=400 << 20,
        package_bytes=20 << 20, origin="profile",
    )  # fmt: skip


def models() -> dict[str, CostModel]:
    """What each way of running it costs."""
    work, month = _work(), Month(rate_rps=1.0)
    return {
        name: CostModel(Shape(platform=platform, memory_mb=FULL_CORE_MB), work, month, price_list(PRICES))
        for name, platform in _PLATFORMS.items()
    }


@lru_cache(maxsize=1)
def break_even_millions() -> float:
    """Predictions a month, in millions, from which the endpoint is first cheaper than the function; from the bills."""
    both = {name: model for name, model in models().items() if name in ("functions", "endpoint")}
    first = curves(both, 1.0).breaks[0]
    return first.rate_rps * HOUR_S * Month(1.0).hours / _MILLION


def _bills() -> list[dict[str, str | float]]:
    titles = {"functions": _("function (AWS Lambda)"), "endpoint": _("managed endpoint (SageMaker, ml.t2.medium)"),
              "managed functions": _("managed function (SageMaker Serverless)"),
              "machine": _("virtual machine of one's own")}  # fmt: skip
    return [_bill_row(titles[name], model) for name, model in models().items()]


def _bill_row(title: str, model: CostModel) -> dict[str, str | float]:
    hour = _MILLION / HOUR_S / Month(1.0).hours
    idle, one, two = (model.at(rate).usd() for rate in (1e-9, hour, 2 * hour))
    return {
        _("how it runs"): title, _("standing idle"): _usd(idle), _("with one million"): _usd(one),
        _("each further million"): _usd(two - one),
    }  # fmt: skip


def _usd(amount: Decimal) -> str:
    return f"{amount:,.2f}"


def _direction(cold: Estimate) -> int:
    """Which option came true: hardly any, about a third, about half, nearly all."""
    return 0 if cold.value < 0.1 else 1 if cold.value < 0.45 else 2 if cold.value < 0.7 else 3


def _figures(found: Mapping[str, _Kind], chosen: str) -> tuple[Mapping[str, Figure], Mapping[str, str]]:
    one = found[chosen]
    warm = one.trace.latency_s[~one.trace.cold] * 1e3
    figures: dict[str, Figure] = {
        "cold": one.cold,
        "p95": one.summary.slo_percentile_ms,
        "warm": exact(float(np.median(warm)) if len(warm) else 0.0, "ms", len(warm)),
        "cold_night": found["night"].cold,
        "cold_office": found["office"].cold,
        "cold_flash": found["flash"].cold,
        "flash_late": share(int((found["flash"].trace.latency_s > 1.0).sum()), len(found["flash"].trace)),
    }
    labels = {
        "cold": _("requests that start cold, with your traffic"),
        "p95": _("p95 of your traffic"),
        "warm": _("an answer of a warm instance"),
        "cold_night": _("cold at night"),
        "cold_office": _("cold in the office"),
        "cold_flash": _("cold in a flash"),
    }
    return figures, labels


def _plot(found: Mapping[str, _Kind], chosen: str) -> Plot:
    names = list(found)
    simulated = Series(
        _("simulated"), names, [100 * one.cold.value for one in found.values()],
        [100 * one.cold.low for one in found.values()], [100 * one.cold.high for one in found.values()], drawn="points",
    )  # fmt: skip
    formula = Series(
        _("formula for requests at random"), names,
        [100 * math.exp(-workload.mean_rate_rps * KEPT_S) for workload in TRAFFIC.values()], drawn="points",
    )  # fmt: skip
    cold = [100 * one.cold.value for one in found.values()]
    alt = _(
        "Share of requests that start cold for three kinds of traffic: {night:.0f}% at night, {office:.1f}% in the "
        "office, {flash:.0f}% in a flash. The formula gives the same for the first two and almost none for the third."
    ).format(night=cold[0], office=cold[1], flash=cold[2])
    return Plot(
        _("Traffic"), _("Requests that start cold, in percent"), (simulated, formula), alt,
        guides=(Guide(_("promise: 5 in 100 may be slow"), y=5.0),), predicts="y", predicted_at=chosen,
    )  # fmt: skip
