"""A new version that is quick, never fails and is wrong for a third of the patients, shipped through a live router."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from data.errors import Cancelled as Stopped
from data.estimate import Estimate, Figure
from data.estimates import as_text
from data.estimates.shares import share
from data.provenance import Origin
from data.workloads.poisson import Poisson
from lessons.contract import Cancelled, Control, Experiment, Progress, Settings, Verdict
from lessons.controls import Choice, Number, Option
from lessons.experiments._small_model import small_model
from lessons.language import N_, _
from lessons.record import Guide, Outcome, Plot, Record, Series, exact
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import headline, load_predictor
from strategies.releases.choices import make_policy
from strategies.releases.faults._choosing import make_fault, suited
from strategies.releases.live.held_out import held_out
from strategies.releases.live.release import ReleaseResult, release_live

DURATION_S, RATE_RPS, USERS = 5.0, 120.0, 400
INTERVAL_S, LABELS_S = 0.25, 0.25
"""Between two decisions, and until the truth of an answer is known: hours and days, shortened to fit into a lesson."""
EXPOSURE, EXTRA = 0.05, 0.5
REPLICAS = 4
_HEALTH = ("errors", "latency")
_ANSWERS = ("disagreement", "drift", "quality")


@dataclass(frozen=True, slots=True)
class _Seen:
    """What users got, answer by answer."""

    at_s: NDArray[np.float64]
    by_new: NDArray[np.bool_]
    wrong: NDArray[np.bool_]
    """Answers of the new version that are not the old one's."""


class ContinuousDelivery(Experiment):
    origin: ClassVar[Origin] = "measured"
    controls: ClassVar[tuple[Control, ...]] = (
        Choice(
            "policy", N_("Deployment strategy"),
            (Option("basic", N_("basic: replace it")), Option("canary", N_("canary: a small share first")),
             Option("shadow", N_("shadow: copies only"))),
            "canary",
        ),
        Number(
            "step", N_("Share added at each look"), 2, 50, 2, 10, "%",
            N_("Of a canary: it begins with this share, and gets as much more at each look that it passes."),
        ),
        Choice(
            "watch", N_("What is watched"),
            (Option("health", N_("health: errors and latency")),
             Option("answers", N_("answers too: disagreement, drift, quality"))),
        ),
    )  # fmt: skip

    def run(self, settings: Settings, *, seed: int, progress: Progress, cancelled: Cancelled) -> Record:
        if cancelled():
            raise Stopped("the run was stopped")
        progress(_("preparing the model"), 0.05)
        package = small_model()
        rows, truth = held_out(package)
        predict = load_predictor(package).predict
        latest = [""]
        result = release_live(
            package, make_policy(policy_of(settings)), Poisson(rate_rps=RATE_RPS, duration_s=DURATION_S), rows,
            fault=make_fault("wrong", suited("wrong", rows, predict)), seed=seed, users=USERS, truth=truth,
            label_delay_s=LABELS_S, cancelled=cancelled,
            on_decision=lambda entry: latest.__setitem__(0, str(entry["reason"])),
            on_progress=lambda part: progress(_("releasing"), 0.3 + 0.7 * part, latest[0]),
        )  # fmt: skip
        seen = _seen(result, package, headline(predict(rows), package.manifest.task))
        figures, labels = _figures(result, seen)
        return Record(
            settings=dict(settings), seed=seed, origin=self.origin, figures=figures, labels=labels,
            plot=_plot(seen, result), outcome=Outcome(_direction(result), "wrong"),
            provenance=_("Measured: two servers and a router on this machine, {n:,} requests of {users} users in "
                         "{duration:.0f} s, seed {seed}").format(
                n=len(seen.at_s), users=USERS, duration=DURATION_S, seed=seed),
            notes=tuple(result.trace.provenance.problems), facts=_facts(result),
            tables={_("Decisions"): _decisions(result.log)},
        )  # fmt: skip

    def check(self, record: Record) -> Verdict:
        wrong, extra = record.figures["wrong_share"], record.figures["extra"]
        assert isinstance(wrong, Estimate)
        assert isinstance(extra, Estimate)
        verdict, leaked = str(record.facts["verdict"]), int(record.facts["leaked"])
        measured = _("{verdict}; wrong answers: {wrong}; extra servers at the peak: {extra}; copies seen by users: {n}")
        required = _(
            "roll back; at most {exposure:.0%} of answers wrong; at most {extra:.0%} more servers; no copy seen"
        )
        said = (
            measured.format(verdict=verdict, wrong=as_text(wrong), extra=as_text(extra, interval=False), n=leaked),
            required.format(exposure=EXPOSURE, extra=EXTRA),
        )
        if verdict != "roll back":
            why = _("The new version was not found out: {reason}. Ask what the signals you watch can tell you.")
            return Verdict(False, *said, why.format(reason=record.facts["reason"]))
        if leaked:
            return Verdict(False, *said, _("An answer of a copy reached a user, which a shadow must never let happen."))
        if extra.value > EXTRA:
            why = _("It was found out without harm, with as many servers again. That is more than there is money for.")
            return Verdict(False, *said, why)
        if wrong.value > EXPOSURE:
            why = _("It was found out too late. Give it less in the beginning, or watch what shows the fault sooner.")
            return Verdict(False, *said, why)
        why = _("Few users met it, it was judged by its answers, and it went before it had half of the traffic.")
        return Verdict(True, *said, why)

    def solve(self, seed: int) -> Settings:  # noqa: ARG002
        return {**self.setup(), "policy": "canary", "step": 2, "watch": "answers"}


