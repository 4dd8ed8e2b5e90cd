"""Starting releases: live ones, simulated ones, and the view of their power."""

from collections.abc import Callable
from typing import Any

from dashboard.parts.address import note
from dashboard.releasing.plan import PAGE, Plan
from dashboard.work import owner, start
from strategies.jobs import JobState
from strategies.releases.choices import policies
from strategies.releases.live.job import RELEASE, RELEASES
from strategies.releases.outcome.keeping import forget_course, new_id

SIMULATE, POWER = "simulators.releases.job:run_simulated", "simulators.releases.job:run_power"
COMPARED = ("basic", "shadow", "canary", "blue_green", "ab")
"""Policies that stand side by side."""


def release_live(plan: Plan) -> None:
    """Queue one live release; the address remembers it."""
    payload = _live(plan, plan.policy)
    title = f"{policies()[plan.policy].title} of {plan.package.manifest.name}"
    _begin("live", start(RELEASE, payload, lane="measure", title=title, on_end=_tidy(payload["id"])), payload["id"])


def release_all_live(plan: Plan) -> None:
    """Queue a live release under every policy, one after the other."""
    payloads = [_live(plan, policy) for policy in COMPARED if plan.problem_of(policy) == ""]
    title = f"{len(payloads)} releases of {plan.package.manifest.name}"
    tidy = _tidy(*(payload["id"] for payload in payloads))
    _begin("all", start(RELEASES, {"releases": payloads}, lane="measure", title=title, on_end=tidy), "")


def simulate(plan: Plan, latency: dict[str, Any] | None) -> None:
    """Queue the same release simulated under every policy, this plan's first; `latency` as a live one measured it."""
    others = [name for name in COMPARED if name != plan.policy]
    payload = _simulated(plan, latency) | {"policies": [plan.choice(), *(plan.choice(name) for name in others)]}
    _begin("simulated", start(SIMULATE, payload, lane="simulate", title="Simulating releases"), payload["id"])


def show_power(plan: Plan, latency: dict[str, Any] | None) -> None:
    """Queue the view of what the plan catches."""
    payload = _simulated(plan, latency) | {"policies": [plan.choice()]}
    _begin("power", start(POWER, payload, lane="simulate", title="Working out the power"), payload["id"])


def _live(plan: Plan, policy: str) -> dict[str, Any]:
    traffic = {"kind": "poisson", "rate_rps": plan.rate_rps, "duration_s": plan.duration_s}
    return _common(plan) | {"policy": plan.choice(policy), "workload": traffic, "timeout_s": 3.0}


def _simulated(plan: Plan, latency: dict[str, Any] | None) -> dict[str, Any]:
    found = _common(plan) | {"rate_rps": plan.rate_rps, "duration_s": plan.duration_s}
    return found | ({"latency": latency} if latency else {})


def _common(plan: Plan) -> dict[str, Any]:
    return {
        "id": new_id(), "session": owner(), "plan": plan.told(), "where": plan.where,
        "package": str(plan.package.folder), "fault": plan.fault, "slo_s": plan.slo_s, "users": plan.users,
        "label_delay_s": plan.label_delay_s,
    }  # fmt: skip


def _begin(name: str, job: str, record: str) -> None:
    note(PAGE, f"{name}_job", job)
    note(PAGE, f"{name}_next", record or None)


def _tidy(*records: str) -> Callable[[JobState], None]:
    """What a killed process could not: remove the files that its decisions went into."""

    def tidy(_: JobState) -> None:
        for record in records:
            forget_course(record)

    return tidy
