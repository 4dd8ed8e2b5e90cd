"""Named figures from occurrences, months without faults, structure and counts."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from data.estimate import Estimate, Figure
from data.estimates import mean_of_runs
from simulators.risk.effects import Effect
from simulators.risk.faults.contract import Extent, Fault
from simulators.risk.figures import Basis, FaultFigures, RiskFigure
from simulators.risk.loss import Stakes
from simulators.risk.monthly import Happening, bad_month, expected_month, mean_effect, within_one
from simulators.risk.rubric import RUBRIC, Counted
from simulators.risk.structure import Assumed, availability_of, single_points
from simulators.risk.subject import MONTH_S, Subject, stale_s

_MODELS = ("bad_model", "stale_model")
"""Faults of the model itself: they are over when people act, not when machines have recovered."""


@dataclass(frozen=True, slots=True)
class Usual:
    """A month as each run has it when nothing strikes, and what share of its requests was answered."""

    months: tuple[Effect, ...]
    answered: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Reading:
    name: str
    title: str
    unit: str
    field: str
    scale: float = 1.0

    def __call__(self, effect: Effect) -> float:
        return float(getattr(effect, self.field)) * self.scale


_READINGS = (
    _Reading("slo_missed_min_month", "Time in which the SLO is missed, a month", "min", "missed_s", 1 / 60),
    _Reading("failed_month", "Failed predictions a month", "requests", "failed"),
    _Reading("late_month", "Late predictions a month", "requests", "late"),
    _Reading("wrong_month", "Wrong predictions a month", "requests", "wrong"),
    _Reading("lost_month", "Data lost a month", "requests", "lost"),
)
_HOW = (
    "What happens without any fault, scaled to 730 h, and of every fault its rate times the mean of what its "
    "occurrences added to the same traffic."
)
_OF_LOST = " Requests that were taken up and went with the process that held them."


def monthly(happenings: tuple[Happening, ...], usual: Usual, extent: Extent) -> list[RiskFigure]:
    found = []
    for reading in _READINGS:
        without = [reading(month) for month in usual.months]
        how = _HOW + (_OF_LOST if reading.field == "lost" else "")
        mean = expected_month(happenings, without, reading, reading.unit, reading.name)
        found.append(RiskFigure(reading.name, reading.title, reading.unit, mean, how, "simulated"))
    missed = _READINGS[0]
    bad = bad_month(happenings, [missed(month) for month in usual.months], missed, "min", extent.seed)
    how = "Exceeded in one month of twenty: faults drawn at their rates, each as one of its simulated occurrences."
    title = "Time in which the SLO is missed in a bad month"
    return [*found, RiskFigure("slo_missed_min_bad_month", title, "min", bad, how, "simulated")]


def releases(happenings: tuple[Happening, ...], assumed: Assumed) -> list[RiskFigure]:
    struck = next(each for each in happenings if each.name == "bad_model")
    bad_share = assumed["bad_model"]["bad_share"]
    how = (
        f"Simulated releases of a bad version under the candidate's policy, times the share of releases that are bad "
        f"({bad_share:g}, an assumption)."
    )
    found = []
    for field, title in (("failed", "Failed predictions a release"), ("wrong", "Wrong predictions a release")):
        reading = _Reading(f"{field}_release", title, "requests", field, bad_share)
        mean = mean_effect(struck.effects, reading, reading.unit, reading.name)
        found.append(RiskFigure(reading.name, title, reading.unit, mean, how, "simulated"))
    return found


def worst(happenings: tuple[Happening, ...], titles: Mapping[str, str]) -> list[RiskFigure]:
    found = []
    for name, title, unit, field, how in (
        ("blast_radius", "Blast radius", "share", "affected_share", "Largest mean over the kinds of faults: {}. Share "
         "of the requests in the disturbed time that failed or were late; of a bad or stale model, the share of "
         "users or answers that it reached."),
        ("recovery_s", "Recovery time", "s", "recovery_s", "Longest mean over the kinds of faults that no release or "
         "training causes: {}. From the strike to the first request of a calm in which the SLO holds again."),
    ):  # fmt: skip
        reading = _Reading(name, title, unit, field)
        only = [h for h in happenings if field == "affected_share" or h.name not in _MODELS]
        each = {h.name: mean_effect(h.effects, reading, unit, name) for h in only}
        largest = max(each, key=lambda fault: _value(each[fault]))
        text = how.format(titles[largest].lower())
        found.append(RiskFigure(name, title, unit, each[largest], text, "simulated"))
    return found


def structural(subject: Subject, assumed: Assumed, usual: Usual) -> list[RiskFigure]:
    share = availability_of(subject, assumed)
    mean_s, oldest_s = stale_s(subject)
    points = len(single_points(subject))
    return [
        _exact("availability", "Availability of the parts", "share", share, "computed",
               "Units in series, their replicas in parallel, each in its zone; from the assumed rates and durations of "
               "crashes, zones and the broker. One replica of each unit is taken to be enough."),
        _exact("down_min_month", "Downtime of the parts, a month", "min", (1 - share) * MONTH_S / 60, "computed",
               "What availability leaves of 730 h."),
        RiskFigure("answered_share", "Requests answered without faults", "share",
                   within_one(mean_of_runs(usual.answered, "share", name="answered")),
                   "Share of requests that are answered before users give up, when nothing strikes.", "simulated"),
        _exact("staleness_s", "Greatest age of an answer", "s", oldest_s, "computed",
               f"Time between two batch jobs and the job's own duration; on average answers are {mean_s:,.0f} s old. "
               "0 where each answer is computed when it is asked for."),
        _exact("single_points", "Single points of failure", "count", points, "counted",
               "Units of one replica, without which requests end badly, and a broker of one server."),
    ]  # fmt: skip


def countings(items: Counted) -> list[RiskFigure]:
    titles = {name: name.replace("_", " ").capitalize() for name in RUBRIC}
    return [_exact(name, titles[name], "count", items[name], "counted", RUBRIC[name]) for name in RUBRIC]


def losses(happenings: tuple[Happening, ...], usual: Usual, stakes: Stakes, extent: Extent) -> list[RiskFigure]:
    def loss(effect: Effect) -> float:
        return stakes.loss_usd(wrong=effect.wrong, late=effect.late, missing=effect.failed)

    without = [loss(month) for month in usual.months]
    how = "; ".join(f"{f.name.replace('_', ' ')} {getattr(stakes, f.name):g}" for f in fields(stakes))
    mean = expected_month(happenings, without, loss, "USD", "expected loss")
    bad = bad_month(happenings, without, loss, "USD", extent.seed)
    return [
        RiskFigure("expected_loss_usd_month", "Expected loss a month", "USD", mean, f"{_HOW} At {how}.", "simulated"),
        RiskFigure("bad_month_loss_usd", "Loss in a bad month", "USD", bad,
                   f"Exceeded in one month of twenty. At {how}.", "simulated"),
    ]  # fmt: skip


def _exact(name: str, title: str, unit: str, value: float, basis: Basis, how: str) -> RiskFigure:
    return RiskFigure(name, title, unit, Estimate(value, value, value, 1, unit), how, basis)


def fault_figures(each: Happening, cls: type[Fault], values: Mapping[str, float]) -> FaultFigures:
    def mean(field: str, unit: str, scale: float = 1.0) -> Figure:
        return mean_effect(each.effects, _Reading(field, "", unit, field, scale), unit, field)

    return FaultFigures(
        each.name, cls.title, cls.summary, each.per_month, dict(values),
        failed=mean("failed", "requests"), late=mean("late", "requests"), wrong=mean("wrong", "requests"),
        lost=mean("lost", "requests"), missed_min=mean("missed_s", "min", 1 / 60), recovery_s=mean("recovery_s", "s"),
        affected_share=mean("affected_share", "share"),
    )  # fmt: skip


def _value(figure: Figure) -> float:
    return figure.value if isinstance(figure, Estimate) else -1.0
