"""Starting a deployment: which model, which strategy, which size."""

import secrets
from collections.abc import Mapping

import streamlit as st

from dashboard.deploying.diagrams import show_diagram
from dashboard.training.packages import label
from dashboard.work import start
from data.discovery import kinds
from strategies.contract import Strategy
from strategies.live import SERVE
from strategies.packaging.package import ModelPackage

_HARNESS = "null"  # answers without a model, to measure the measuring


def strategies() -> Mapping[str, type[Strategy]]:
    """Every strategy that people deploy."""
    found = kinds("strategies", Strategy)  # type: ignore[type-abstract]
    return {name: strategy for name, strategy in found.items() if name != _HARNESS}


def choose_package(packages: tuple[ModelPackage, ...]) -> ModelPackage:
    """The model to deploy."""
    by_version = {package.version: package for package in packages}
    chosen = st.selectbox(
        "Model",
        list(by_version),
        key="package",
        bind="query-params",
        format_func=lambda version: label(by_version[version]),
        width=600,
    )
    return by_version[chosen]


def strategy_cards(package: ModelPackage) -> None:
    """One card a strategy, each with the button that starts it."""
    found = list(strategies().items())
    for row in (found[i : i + 2] for i in range(0, len(found), 2)):
        for place, (name, strategy) in zip(st.columns(2), row, strict=False):
            with place, st.container(border=True, height="stretch"):
                _card(name, strategy, package)


def _card(name: str, strategy: type[Strategy], package: ModelPackage) -> None:
    st.subheader(strategy.title, anchor=False)
    show_diagram(name)
    st.markdown(strategy.summary)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        host = st.selectbox("Host", list(strategy.hosts), key=f"host.{name}", width=140)
        alone = name == "embedded"  # it lives in one process, the application's
        workers = st.number_input("Workers", 1, 1 if alone else 16, 1, key=f"workers.{name}", disabled=alone, width=120)
    if st.button(f"Start {strategy.title}", key=f"start.{name}", type="primary", icon=":material/rocket_launch:"):
        payload = {
            "folder": str(package.folder),
            "strategy": name,
            "host": host,
            "workers": int(workers),
            "secret": secrets.token_urlsafe(24),
            "timeout_s": 5.0 if strategy.warms_up else 12.0,  # a job starts a process for what it is asked
        }
        start(SERVE, payload, lane="deploy", title=f"{strategy.title} with {package.manifest.name} {package.version}")
        st.rerun()
