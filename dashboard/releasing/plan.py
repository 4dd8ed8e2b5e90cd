"""The controls of the Release page, and the plan that they make."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboard.deploying.starting import choose_package
from dashboard.parts.address import note, recall
from dashboard.parts.form import fields_of
from dashboard.parts.kinds import form_of
from dashboard.parts.tables import plain
from data.errors import DrydockError
from strategies.packaging.package import ModelPackage
from strategies.releases.choices import judges, make_policy, policies
from strategies.releases.choices.pace import PACES, is_judged, judge_settings, paced_settings
from strategies.releases.faults._choosing import faults
from strategies.releases.live.job import check_where

PAGE = "release"
_WHERE = {
    "api": "**API.** A router stands before both versions and divides the requests.",
    "stream": (
        "**Stream.** A share of the consumers that take requests from one queue runs the new version; "
        "as a shadow, a second group with a queue of copies does."
    ),
    "batch": "**Batch.** A share of the rows, or all of them for both; as many rows as there would be requests.",
}
_CALLED = {"api": "API", "stream": "Stream", "batch": "Batch"}
_LASTS_S = {"seconds": 20.0, "minutes": 14_400.0}
_LABELS_S = {"seconds": 1.0, "minutes": 600.0}
_MOST_LIVE_S, _MOST_LIVE_RPS = 300.0, 300.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be released, how, and to whom."""

    package: ModelPackage
    where: str
    policy: str
    judge: str
    settings: dict[str, Any]
    """Settings of the policy, and of the judge under `judge.<name>`, that differ from the pace's."""
    fault: str
    pace: str
    rate_rps: float
    duration_s: float
    slo_s: float
    users: int
    label_delay_s: float

    def choice(self, policy: str | None = None) -> dict[str, Any]:
        """This plan's policy as `make_policy` reads it, or another under the same judge."""
        name = policy or self.policy
        changed = {k: v for k, v in self.settings.items() if "." not in k} if name == self.policy else {}
        found: dict[str, Any] = {"policy": name, "settings": paced_settings(name, self.pace) | changed}
        if is_judged(name):
            judged = {k.partition(".")[2]: v for k, v in self.settings.items() if k.startswith("judge.")}
            found |= {"judge": self.judge, "judge_settings": judge_settings(self.judge, self.slo_s) | judged}
        return found

    @property
    def live_problem(self) -> str:
        """Why it cannot be made live here; empty where it can."""
        if self.duration_s > _MOST_LIVE_S:
            return f"It lasts longer than {_MOST_LIVE_S:.0f} s: choose the pace of seconds to release live here."
        if self.rate_rps > _MOST_LIVE_RPS and self.where != "batch":
            return f"More than {_MOST_LIVE_RPS:.0f} requests a second would measure this machine and not the release."
        return ""

    def problem_of(self, policy: str) -> str:
        """Why a policy cannot be where the two versions meet; empty where it can."""
        try:
            check_where(make_policy(self.choice(policy)), self.where)
        except DrydockError as error:
            return str(error)
        return ""

    def told(self) -> dict[str, Any]:
        """What is kept with a result, to tell whether it belongs to the same plan."""
        fields = ("where", "judge", "fault", "pace", "rate_rps", "duration_s", "slo_s", "users", "label_delay_s")
        found = {name: getattr(self, name) for name in fields}
        found["judge_settings"] = {k: v for k, v in self.settings.items() if k.startswith("judge.")}
        return {**found, "version": self.package.version, "model": self.package.manifest.name}