def policy_of(settings: Settings) -> dict[str, Any]:
    """The policy as `strategies.releases.choices.make_policy` reads it."""
    name = str(settings["policy"])
    if name == "basic":
        return {"policy": name, "settings": {"interval_s": INTERVAL_S, "replicas": REPLICAS}}
    own = {"step": float(settings["step"]) / 100} if name == "canary" else {"least_s": DURATION_S / 2}
    signals = _HEALTH + (_ANSWERS if settings["watch"] == "answers" else ())
    return {
        "policy": name, "settings": {"interval_s": INTERVAL_S, "deadline_s": 60.0, **own},
        "judge": "always_valid", "judge_settings": {"signals": list(signals), "harm": 0.3, "slower": 0.9},
    }  # fmt: skip


def _seen(result: ReleaseResult, package: ModelPackage, old: NDArray[np.float64]) -> _Seen:
    trace, limit = result.trace, package.manifest.threshold
    new = trace.versions.index(result.fault["version"]) if result.fault["version"] in trace.versions else -2
    by_new = trace.ok & (trace.version == new)
    differs = (trace.answer >= limit) != (old[trace.row] >= limit)
    return _Seen(trace.scheduled_s, by_new, by_new & differs)


def _direction(result: ReleaseResult) -> int:
    """Which option came true: rolled back within a second, rolled back later, promoted, no verdict."""
    outcome = result.outcome
    if outcome.verdict == "roll back":
        return 0 if (outcome.verdict_s or 0.0) <= 1.0 else 1
    return 2 if outcome.verdict == "promote" else 3


def _figures(result: ReleaseResult, seen: _Seen) -> tuple[Mapping[str, Figure], Mapping[str, str]]:
    n, wrong, served = len(seen.at_s), int(seen.wrong.sum()), int(seen.by_new.sum())
    trace = result.trace
    errors, late = int((~trace.ok).sum()), float(np.median(trace.latency_s[trace.ok]) * 1e3) if trace.ok.any() else 0.0
    figures: dict[str, Figure] = {
        "wrong": exact(wrong, _("answers"), n),
        "wrong_share": share(wrong, n),
        "served": exact(served, _("answers"), n),
        "touched": exact(result.outcome.users_touched, _("users"), USERS),
        "copies": exact(result.totals["mirrored"], _("copies"), n),
        "extra": exact(_extra(result), "share"),
        "errors": exact(errors, _("errors"), n),
        "median": exact(late, "ms", n),
    }
    labels = {
        "wrong": _("wrong answers that users got from v2"),
        "wrong_share": _("of all answers"),
        "served": _("answers by v2"),
        "touched": _("users who met v2"),
        "copies": _("copies that v2 answered for nobody"),
        "extra": _("servers beyond v1's, at the peak"),
        "errors": _("requests that failed"),
        "median": _("median latency"),
    }
    return figures, labels


def _extra(result: ReleaseResult) -> float:
    """What the release takes beyond the old version's servers while it goes on, as a share of them."""
    if result.policy["policy"] == "basic":
        return 1 / REPLICAS
    going_on = [entry for entry in result.log if entry["verdict"] == "hold"]
    return max((max(entry["canary"], entry["mirrored"]) for entry in going_on), default=0.0)


def _facts(result: ReleaseResult) -> Mapping[str, Any]:
    outcome, shadow = result.outcome, result.policy["policy"] == "shadow"
    after = _("after {s:.2f} s").format(s=outcome.verdict_s) if outcome.verdict_s is not None else _("at no time")
    return {
        "verdict": outcome.verdict,
        "after": after,
        "reason": result.log[-1]["reason"],
        "looks": str(len(result.log)),
        "leaked": outcome.served_new if shadow else 0,
        "strategy": result.policy["policy"],
    }


def _decisions(log: Sequence[Mapping[str, Any]]) -> list[dict[str, str | float]]:
    changed = [entry for i, entry in enumerate(log) if not i or entry["reason"] != log[i - 1]["reason"]]
    return [
        {_("after, s"): round(entry["now_s"], 2), _("users to v2"): f"{entry['canary']:.0%}",
         _("copies to v2"): f"{entry['mirrored']:.0%}", _("why"): entry["reason"]}
        for entry in changed
    ]  # fmt: skip


def _plot(seen: _Seen, result: ReleaseResult) -> Plot:
    at_s = np.linspace(0, DURATION_S, 101)
    series = tuple(
        Series(name, at_s.round(3).tolist(), np.searchsorted(np.sort(seen.at_s[mask]), at_s, side="right").tolist(),
               drawn="steps")
        for name, mask in ((_("answers by v2"), seen.by_new), (_("of these wrong"), seen.wrong))
    )  # fmt: skip
    guides = [Guide(_("exposure limit"), y=EXPOSURE * len(seen.at_s))]
    if result.outcome.verdict_s is not None:
        guides.append(Guide(result.outcome.verdict, x=result.outcome.verdict_s))
    alt = _(
        "Answers that users had from the new version, added up over {duration:.0f} seconds, and those of them that "
        "were wrong: {served:,} and {wrong:,} in the end. Verdict: {verdict}."
    ).format(
        duration=DURATION_S, served=int(seen.by_new.sum()), wrong=int(seen.wrong.sum()), verdict=result.outcome.verdict
    )
    return Plot(
        _("Seconds since the release began"), _("Answers so far"), series, alt, guides=tuple(guides),
        predicts="y", predicted_at=DURATION_S,
    )  # fmt: skip
