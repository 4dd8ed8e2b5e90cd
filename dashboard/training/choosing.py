"""Choosing the rows to learn from: a shipped dataset or a user's own file."""

from dataclasses import dataclass

import streamlit as st

from dashboard.parts.tables import plain, show_rows
from data.catalogue import dataset_names, find_dataset
from data.datasets.contract import Dataset, Target
from data.schema import Feature


@dataclass(frozen=True, slots=True)
class ChosenData:
    """What the page's first step says."""

    name: str
    dataset: Dataset
    target: Target


def choose_data() -> ChosenData:
    """Controls for dataset and target, with what the dataset is."""
    names = list(dataset_names())
    with st.container(horizontal=True):
        name = st.selectbox("Dataset", names, key="dataset", bind="query-params", width=300)
        dataset = find_dataset(name)
        targets = {target.column: target for target in dataset.targets}
        # One key a dataset: another dataset's target must not be looked for in this one.
        column = st.selectbox("What to predict", list(targets), key=f"target_{name}", bind="query-params", width=300)
    target = targets[column]
    st.markdown(f"**{plain(dataset.title)}.** {plain(dataset.description)}")
    with st.expander("About these rows"):
        about = f" {plain(target.description)}." if target.description else ""
        st.markdown(f"**{plain(column)}**:{about} {len(dataset.schema)} features.")
        show_rows([_told(feature) for feature in dataset.schema.features], "feature")
        # Links as text: nothing on this page leads off this machine.
        st.text(f"Source: {dataset.source}")
        st.text(f"Licence: {dataset.licence}")
    return ChosenData(name, dataset, target)


def _told(feature: Feature) -> dict[str, str]:
    kinds = ", ".join(feature.categories[:8]) + (", …" if len(feature.categories) > 8 else "")
    return {
        "feature": feature.name,
        "holds": kinds if feature.kind == "category" else f"number{f' in {feature.unit}' if feature.unit else ''}",
        "may be missing": "yes" if feature.nullable else "no",
        "meaning": feature.description,
    }