def choose_plan(found: tuple[ModelPackage, ...]) -> Plan | None:
    """Show the controls; None while they say something that cannot be, which is then said."""
    package = choose_package(found)
    known, bad = policies(), faults()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        where = st.selectbox(
            "The versions meet in",
            list(_WHERE),
            key="where",
            bind="query-params",
            width=150,
            format_func=_CALLED.__getitem__,
        )
        policy = _one_of("Policy", known, "canary", "policy", 200)
        judge = _one_of("Judge", judges(), "always_valid", "judge", 240, disabled=not is_judged(policy))
        fault = _one_of("What is wrong with the new version", bad, "errors", "fault", 280)
        pace = st.selectbox(
            "Pace", list(PACES), key="pace", bind="query-params", width=160,
            help="Decisions in seconds, to be watched live; or in minutes, as in production, to be simulated.",
        )  # fmt: skip
    st.markdown(
        f"{_WHERE[where]} **{known[policy].title}.** {known[policy].summary} **Risk:** {known[policy].risk}. "
        f"**Resources:** {known[policy].resources}."
    )
    judged = f"**Judge.** {judges()[judge].summary} " if is_judged(policy) else ""
    st.markdown(f"{judged}**{bad[fault].title}.** {bad[fault].summary}")
    traffic = _traffic(pace)
    slo_s = traffic.pop("slo_ms") / 1_000
    settings = _settings(policy, judge, pace, slo_s)
    plan = Plan(
        package, where, policy, judge, settings, fault, pace, slo_s=slo_s, users=int(traffic.pop("users")), **traffic
    )
    if problem := plan.problem_of(policy):
        st.error(plain(problem), icon=":material/error:")
        return None
    return plan


def _one_of(
    label: str, known: Mapping[str, type[Any]], start: str, key: str, width: int, *, disabled: bool = False
) -> str:
    """A drop-down of kinds by their titles; the address carries the choice."""
    names = list(known)
    return st.selectbox(
        label, names, names.index(start), key=key, bind="query-params", width=width, disabled=disabled,
        format_func=lambda name: known[name].title,
    )  # fmt: skip


def _traffic(pace: str) -> dict[str, float]:
    with st.container(horizontal=True):
        return {
            "rate_rps": st.number_input(
                "Requests per second", 0.01, 1e6, 100.0, key="rate_rps", bind="query-params", width=180, format="%.6g"
            ),
            "duration_s": st.number_input(
                "Traffic lasts (s)", 1.0, 1e6, _LASTS_S[pace], key=f"duration_s_{pace}", bind="query-params", width=180,
                format="%.6g",
            ),
            "slo_ms": st.number_input(
                "Late after (ms)", 1.0, 60_000.0, 100.0, key="slo_ms", bind="query-params", width=160, format="%.6g"
            ),
            "users": st.number_input("Users", 1, 10_000_000, 1_000, key="users", bind="query-params", width=160),
            "label_delay_s": st.number_input(
                "Truth is known after (s)", 0.0, 1e6, _LABELS_S[pace], key=f"label_delay_s_{pace}", bind="query-params",
                width=200, format="%.6g",
            ),
        }  # fmt: skip


def _settings(policy: str, judge: str, pace: str, slo_s: float) -> dict[str, Any]:
    """Controls for all settings of policy and judge; those changed, which the address carries."""
    start = _from_address()
    key, found = f"release.{policy}.{judge}.{pace}", dict[str, Any]()
    with st.expander("Settings of policy and judge"):
        st.markdown(f"**{policies()[policy].title}**")
        found |= _changed(policies()[policy], paced_settings(policy, pace), start, key, "")
        if is_judged(policy):
            st.markdown(f"**{judges()[judge].title}**")
            found |= _changed(judges()[judge], judge_settings(judge, slo_s), start, f"{key}.{slo_s}", "judge.")
            signals = judge_settings(judge, slo_s)["signals"]
            chosen = st.multiselect("Signals", list(signals), signals, key=f"{key}.signals")
            if chosen and chosen != signals:
                found["judge.signals"] = chosen
    note(PAGE, "settings", json.dumps(found, separators=(",", ":")) if found else None)
    return found


def _changed(cls: type, usual: dict[str, Any], start: dict[str, Any], key: str, prefix: str) -> dict[str, Any]:
    form = form_of(cls, ("judge", "signals", "required"))
    given = {name: start.get(f"{prefix}{name}", usual[name]) for name in form.model_fields}
    values = fields_of(form, given if _fits(form, given) else usual, key)
    return {
        f"{prefix}{name}": value for name, value in values.items() if value is not None and value != usual[name]
    }  # fmt: skip


def _fits(form: Any, given: dict[str, Any]) -> bool:
    try:
        form(**given)
    except ValueError:
        return False
    return True


def _from_address() -> dict[str, Any]:
    try:
        found = json.loads(recall(PAGE, "settings") or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
