"""The decision as the page shows it: in words at the top, then cards, charts, the table, bills and risks."""

import streamlit as st

from dashboard.comparing.pictures import CHARTS, charts_of
from dashboard.comparing.scorecards import cards, show_table
from dashboard.comparing.taking_away import take_away
from dashboard.parts.chart import show_chart
from dashboard.parts.tables import plain, show_rows
from data.estimates import as_text
from data.estimates.text import digits
from data.scenario import Scenario
from simulators.comparison.comparison import Comparison
from simulators.decision.decision import Decision, Topic
from simulators.decision.scorecard import Day
from simulators.decision.text import money


def in_words(decision: Decision) -> None:
    """What is chosen and how sure that is; the assumptions on request."""
    choice, *_ = (s.text for s in decision.words if s.topic == "choice")
    show = st.success if decision.holds else st.warning
    show(f"**{plain(choice)}**", icon=":material/balance:")
    said = _said(decision, "surety", "front", "flips", "limits")
    st.markdown("\n".join(f"- {plain(text)}" for text in said))
    with st.expander("Under which assumptions, and what was measured", icon=":material/info:"):
        st.markdown("\n".join(f"- {plain(text)}" for text in _said(decision, "assumptions", "source", "missing")))


def show_decision(scenario: Scenario, decision: Decision, results: Comparison) -> None:
    """Everything below the words."""
    cards(scenario, decision)
    _chart(scenario, decision)
    _table(scenario, decision)
    _details(decision)
    take_away(scenario, decision, results)


@st.fragment
def _chart(scenario: Scenario, decision: Decision) -> None:
    chosen = st.radio("Picture", list(CHARTS), key="picture", bind="query-params", horizontal=True) or "Front"
    chart = charts_of(scenario, decision)[chosen]()
    if chart is None:
        st.info("There is nothing to draw: nothing flips the choice, or no candidate has a bill.")
        return
    show_chart(chart, f"decision-{chosen}", caption=CHARTS[chosen])


@st.fragment
def _table(scenario: Scenario, decision: Decision) -> None:
    with st.expander(f"Table of everything ({len(decision.cards)} candidates)", icon=":material/table:"):
        show_table(scenario, decision)


@st.fragment
def _details(decision: Decision) -> None:
    with st.expander("Bill and risks of one candidate", icon=":material/receipt_long:"):
        names = [card.name for card in decision.cards]
        start = names.index(decision.chosen) if decision.chosen else 0
        card = decision.card(st.selectbox("Candidate", names, start, key="bill_of"))
        if card.cost:
            thousand, million = money(card.cost.usd_per_1000), money(card.cost.usd_per_million)
            each = f"{thousand} per 1,000 and {million} per million predictions"
            st.markdown(
                f"**{plain(money(card.cost.usd_per_month))}** a month of {card.cost.hours:g} hours; {plain(each)}"
            )
            lines = [
                {"line": f"{place}. {line.part}", "arithmetic": line.arithmetic}
                for place, line in enumerate(card.cost.lines, 1)
            ]
            show_rows(lines, "line")
            for text in card.cost.notes:
                st.caption(plain(text))
        if card.day:
            st.markdown(plain(_day(card.day)))
        risks = [
            {"risk": risk.title, "value": as_text(risk.estimate), "how": f"{risk.basis}: {risk.how}"}
            for risk in card.risk.values()
        ]
        if risks:
            show_rows([{"risk": r["risk"], "value and how": f"{r['value']}. {r['how']}"} for r in risks], "risk")
        for text in card.missing:
            st.caption(plain(text))


def _day(day: Day) -> str:
    return (
        f"A simulated day of the forecast: {day.requests:,} requests, the promised percentile "
        f"{digits(day.slo_percentile_ms)} ms, {day.within_share:.3%} within the promised latency, "
        f"{day.failed_share:.3%} failed, {day.cold_share:.3%} waited for something to start; "
        f"{digits(day.replicas)} replicas on average."
    )


def _said(decision: Decision, *topics: Topic) -> list[str]:
    return [statement.text for topic in topics for statement in decision.words if statement.topic == topic]
