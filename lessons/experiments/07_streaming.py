"""A model published as data: a stream through a burst, a killed consumer and a new model; and the four patterns."""

import statistics
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from data.errors import Cancelled as Stopped
from data.estimate import Estimate, Figure, TooFew
from data.estimates import as_text
from data.estimates.text import digits
from data.provenance import Origin
from lessons.contract import Cancelled, Control, Experiment, Progress, Settings, Verdict
from lessons.controls import Number, Switch
from lessons.experiments._patterns import TIMEOUT_S, Pattern, deployed, observe
from lessons.experiments._small_model import small_model
from lessons.experiments._stream_trial import BURST_S, RATE_RPS, Trial, strain
from lessons.language import N_, _
from lessons.record import Guide, Outcome, Plot, Record, Series, exact
from strategies.contract import Limits
from strategies.streams.deployment import StreamingDeployment
from strategies.survey.again import published_again
from strategies.training.format_job import rows_for

BURST = 3_000
MOST_QUEUED, LONGEST_S = 5_000, 30.0
"""The budget of what the broker may keep, and the SLO on how long an answer may take."""
PATTERNS = ("embedded", "api", "streaming", "batch")
_POINTS = 300


@dataclass(frozen=True, slots=True)
class _Found:
    trial: Trial
    streaming: Pattern
    others: Mapping[str, Pattern]
    """Empty unless the table was asked for."""


class Streaming(Experiment):
    origin: ClassVar[Origin] = "measured"
    controls: ClassVar[tuple[Control, ...]] = (
        Number(
            "queue", N_("Requests that may wait"), 1_000, 10_000, 1_000, 1_000, "",
            N_("The broker refuses more; the budget allows 5,000."),
        ),
        Number("consumers", N_("Consumers"), 1, 2, 1, 1, "", N_("Processes that answer; the first of them is killed.")),
        Switch(
            "table", N_("Run the other three patterns too"), False,
            N_("Fills the table of the four patterns; takes some ten seconds more."),
        ),
    )  # fmt: skip

    def run(self, settings: Settings, *, seed: int, progress: Progress, cancelled: Cancelled) -> Record:
        def stop() -> None:
            if cancelled():
                raise Stopped("the run was stopped")

        stop()
        progress(_("starting the broker and its consumers"), 0.0)
        with tempfile.TemporaryDirectory(prefix="drydock-lesson-") as folder:
            found = _found(settings, Path(folder), seed, progress, stop)
        progress(_("done"), 1.0)
        figures = _figures(found)
        return Record(
            settings=dict(settings), seed=seed, origin=self.origin, figures=figures, labels=_labels(),
            plot=_plot(found.trial), outcome=Outcome(_direction(found.trial), "unanswered"),
            provenance=_("Measured: NATS JetStream on this machine, {n:,} requests, {rate:.0f} a second and {burst:,} "
                         "at once").format(n=len(found.trial.sent_s), rate=RATE_RPS, burst=BURST),
            facts=_facts(found), tables={_("The four patterns: the slide, and this machine"): _table(found)},
        )  # fmt: skip

    def check(self, record: Record) -> Verdict:
        unanswered, longest = record.figures["unanswered"], record.figures["longest"]
        assert isinstance(unanswered, Estimate)
        assert isinstance(longest, Estimate)
        measured = _("{unanswered} without an answer, longest wait {longest}; {filled} of 4 patterns run").format(
            unanswered=as_text(unanswered, interval=False), longest=as_text(longest, interval=False),
            filled=record.facts["filled"],
        )  # fmt: skip
        required = _("none; {longest:.0f} s; at most {most:,} may wait at the broker; the table of all four").format(
            longest=LONGEST_S, most=MOST_QUEUED
        )
        passed, why = _why(record, unanswered.value, longest.value)
        return Verdict(passed, measured, required, why)

    def solve(self, seed: int) -> Settings:  # noqa: ARG002 - it does not depend on the rows
        return {**self.setup(), "queue": MOST_QUEUED, "table": True}


