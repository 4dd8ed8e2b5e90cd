"""A release ships a model that is worse, and the release policy stands between it and the users."""

from collections.abc import Mapping
from typing import ClassVar

from data.discovery import kind
from simulators.architectures.contract import Setting
from simulators.releases import Traffic, World, simulate_releases
from simulators.risk.effects import Effect
from simulators.risk.faults.contract import Extent, Fault
from simulators.risk.subject import Subject, stale_s
from strategies.contract import Strategy
from strategies.releases.choices import make_policy

_USERS = 10_000


def _taking_back_s(subject: Subject, redeploy_s: float) -> float:
    """From the decision to take a version back until no answer comes from it any more."""
    if kind("strategies", Strategy, subject.strategy).update_needs_deployment:  # type: ignore[type-abstract]
        return redeploy_s
    _, oldest_s = stale_s(subject)
    return oldest_s  # answers computed beforehand are those of the last job


class BadModel(Fault):
    title = "Bad model"
    summary = (
        "A release whose model fails some requests and answers some wrongly. The candidate's release policy runs in "
        "many simulated releases; a bad version that it lets through serves everybody until somebody notices and has "
        "taken it back: at once where a server or consumers swap it, with the next job for a batch, and with another "
        "release of the application for an embedded model."
    )
    settings: ClassVar[Mapping[str, Setting]] = {
        "releases_per_month": Setting(4.0, 0.0, 10_000.0, "Releases in a month"),
        "bad_share": Setting(0.1, 0.0, 1.0, "Share of releases that ship a bad version; an assumption"),
        "wrong_share": Setting(0.05, 0.0, 1.0, "Share of a bad version's answers that are wrong; an assumption"),
        "error_share": Setting(0.02, 0.0, 1.0, "Share of a bad version's requests that fail; an assumption"),
        "noticed_s": Setting(14_400.0, 0.0, 2_592_000.0, "Seconds until people notice one that was let through"),
        "redeploy_s": Setting(1_800.0, 0.0, 2_592_000.0, "Seconds that an application's release takes; an assumption"),
    }

    def per_month(self, subject: Subject, values: Mapping[str, float]) -> float:
        del subject
        return values["releases_per_month"] * values["bad_share"]

    def occurrences(self, subject: Subject, values: Mapping[str, float], extent: Extent) -> tuple[Effect, ...]:
        bad = World.same(users=_USERS).with_fault(errors=values["error_share"], wrong=values["wrong_share"])
        policy = make_policy({"policy": subject.release})
        outcomes = simulate_releases(
            policy, bad, Traffic(subject.rate_rps), releases=extent.runs, seed=extent.seed, cancelled=extent.cancelled
        )
        lasts_s = values["noticed_s"] + _taking_back_s(subject, values["redeploy_s"])
        found = []
        for outcome in outcomes:
            through = outcome.verdict == "promote"
            more = subject.rate_rps * lasts_s if through else 0.0
            until_s = (outcome.verdict_s or 0.0) + (lasts_s if through else 0.0)
            touched = 1.0 if through else outcome.users_touched / _USERS  # of the users, not of the requests
            missed = values["error_share"] > subject.slo.max_error_share and through
            found.append(
                Effect(
                    failed=outcome.failed + outcome.dropped + more * values["error_share"],
                    wrong=outcome.wrong + more * (1 - values["error_share"]) * values["wrong_share"],
                    missed_s=until_s if missed else 0.0,
                    recovery_s=until_s,
                    affected_share=touched,
                )
            )
        return tuple(found)
