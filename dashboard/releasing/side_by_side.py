"""The table that is told of release policies, filled with what was measured and simulated."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard.parts.tables import show_rows
from dashboard.releasing.plan import Plan
from dashboard.releasing.results import bad_of
from dashboard.releasing.running import COMPARED
from data.estimates.text import digits
from strategies.releases.choices import policies
from strategies.releases.outcome.words import span

Cells = tuple[Callable[[Mapping[str, Any]], str], Callable[[Mapping[str, Any]], str]]
_CLAIMED = {
    "basic": "simple, high risk", "shadow": "no risk, double resources", "canary": "small risk, some work",
    "blue_green": "instant way back, double resources", "ab": "an experiment, for all of its time",
}  # fmt: skip


def side_by_side(plan: Plan, kept: Sequence[Mapping[str, Any]], simulated: Mapping[str, Any] | None) -> None:
    """A table for each question; a line a policy, measured beside simulated."""
    measured = _newest(plan, kept)
    figures = {one["policy"]["policy"]: one["figures"] for one in simulated["policies"]} if simulated else {}
    if not measured and not figures:
        _claims()
        return
    for question, (live, drawn) in _QUESTIONS.items():
        st.markdown(f"**{question}**")
        show_rows(
            [
                {
                    "policy": f"{policies()[name].title} ({_CLAIMED[name]})",
                    "measured": live(measured[name]["outcome"]) if name in measured else "not yet",
                    "simulated": drawn(figures[name]) if name in figures else "not yet",
                }
                for name in COMPARED
            ],
            "policy",
        )
    st.caption(
        "Live, the new version's one instance runs from the first request to the last; simulated, as many run as the "
        "policy's share asks for."
    )
    if missing := [policies()[name].title for name in COMPARED if name not in measured]:
        st.caption(f"Not measured yet with this model, fault, traffic and judge: {', '.join(missing)}.")


def _claims() -> None:
    show_rows(
        [
            {
                "policy": f"{policies()[name].title} ({_CLAIMED[name]})",
                "risk": policies()[name].risk,
                "resources": policies()[name].resources,
            }
            for name in COMPARED
        ],
        "policy",
    )
    st.caption("Nothing was measured or simulated yet with this model, fault, traffic and judge.")


def _newest(plan: Plan, kept: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The newest live release under each policy that was made for this plan."""
    own = [record for record in kept if record["kind"] == "live" and record["plan"] == plan.told()]
    return {record["policy"]["policy"]: record for record in reversed(own)}


def _bad(outcome: Mapping[str, Any]) -> str:
    return f"{bad_of(outcome):,} of {outcome['served_new']:,} answers"


def _spread(spread: Mapping[str, float], unit: str = "") -> str:
    return f"{digits(spread['mean'])}{unit} (95%: {digits(spread['low'])}–{digits(spread['high'])}, n={spread['n']:,})"


def _verdict(outcome: Mapping[str, Any]) -> str:
    if outcome["verdict_s"] is None:
        return "none while the traffic lasted"
    return f"{outcome['verdict']} after {span(outcome['verdict_s'])}"


def _verdicts(figures: Mapping[str, Any]) -> str:
    shares = {
        "roll back": figures["rolled_back"], "promote": figures["promoted"], "inconclusive": figures["inconclusive"]
    }  # fmt: skip
    said = [f"{name} {found['value']:.0%}" for name, found in shares.items() if found["value"]]
    times = figures["detected_s"] or figures["promoted_s"]
    when = f"; after {span(times['median'])} in the median" if times else ""
    return f"{', '.join(said) or 'none'}{when}"


def _instances(outcome: Mapping[str, Any]) -> str:
    return f"{digits(outcome['extra_instance_h'] * 3_600)} instance-seconds"


def _instance_spread(figures: Mapping[str, Any]) -> str:
    hours = figures["extra_instance_h"]
    return _spread({name: value if name == "n" else value * 3_600 for name, value in hours.items()}, " s")


_QUESTIONS: dict[str, Cells] = {
    "What users risk: bad answers": (_bad, lambda figures: _spread(figures["bad"])),
    "How many meet the new version": (
        lambda outcome: f"{outcome['users_touched']:,} users",
        lambda figures: _spread(figures["users_touched"], " users"),
    ),
    "The verdict": (_verdict, _verdicts),
    "What it takes: instances beyond the old version's": (_instances, _instance_spread),
    "Requests that nobody answered": (
        lambda outcome: f"{outcome['dropped']:,}", lambda figures: _spread(figures["dropped"])
    ),
}  # fmt: skip
