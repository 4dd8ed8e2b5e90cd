"""A model that says which flights will be late: fed from a feature store, watched for drift, trained anew."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from data.errors import Cancelled as Stopped
from data.estimate import Estimate, Figure
from data.estimates import as_text
from data.estimates.shares import share
from data.provenance import Origin
from lessons.contract import Cancelled, Control, Experiment, Progress, Settings, Verdict
from lessons.controls import Choice, Number, Option
from lessons.experiments._late_flights import RECENT, Flights, fit, hourly_delays, late_flights, probability
from lessons.experiments._watching_weeks import LABELS_AFTER_D, REFERENCE, SAMPLE_AFTER_D, SAMPLED, Watch, Weeks, watch
from lessons.language import N_, _
from lessons.record import Guide, Outcome, Plot, Record, Series, exact
from strategies.features import FeatureStore, Skew, skew

NEW_YEAR = date(2013, 1, 1)
DEADLINE_D = 151
"""The first of June."""
JUDGED = (13, 17)
"""Weeks of April, on which the team judged its model before the launch."""
SUMMER = (22, 33)
TRAINED_ROWS, AGAIN_WEEKS = 15_000, 6
MODEL = "late-flights"
MOST_FALSE = 1


@dataclass(frozen=True, slots=True, eq=False)
class _Live:
    """The model in service."""

    model: Any
    x: NDArray[np.float64]
    """What it is asked with, for all flights."""
    offline: Estimate
    """How well it ranks April's flights with the features that it was trained on …"""
    live: Estimate
    """… and with those that were served."""
    skew: Skew


class AutomationAndScaling(Experiment):
    origin: ClassVar[Origin] = "measured"
    controls: ClassVar[tuple[Control, ...]] = (
        Choice(
            "join", N_("Training features"),
            (Option("day", N_("the day's average, joined by date")),
             Option("then", N_("as known then, joined point in time"))),
            help=N_("How each past flight gets its 'recent delays at the airport'."),
        ),
        Choice(
            "watch", N_("The monitor watches"),
            (Option("inputs", N_("an input: the temperature")), Option("answers", N_("the model's answers")),
             Option("labels", N_("all outcomes, known after 60 days")),
             Option("sample", N_("the outcomes of 600 flights a week, known after 7 days"))),
            "answers",
        ),
        Number(
            "limit", N_("Difference that raises the alarm"), 0.02, 0.3, 0.01, 0.05, "",
            N_("Of inputs and answers the largest distance between two distribution functions; of outcomes the "
               "difference between the late share and what the model promised."),
        ),
    )  # fmt: skip

    def run(self, settings: Settings, *, seed: int, progress: Progress, cancelled: Cancelled) -> Record:
        def step(share_done: float, text: str) -> None:
            if cancelled():
                raise Stopped("the run was stopped")
            progress(_("working"), share_done, text)

        step(0.0, _("reading the flights"))
        flights = late_flights()
        limit = float(settings["limit"])
        with tempfile.TemporaryDirectory(prefix="drydock-features-", ignore_cleanup_errors=True) as folder:
            step(0.3, _("filling the feature store, training, asking it hour by hour"))
            live = _launch(flights, str(settings["join"]), Path(folder), seed)
            step(0.6, _("watching week by week"))
            answers = probability(live.model, live.x)
            signal: Watch = settings["watch"]  # type: ignore[assignment]
            weeks = watch(flights, answers, signal, SUMMER[1], seed)
            step(0.7, _("training anew, and entering it in the registry, which is made the first time"))
            again = _train_again(flights, live, weeks, signal, limit, seed, Path(folder))
        figures, labels = _figures(flights, live, weeks, limit, answers, again)
        return Record(
            settings=dict(settings), seed=seed, origin=self.origin, figures=figures, labels=labels,
            plot=_plot(flights, live, weeks, limit, answers), outcome=Outcome(_direction(live), "auc_live"),
            provenance=_("Measured: {n:,} flights of 2013, trained on {trained:,} of January to March, seed {seed}")
            .format(n=len(flights.week), trained=TRAINED_ROWS, seed=seed),
            facts=_facts(live, weeks, limit, again), tables={_("Weeks until the deadline"): _table(weeks, limit)},
        )  # fmt: skip

    def check(self, record: Record) -> Verdict:
        found, false = record.facts["found_day"], record.figures["false_alarms"]
        differ = record.figures["differ"]
        assert isinstance(false, Estimate)
        measured = _("served otherwise than trained: {differ}; first right alarm: {found}; false alarms: {false:.0f}")
        required = _("none served otherwise; a right alarm by {deadline}; at most {most} false alarm").format(
            deadline=_day(DEADLINE_D), most=MOST_FALSE
        )
        said = measured.format(
            differ=as_text(differ, interval=False), found=_day(found) if found else _("none in time"), false=false.value
        )
        if not isinstance(differ, Estimate) or differ.value > 0:
            why = _("The model learned from features that nobody has when it is asked. Mend the join first.")
        elif false.value > MOST_FALSE:
            why = _("Alarms rang in weeks in which the model kept what it promised. Raise the limit, or watch another "
                    "signal: what changes with the season is not what makes the model wrong.")  # fmt: skip
        elif not found:
            why = _("No alarm rang in time in a week in which the model was off. Ask which signal can show it at all, "
                    "and how long it takes to be known.")  # fmt: skip
        else:
            why = _("Training and serving agree, and a few outcomes a week, known soon, told what inputs could not.")
            return Verdict(True, said, required, why)
        return Verdict(False, said, required, why)

    def solve(self, seed: int) -> Settings:  # noqa: ARG002
        return {"join": "then", "watch": "sample", "limit": 0.08}


