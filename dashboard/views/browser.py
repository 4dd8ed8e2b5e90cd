"""The page on which the visitor's own browser runs the model."""

import streamlit as st

from dashboard.browsing.measured import show_measured
from dashboard.browsing.part import browser_part
from dashboard.deploying.starting import choose_package
from dashboard.errors import errors_shown
from dashboard.training.packages import packages
from dashboard.views.contract import View
from dashboard.work import owner
from data.store import RunStore
from strategies.browsing.keeping import keep_report
from strategies.browsing.rows import BrowserRows, browser_rows
from strategies.browsing.runtime import FETCH, installed
from strategies.packaging.package import ModelPackage
from strategies.packaging.shelf import find_package

_RUN = "_browser_run"


class InBrowser(View):
    title = "Browser"
    order = 25

    def show(self) -> None:
        st.title("Embedded in the browser")
        st.markdown(
            "The model travels to the visitor, with a runtime compiled to WebAssembly, and predicts there: no request "
            "leaves the browser, and a prediction needs no server and no network. A new model reaches visitors when "
            "they load the page again."
        )
        found = tuple(package for package in packages() if package.manifest.format == "onnx")
        if not installed():
            st.warning(f"The runtime for browsers is not on this machine. Run `{FETCH}` once, which fetches it.")
        elif not found:
            st.info(
                "There is no model to run yet. Train one first, on the page Train: one on the digits can be drawn to.",
                icon=":material/inventory_2:",
            )
        else:
            _run(choose_package(found))


def _run(package: ModelPackage) -> None:
    given = _rows(package.version)
    store = RunStore(owner())
    if report := browser_part(package, given):
        with errors_shown():
            run, _ = keep_report(report, package, given, store)
            st.session_state[_RUN] = package.version, run.id
    version, run_id = st.session_state.get(_RUN, ("", ""))
    if version == package.version:
        with errors_shown():
            show_measured(store.get(run_id), store)


@st.cache_data(max_entries=16, show_spinner="Reading held-out rows …")
def _rows(version: str) -> BrowserRows:
    return browser_rows(find_package(version))
