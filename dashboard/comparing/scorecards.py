"""Scorecards: a card for each candidate, and the table of everything, sorted and filtered."""

from collections.abc import Mapping
from typing import Any, Literal

import pandas as pd
import streamlit as st

from dashboard.parts.tables import plain
from data.estimate import Estimate
from data.scenario import Scenario
from simulators.decision.decision import Decision
from simulators.decision.scorecard import Scorecard
from simulators.decision.text import CardRow, card_rows, headings, standing

_Colour = Literal["red", "orange", "green", "gray"]
_COLOURS: Mapping[str, _Colour] = {"chosen": "green", "out": "red", "open": "orange"}
_ICONS = {"chosen": ":material/check_circle:", "out": ":material/block:", "open": ":material/question_mark:"}
_A_ROW = 3


def cards(scenario: Scenario, decision: Decision) -> None:
    """Latency, cost and risk of each candidate, the chosen one first."""
    rows = sorted(card_rows(scenario, decision), key=lambda row: (row.standing != "chosen", row.standing == "out"))
    names = headings(scenario, decision)
    for first in range(0, len(rows), _A_ROW):
        for place, row in zip(st.columns(_A_ROW), rows[first : first + _A_ROW], strict=False):
            with place, st.container(border=True):
                _card(row, decision.card(row.name), names)


def _card(row: CardRow, card: Scorecard, names: Any) -> None:
    st.markdown(f"**{plain(row.name)}**  \n{plain(row.title)}")
    with st.container(horizontal=True):
        st.badge(row.origin, color="blue" if row.origin == "measured" else "violet")
        st.badge(row.standing, color=_COLOURS.get(row.standing, "gray"), icon=_ICONS.get(row.standing))
    st.markdown(
        f"Latency, {plain(names['latency'])}: **{plain(row.latency)}**  \n"
        f"Cost {plain(names['cost'])}: **{plain(row.cost)}**  \n"
        f"Risk, {plain(names['risk'][:1].lower() + names['risk'][1:])}: **{plain(row.risk)}**"
    )
    if card.error_seen:
        st.caption(f"Error seen nearest: {plain(card.error_seen)}")
    broken = [limit for limit in card.limits if limit.outcome != "kept"]
    if broken:
        st.caption(plain("; ".join(limit.says for limit in broken)))


def whole_table(scenario: Scenario, decision: Decision) -> pd.DataFrame:
    """Every figure of every candidate as a number, a line each."""
    return pd.DataFrame([_line(scenario, decision, card) for card in decision.cards])


def show_table(scenario: Scenario, decision: Decision) -> None:
    """The table with a filter above it; a click on a column's head sorts."""
    table = whole_table(scenario, decision)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        asked = st.text_input("Filter by name", key="table_name", width=220, placeholder="part of a name")
        source = st.selectbox("Source", ["all", "measured", "simulated"], key="table_source", width=160)
        stands = st.selectbox("Stands", ["all", *dict.fromkeys(table["stands"])], key="table_stands", width=240)
    kept = table["candidate"].str.contains(asked or "", case=False, regex=False)
    if source != "all":
        kept &= table["source"] == source
    if stands != "all":
        kept &= table["stands"] == stands
    st.dataframe(table[kept], hide_index=True, width="stretch")
    st.caption(f"{int(kept.sum())} of {len(table)} candidates. Press a column's head to sort by it.")


def _line(scenario: Scenario, decision: Decision, card: Scorecard) -> dict[str, Any]:
    found: dict[str, Any] = {
        "candidate": card.name,
        "source": card.origin,
        "stands": standing(decision, card),
        "front": card.name in decision.front,
        "what it is": card.title,
        "error seen nearest": card.error_seen,
    }
    found |= _figure(f"p{scenario.slo.percentile:g} (ms)", card.latency)
    found |= _figure("failed (share)", card.failed)
    if card.cost:
        found |= _figure("USD a month", card.cost.usd_per_month)
        found["USD per 1,000"] = card.cost.usd_per_1000.value
        found["USD per million"] = card.cost.usd_per_million.value
    for risk in card.risk.values():
        found |= _figure(f"{risk.title} ({risk.unit})", risk.estimate, ends=risk.basis == "simulated")
    if card.day:
        found["day: within SLO (share)"] = card.day.within_share
        found["day: cold (share)"] = card.day.cold_share
        found["day: replicas"] = card.day.replicas
    return found


def _figure(name: str, figure: object, *, ends: bool = True) -> dict[str, float | None]:
    if not isinstance(figure, Estimate):
        return {name: None}
    found: dict[str, float | None] = {name: figure.value}
    return found | ({f"{name} low": figure.low, f"{name} high": figure.high} if ends else {})
