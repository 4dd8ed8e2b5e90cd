"""Looking at the rows before learning from them."""

from functools import lru_cache

import numpy as np
import streamlit as st

from dashboard.charts.correlation import correlation
from dashboard.charts.histogram import categories, histogram
from dashboard.parts.chart import show_chart
from dashboard.parts.tables import plain, show_frame, show_rows
from data.catalogue import find_dataset
from data.datasets.contract import Dataset
from data.estimates.text import digits
from data.explore import Analysis, CategorySummary, NumberSummary, analyse

_MOST = 15


@st.fragment
def explore(name: str, dataset: Dataset, target: str) -> None:
    """Missing values, distributions, relations and anomalies, computed when they are asked for."""
    if not st.toggle("Look at the data", key="explore", bind="query-params"):
        return
    with st.spinner("Looking at every row …"):
        found = _analysis(name, target, dataset.content_hash)
    columns, relations, anomalies = st.tabs(["Columns", "Relations", "Anomalies"])
    with columns:
        _columns(found, dataset)
    with relations:
        _relations(found)
    with anomalies:
        _anomalies(found)


@lru_cache(maxsize=4)
def _analysis(name: str, target: str, _content_hash: str) -> Analysis:
    return analyse(find_dataset(name), target)


def _columns(found: Analysis, dataset: Dataset) -> None:
    missing = [f for f in found.features if f.missing]
    if missing:
        told = ", ".join(f"{plain(f.name)} in {f.missing:,} rows ({f.missing_share:.1%})" for f in missing[:_MOST])
        st.markdown(f"{found.rows:,} rows. Missing values: {told}.")
    else:
        st.markdown(f"{found.rows:,} rows. No value is missing.")
    names = ([found.target.column] if len(found.balance) or found.target_summary else []) + [
        f.name for f in found.features
    ]
    chosen = st.selectbox("Column to look at", names, key=f"explore_{found.target.column}")
    units = {feature.name: feature.unit for feature in dataset.schema.features} | {
        found.target.column: found.target.unit
    }
    if chosen == found.target.column and len(found.balance):
        balance = found.balance
        show_chart(categories(list(balance["class"]), list(balance["rows"]), chosen), f"explore-{chosen}")
        return
    summary = next((f for f in found.features if f.name == chosen), found.target_summary)
    if isinstance(summary, NumberSummary):
        _number(summary, units.get(chosen, ""))
    elif summary is not None:
        _category(summary)


def _number(summary: NumberSummary, unit: str) -> None:
    shape = summary.histogram
    if not shape.counts:
        st.info("It holds no number.")
        return
    beyond = (
        f" {shape.below:,} smaller and {shape.above:,} larger values lie outside." if shape.below or shape.above else ""
    )
    said = (
        f"Mean {digits(summary.mean)}, standard deviation {digits(summary.sd)}, {summary.distinct:,} different values."
    )
    chart = histogram(np.array(shape.edges), np.array(shape.counts), summary.name, unit)
    show_chart(chart, f"explore-{summary.name}", caption=said + beyond)
    show_rows([{"quantile": f"{q:.0%}", "value": f"{v:.6g}"} for q, v in summary.quantiles], "quantile")


def _category(summary: CategorySummary) -> None:
    names, counts = zip(*summary.counts, strict=True) if summary.counts else ((), ())
    if not names:
        st.info("It holds no value.")
        return
    more = f"{summary.others:,} rows hold rarer ones." if summary.others else ""
    show_chart(categories(names, counts, summary.name), f"explore-{summary.name}", caption=more)


def _relations(found: Analysis) -> None:
    relations = found.relations
    st.markdown(f"**With the target {plain(found.target.column)}**, strongest first:")
    ranked = relations.with_target.head(_MOST)
    show_rows(
        [{"feature": row.feature, "measure": row.measure, "value": f"{row.value:.3f}"} for row in ranked.itertuples()],
        "feature",
    )
    if len(relations.pearson) > 1:
        st.markdown("**Between numbers**, Pearson's r:")
        show_chart(correlation(relations.pearson.to_numpy(), list(relations.pearson.columns)), "explore-pearson")
    if len(relations.cramers_v) > 1:
        st.markdown("**Between categories**, Cramér's V:")
        show_chart(correlation(relations.cramers_v.to_numpy(), list(relations.cramers_v.columns)), "explore-cramer")
    if relations.rows < found.rows:
        st.caption(f"On a random sample of {relations.rows:,} rows.")


def _anomalies(found: Analysis) -> None:
    anomalies = found.anomalies
    st.markdown(
        f"{anomalies.duplicates:,} rows equal an earlier one. {anomalies.impossible_count:,} values break a rule of "
        f"the dataset. {len(anomalies.constant)} columns hold the same value in every row."
    )
    if anomalies.outliers:
        st.markdown("**Numbers far from the others** (being far is no error; look before removing):")
        show_rows(
            [
                {
                    "column": o.name,
                    "robust z above 3.5": f"{o.by_robust_z:,}",
                    "outside Tukey's fences": f"{o.by_fences:,}",
                    "fences": f"{o.low_fence:.4g} to {o.high_fence:.4g}",
                    "farthest": ", ".join(f"{value:.4g}" for _, value, _ in o.examples[:3]),
                }
                for o in anomalies.outliers[:_MOST]
            ],
            "column",
        )
    if anomalies.impossible_count:
        st.markdown("**Values that cannot be:**")
        show_frame(anomalies.impossible_rules.set_index("column"))