def _why(record: Record, unanswered: float, longest_s: float) -> tuple[bool, str]:
    if unanswered:
        return False, _("The broker refused what it had no room for. The killed consumer lost nothing; the burst did.")
    if record.facts["twice"]:
        return False, _(
            "Some requests were answered twice. Run it again, and tell your instructor: this must not happen."
        )
    if not record.facts["drained"] or longest_s > LONGEST_S:
        return False, _("Everything was kept, and some answers came too late. More consumers drain the queue sooner.")
    if int(record.settings["queue"]) > MOST_QUEUED:
        return False, _("Nothing was lost, with more room than the budget has. How much did the burst need?")
    if record.facts["filled"] < len(PATTERNS):
        return False, _("The stream holds. Now run the other patterns, so that every cell of the table has its figure.")
    return True, _(
        "What waits is stored, so a killed consumer only delays it; and the room was large enough for the burst."
    )


def _found(settings: Settings, folder: Path, seed: int, progress: Progress, stop: Callable[[], None]) -> _Found:
    package = small_model()
    newer, rows = published_again(package, folder), rows_for(package)
    rows = rows[np.random.default_rng(seed).permutation(len(rows))]
    limits = Limits(
        workers=int(settings["consumers"]), timeout_s=TIMEOUT_S,
        settings={"queue_messages": int(settings["queue"]), "ack_wait_s": 0.5},
    )  # fmt: skip
    with deployed("streaming", package, rows, limits) as (deployment, census):
        assert isinstance(deployment, StreamingDeployment)
        progress(_("burst, outage, new model"), 0.2)
        trial = strain(deployment, newer, len(rows), BURST, stop)
        parts = census.parts()
    calm = [waited_s for i, waited_s in trial.waited_s.items() if trial.sent_s[i] < BURST_S and i not in trial.failed]
    streaming = Pattern(parts, True, statistics.median(calm) * 1e3, trial.served_s)
    others: dict[str, Pattern] = {}
    for place, name in enumerate(one for one in PATTERNS if one != "streaming" and settings["table"]):
        progress(_("running {name}").format(name=name), 0.6 + 0.1 * place)
        others[name] = observe(name, package, newer, rows, stop)
    return _Found(trial, streaming, others)


def _figures(found: _Found) -> dict[str, Figure]:
    trial, n = found.trial, len(found.trial.sent_s)
    recovered_s = trial.recovered_s
    assert trial.facts is not None
    return {
        "unanswered": exact(len(trial.lost), _("requests"), n),
        "in_burst": exact(sum(_period(trial, i) == 1 for i in trial.lost), _("requests"), n),
        "in_outage": exact(sum(_period(trial, i) == 0 for i in trial.lost), _("requests"), n),
        "in_swap": exact(sum(_period(trial, i) == 2 for i in trial.lost), _("requests"), n),
        "longest": exact(trial.longest_s, "s", n),
        "recovered": TooFew("recovery", 0, 1) if recovered_s is None else exact(recovered_s, "s"),
        "staleness": exact(trial.served_s, "s"),
        "redelivered": exact(trial.facts.tally.redelivered, _("requests"), n),
    }


def _labels() -> dict[str, str]:
    return {
        "unanswered": _("without an answer"),
        "in_burst": _("of these, sent in the burst"),
        "in_outage": _("of these, sent after the consumer was killed"),
        "longest": _("longest wait for an answer"),
        "recovered": _("from the killing until the stream had caught up"),
        "staleness": _("from publishing the new model until it served"),
        "redelivered": _("taken up by a second consumer"),
    }


def _period(trial: Trial, request: int) -> int:
    """When it was sent: in the outage (0), before it with the burst (1), or once the new model was published (2)."""
    at_s = trial.sent_s[request]
    return 1 if at_s < trial.killed_s else 0 if at_s < trial.published_s else 2


def _direction(trial: Trial) -> int:
    """When most of those without an answer were sent, as `_period` has it; 3 where all were answered."""
    if not trial.lost:
        return 3
    periods = [_period(trial, request) for request in trial.lost]
    return max(range(3), key=periods.count)