def _launch(flights: Flights, join: str, folder: Path, seed: int) -> _Live:
    """Train on the first weeks, and ask through the online store as in April."""
    store = FeatureStore(folder)
    store.add(RECENT, hourly_delays(flights.table))
    then = store.at(RECENT, flights.table, "scheduled_departure")["recent_delay_min"].to_numpy(np.float64)
    trained = flights.of_day if join == "day" else then
    rows = _drawn(np.flatnonzero(flights.week < REFERENCE), TRAINED_ROWS, seed)
    x = flights.matrix(trained)
    model = fit(x[rows], flights.late[rows])
    april = np.flatnonzero((flights.week >= JUDGED[0]) & (flights.week < JUDGED[1]))
    served = _served(store, flights, april)
    asked = then.copy()
    asked[april] = served
    live_x = flights.matrix(asked)
    late = flights.late[april]
    return _Live(
        model, live_x, ranking(late, probability(model, x[april])), ranking(late, probability(model, live_x[april])),
        skew(trained[april], served),
    )  # fmt: skip


def _served(store: FeatureStore, flights: Flights, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """What the online store answers each of these flights, filled anew on every hour."""
    table = flights.table.iloc[rows]
    found = np.empty(len(rows))
    hours = table["scheduled_departure"].dt.floor("h")
    for hour in hours.unique():
        now, places = hour.to_pydatetime(), np.flatnonzero(hours == hour)
        store.materialise(RECENT, now)
        at_hour = store.read(RECENT, ("EWR", "JFK", "LGA"), now)
        found[places] = [at_hour[origin][0] for origin in table["origin"].iloc[places]]
    return found


def _train_again(
    flights: Flights, live: _Live, weeks: Weeks, signal: Watch, limit: float, seed: int, folder: Path
) -> float | None:
    """At the first alarm after the launch: train on the newest outcomes that are known, and let that version serve.

    Returns the difference between promise and outcome in the summer with it; None where no alarm rang.
    """
    from strategies.packaging.skops_files import load_skops, save_skops
    from strategies.training.registry import register, serve, serving

    def entered(model: Any, until: int) -> None:
        file = folder / f"until-week-{until}.skops"
        save_skops(model, file)
        made = register(MODEL, file, metrics={}, tags={"trained_until_week": str(until)})
        serve(MODEL, made.version)

    ringing = weeks.alarms(limit)
    ringing[:REFERENCE] = False
    if not ringing.any():
        return None
    entered(live.model, REFERENCE)
    day = int(weeks.known_day[int(np.argmax(ringing))])
    until = (day - (SAMPLE_AFTER_D if signal == "sample" else LABELS_AFTER_D)) // 7
    rows = np.flatnonzero((flights.week < until) & (flights.week >= until - AGAIN_WEEKS))
    rows = _drawn(rows, SAMPLED * AGAIN_WEEKS if signal == "sample" else TRAINED_ROWS, seed)
    entered(fit(live.x[rows], flights.late[rows]), until)
    return _off_in_summer(flights, probability(load_skops(serving(MODEL).file), live.x))


def _off_in_summer(flights: Flights, answers: NDArray[np.float64]) -> float:
    summer = (flights.week >= SUMMER[0]) & (flights.week < SUMMER[1])
    return abs(float(np.mean(flights.late[summer] - answers[summer])))


def _drawn(rows: NDArray[np.int64], most: int, seed: int) -> NDArray[np.int64]:
    return np.sort(np.random.default_rng([seed, 3]).choice(rows, min(most, len(rows)), replace=False))


def ranking(late: NDArray[np.int64], answers: NDArray[np.float64]) -> Estimate:
    """Of pairs of a late and a punctual flight, the share in which the late one has the higher answer: the AUC.

    Interval: J. A. Hanley and B. J. McNeil (1982), Radiology 143.
    """
    from scipy.stats import rankdata

    n1 = int(late.sum())
    n0 = len(late) - n1
    a = float((rankdata(answers)[late == 1].sum() - n1 * (n1 + 1) / 2) / (n1 * n0))
    both = (n1 - 1) * (a / (2 - a) - a**2) + (n0 - 1) * (2 * a**2 / (1 + a) - a**2)
    half = 1.96 * float(np.sqrt((a * (1 - a) + both) / (n1 * n0)))
    return Estimate(a, a - half, a + half, len(late), "share")


def _direction(live: _Live) -> int:
    """Which option came true: higher, the same within half a point, lower by up to two points, lower by more."""
    change = live.live.value - live.offline.value
    return 0 if change > 0.005 else 1 if change >= -0.005 else 2 if change >= -0.02 else 3


def _figures(
    flights: Flights, live: _Live, weeks: Weeks, limit: float, answers: NDArray[np.float64], again: float | None
) -> tuple[Mapping[str, Figure], Mapping[str, str]]:
    right = weeks.first(limit, DEADLINE_D)
    summer = int(((flights.week >= SUMMER[0]) & (flights.week < SUMMER[1])).sum())
    share_of = partial(exact, unit="share", n=summer)
    figures: dict[str, Figure] = {
        "auc_live": live.live,
        "auc_offline": live.offline,
        "differ": share(live.skew.differ, live.skew.n),
        "distance": exact(live.skew.mean_abs, "min", live.skew.n),
        "false_alarms": exact(weeks.false(limit, DEADLINE_D), _("false alarms"), int((weeks.known_day <= 151).sum())),
    }
    labels = {
        "auc_live": _("live: late flight ranked above punctual one"),
        "auc_offline": _("the same, as judged before the launch"),
        "differ": _("feature values served otherwise than trained"),
        "distance": _("by how much, on average"),
        "false_alarms": _("until the first of June"),
    }
    if right is not None:
        figures["in_time"] = exact(DEADLINE_D - int(weeks.known_day[right]), _("days before the deadline"))
        labels["in_time"] = _("first right alarm")
    figures["summer"] = share_of(_off_in_summer(flights, answers))
    labels["summer"] = _("promise and outcome apart in the summer")
    if again is not None:
        figures["summer_again"] = share_of(again)
        labels["summer_again"] = _("the same, with the model trained anew")
    return figures, labels


def _facts(live: _Live, weeks: Weeks, limit: float, again: float | None) -> Mapping[str, Any]:
    right = weeks.first(limit, DEADLINE_D)
    rang = int((weeks.alarms(limit) & (weeks.known_day <= DEADLINE_D)).sum())
    return {
        "found_day": None if right is None else int(weeks.known_day[right]),
        "rang": str(rang),
        "lost": f"{(live.offline.value - live.live.value) * 100:.1f}",
        "retrained": _("retrained") if again is not None else _("never retrained, as no alarm rang"),
    }


def _table(weeks: Weeks, limit: float) -> list[dict[str, str | float]]:
    alarms = weeks.alarms(limit)
    said = {(True, True): _("alarm, rightly"), (True, False): _("false alarm"), (False, True): _("missed"),
            (False, False): ""}  # fmt: skip
    return [
        {_("week from"): _day(7 * week), _("seen"): round(float(weeks.seen[week]), 3),
         _("known on"): _day(int(weeks.known_day[week])),
         _("late less promised, in hindsight"): f"{weeks.gap[week]:+.1%}",
         _("so"): said[bool(alarms[week]), bool(weeks.off[week])]}
        for week in range(DEADLINE_D // 7)
    ]  # fmt: skip


def _plot(flights: Flights, live: _Live, weeks: Weeks, limit: float, answers: NDArray[np.float64]) -> Plot:
    shown = list(range(REFERENCE, SUMMER[1]))
    each = [ranking(flights.late[flights.week == week], answers[flights.week == week]) for week in shown]
    live_line = Series(
        _("live: late ranked above punctual"), shown, [100 * one.value for one in each],
        [100 * one.low for one in each], [100 * one.high for one in each],
    )  # fmt: skip
    before = 100 * live.offline.value
    judged = Series(_("as judged before the launch"), [shown[0], shown[-1]], [before, before])
    seen = Series(_("difference the monitor sees"), shown, [100 * float(weeks.seen[week]) for week in shown])
    alt = _(
        "By week from April to August, in percent: how well the live model ranks flights, around {live:.0f}, beside "
        "the {offline:.0f} it was judged by; and the difference that the monitor sees, with the limit at {limit:.0f}."
    ).format(live=100 * live.live.value, offline=100 * live.offline.value, limit=100 * limit)
    return Plot(
        _("Week of 2013"), _("Percent"), (live_line, judged, seen), alt,
        guides=(Guide(_("limit"), y=100 * limit),
                Guide(_("deadline"), x=DEADLINE_D / 7)),
    )  # fmt: skip


def _day(day: int) -> str:
    found = NEW_YEAR + timedelta(days=day)
    return f"{found.day} {found:%B}"
