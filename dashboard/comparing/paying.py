"""What a decision is made of besides measurements: prices, the forecast, costs, stakes and weights."""

from datetime import UTC, datetime
from typing import Any

import streamlit as st

from dashboard.errors import errors_shown
from dashboard.parts.form import fields_of
from dashboard.parts.tables import plain
from data.prices import keep_price_list, price_list, price_list_names
from data.prices.model import OLD_MONTHS
from data.scenario import Cost, Forecast, Scenario, Stakes, Weights
from simulators.risk import RANKED


def paying(scenario: Scenario, key: str) -> dict[str, Any]:
    """The tab of traffic to pay for, prices and assumptions."""
    st.markdown("**Forecast**: the traffic of the month that is paid for")
    forecast = fields_of(Forecast, scenario.forecast.model_dump(), f"{key}.forecast")
    st.markdown("**Prices**")
    prices = _prices(scenario, key)
    st.markdown("**Assumptions**")
    cost = fields_of(Cost, scenario.cost.model_dump(), f"{key}.cost")
    return {"forecast": forecast, "prices": prices, "cost": cost}


def weighing(scenario: Scenario, key: str) -> dict[str, Any]:
    """Weights of a ranking, and the money at stake."""
    st.markdown("**Weights**: with all at 0 nothing is ranked, and the cheapest that keeps every limit is chosen")
    names = ("latency", "cost", "risk")
    weights = fields_of(Weights, scenario.weights.model_dump(), f"{key}.weights", only=names)
    known = RANKED if scenario.weights.risk_figure in RANKED else (*RANKED, scenario.weights.risk_figure)
    weights["risk_figure"] = st.selectbox(
        "Figure that stands for risk",
        known,
        known.index(scenario.weights.risk_figure),
        key=f"{key}.weights.risk_figure",
        format_func=lambda name: name.replace("_", " "),
    )
    st.markdown("**At stake**: money that turns bad answers into an expected loss; leave at 0 for none")
    stakes = fields_of(Stakes, scenario.stakes.model_dump(), f"{key}.stakes")
    return {"weights": weights, "stakes": stakes}


def _prices(scenario: Scenario, key: str) -> str:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.popover("A list of your own", icon=":material/upload_file:"):
            file = st.file_uploader("Price list (TOML)", ["toml"], key=f"{key}.prices_file")
            if file is not None:
                with errors_shown():
                    text = file.getvalue().decode("utf-8", errors="replace")
                    kept = keep_price_list(text, file.name)
                    st.success(f"Kept as {plain(kept.name)}: choose it in the list.", icon=":material/check:")
        names = list(price_list_names())  # what was just kept is among them
        known = names if scenario.prices in names else [*names, scenario.prices]
        chosen = st.selectbox("Price list", known, known.index(scenario.prices), key=f"{key}.prices", width=260)
    with errors_shown():
        found = price_list(chosen)
        newest, oldest = found.age_months(datetime.now(UTC).date())
        unsure = sum(entry.confidence != "high" for entry in found.entries)
        old = " Check the old ones before you rely on them." if oldest > OLD_MONTHS else ""
        st.caption(
            plain(
                f"{found.title}, {found.provider} {found.region}: {len(found.entries)} entries, {newest:.0f} to "
                f"{oldest:.0f} months old, {unsure} of them not sure.{old}"
            )
        )
    return str(chosen)