def _facts(found: _Found) -> dict[str, Any]:
    trial = found.trial
    assert trial.facts is not None
    old, new = (trial.facts.publications[0].version, trial.facts.publications[-1].version)
    return {
        "filled": 1 + len(found.others),
        "twice": trial.twice,
        "drained": trial.recovered_s is not None,
        "restarts": trial.facts.restarts,
        "by_old": f"{trial.versions[old]:,}",
        "by_new": f"{trial.versions[new]:,}",
        "requests": f"{len(trial.sent_s):,}",
    }


_SLIDE: Mapping[str, tuple[str, str, str, str, str]] = {
    "embedded": (N_("on the fly"), N_("within the app's process"), N_("low"), N_("so so"), N_("yes")),
    "api": (N_("on the fly"), N_("via API"), N_("moderate"), N_("easy"), N_("yes (of the model service)")),
    "streaming": (
        N_("on the fly"), N_("streaming via message queue"), N_("depends"), N_("very hard"), N_("no"),
    ),
    "batch": (N_("batch, offline"), N_("shared database, API, file"), N_("hours, days"), N_("so so"), N_("yes")),
}  # fmt: skip
_ROWS = (
    N_("prediction"), N_("delivery of the result"), N_("latency for prediction"), N_("management difficulty"),
    N_("model update requires deployment?"),
)  # fmt: skip
_TITLES = {"embedded": N_("1 embedded"), "api": N_("2 API"), "streaming": N_("3 streaming"), "batch": N_("4 offline")}


def _table(found: _Found) -> list[dict[str, str | float]]:
    """Two lines for each row of the slide: what it says, and what was found."""
    patterns = {**found.others, "streaming": found.streaming}
    lines: list[dict[str, str | float]] = []
    for place, row in enumerate(_ROWS):
        lines.append({_("row"): _(row), **{_(_TITLES[name]): _(_SLIDE[name][place]) for name in PATTERNS}})
        seen = {_(_TITLES[name]): _seen(patterns[name])[place] if name in patterns else "–" for name in PATTERNS}
        lines.append({_("row"): _("found here"), **seen})
    return lines


def _seen(pattern: Pattern) -> tuple[str, str, str, str, str]:
    parts = pattern.parts
    delivery = (
        _("through {n} broker, {s} stores").format(n=parts.brokers, s=len(parts.stores)) if parts.brokers
        else _("through {n} port").format(n=parts.ports) if parts.ports
        else _("through {n} folder of files").format(n=len(parts.stores)) if parts.stores
        else _("a function's return value")
    )  # fmt: skip
    return (
        _("one by one") if pattern.on_the_fly else _("in a job over all that waits"),
        delivery,
        (_("{ms} ms") if pattern.on_the_fly else _("{ms} ms, and the wait for a job")).format(
            ms=digits(pattern.latency_ms)),
        _("{n} things to run").format(n=pattern.managed),
        _("yes: released with the app") if pattern.update_s is None
        else _("no: answers after {s} s").format(s=digits(pattern.update_s)),
    )  # fmt: skip


def _plot(trial: Trial) -> Plot:
    every = max(1, len(trial.lag) // _POINTS)
    shown = trial.lag[::every] if trial.lag[-1] in trial.lag[::every] else [*trial.lag[::every], trial.lag[-1]]
    times = [at_s for at_s, _waiting, _lost in shown]
    waiting = [float(count) for _at_s, count, _lost in shown]
    lost = [float(count) for _at_s, _waiting, count in shown]
    alt = _(
        "Requests over {length:.0f} seconds. Those waiting rise to {peak:,.0f} in the burst and to {outage:,.0f} after "
        "the consumer is killed, and fall to {last:.0f}. Those without an answer reach {lost:,.0f}."
    ).format(
        length=times[-1], peak=max(waiting), last=waiting[-1], lost=lost[-1],
        outage=max((count for at_s, count, _lost in trial.lag if at_s >= trial.killed_s), default=0),
    )  # fmt: skip
    return Plot(
        _("Seconds since the first request"), _("Requests"),
        (Series(_("waiting"), times, waiting, drawn="steps"),
         Series(_("without an answer so far"), times, lost, drawn="steps")),
        alt,
        guides=(Guide(_("burst"), x=BURST_S), Guide(_("killed"), x=trial.killed_s),
                Guide(_("new model"), x=trial.published_s)),
        predicts="y",
    )  # fmt: skip
