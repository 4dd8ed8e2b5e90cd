"""Taking a decision home: the record, the report, and every chart and table as a file."""

import io
import zipfile
from datetime import UTC, datetime
from functools import partial

import pandas as pd
import streamlit as st

from dashboard.comparing.pictures import charts_of, latency_charts
from dashboard.comparing.report import report
from dashboard.comparing.scorecards import whole_table
from data.scenario import Scenario
from simulators.comparison.comparison import Comparison
from simulators.decision.decision import Decision
from simulators.decision.record import record


def take_away(scenario: Scenario, decision: Decision, results: Comparison) -> None:
    """A button a file; each is made when it is asked for."""
    name = f"{scenario.name}-decision"
    st.markdown("**Take the decision with you**")
    with st.container(horizontal=True):
        today = datetime.now(UTC).date()
        _button("Decision record (Markdown)", lambda: record(scenario, decision, today), f"{name}.md", "text/markdown")
        _button("Report (HTML)", lambda: report(scenario, decision, results), f"{name}.html", "text/html")
        _button("Scorecards (CSV)", lambda: _csv(scenario, decision), f"{name}.csv", "text/csv")
        for form, label in (("parquet", "All tables (Parquet)"), ("csv", "All tables (CSV)")):
            make = partial(tables, scenario, decision, form, results)
            _button(label, make, f"{name}-{form}.zip", "application/zip")
    st.caption(
        "The report is one file that opens without a network; each of its plots has a button that saves it as a PNG, "
        "and the whole has one that prints it or saves it as a PDF."
    )


def _csv(scenario: Scenario, decision: Decision) -> str:
    return whole_table(scenario, decision).to_csv(index=False)


def tables(scenario: Scenario, decision: Decision, form: str, results: Comparison | None = None) -> bytes:
    """The scorecards, the bills and what every chart draws, a file each, zipped."""
    found = {"scorecards": whole_table(scenario, decision), "bills": bills(decision)}
    charts = charts_of(scenario, decision) | (latency_charts(results) if results is not None else {})
    for name, draw in charts.items():
        chart = draw()
        if chart is not None:
            found[name.lower().replace(" ", "-")] = chart.table.reset_index()
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, table in found.items():
            table.columns = [str(column) for column in table.columns]
            data = table.to_csv(index=False).encode() if form == "csv" else table.to_parquet(index=False)
            archive.writestr(f"{name}.{form}", data)
    return content.getvalue()


def bills(decision: Decision) -> pd.DataFrame:
    """Every line of every bill."""
    rows = [
        {"candidate": card.name, "part": line.part, "item": line.item, "price": line.price_id, "usd": line.usd,
         "arithmetic": line.arithmetic}
        for card in decision.cards if card.cost
        for line in card.cost.lines
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["candidate", "part", "item", "price", "usd", "arithmetic"])


def _button(label: str, make: object, file: str, mime: str) -> None:
    st.download_button(label, make, file, mime, on_click="ignore", icon=":material/download:")  # type: ignore[arg-type]
