"""The four-pattern table: what is claimed of each pattern, beside what was measured and counted here."""

from pathlib import Path

import pandas as pd
import streamlit as st

from dashboard.comparing import state
from dashboard.parts.address import note, recall
from dashboard.parts.progress import follow, show_failure
from dashboard.parts.tables import plain, show_rows
from dashboard.training.packages import packages
from dashboard.work import look_at, start
from data.scenario import Scenario
from simulators.comparison.comparison import Comparison
from simulators.comparison.patterns import PatternRow, pattern_table
from simulators.comparison.patterns_claims import PATTERNS
from strategies.packaging.package import ModelPackage
from strategies.survey.survey import read_surveys

_PAGE, _JOB = "compare", "survey"
_SURVEY = "strategies.survey.job:run_survey"
_FOUR = Path(__file__).parents[2] / "docs" / "scenarios" / "four_strategies.toml"


def patterns(results: Comparison | None) -> None:
    """The table, with what fills its empty cells."""
    st.markdown(
        "A common table tells four ways to serve a model apart. Here is what it claims beside what was found on this "
        "machine: latencies from the results above, parts and updates from deployments that were counted.",
        width=760,
    )
    table = pattern_table(results.results if results else (), read_surveys())
    for row in table:
        _show(row)
    with st.container(horizontal=True):
        st.download_button(
            "Table (CSV)", lambda: as_csv(table), "four-patterns.csv", "text/csv", on_click="ignore",
            icon=":material/download:",
        )  # fmt: skip
        if st.button("Take the set-up with all four", icon=":material/tune:", disabled=not _FOUR.is_file()):
            state.replace(Scenario.load(_FOUR))
            st.rerun()
    _count(results)


def as_csv(table: tuple[PatternRow, ...]) -> str:
    """Every cell, a line each."""
    lines = [
        {"question": row.question, "pattern": PATTERNS[name], "claimed": c.claimed, "basis": c.basis, "found": c.found}
        for row in table
        for name, c in row.cells.items()
    ]
    return pd.DataFrame(lines).to_csv(index=False)


def _show(row: PatternRow) -> None:
    """A table of three columns for each question, which fits any screen."""
    st.markdown(f"**{plain(row.question)}**")
    show_rows(
        [
            {"pattern": PATTERNS[name], "claimed": cell.claimed, "found here": f"{cell.basis}: {cell.found}"}
            for name, cell in row.cells.items()
        ],
        "pattern",
    )
    if row.remark:
        st.caption(plain(row.remark))


@st.fragment
def _count(results: Comparison | None) -> None:
    """The button that runs each strategy and counts its parts, and how far that is."""
    job = look_at(known) if (known := recall(_PAGE, _JOB)) else None
    if job is not None and not job.ended:
        follow(job.id)
        return
    package = _package(results)
    if st.button("Count the parts", icon=":material/format_list_numbered:", disabled=package is None) and package:
        payload = {"folder": str(package.folder), "strategies": list(PATTERNS)}
        note(_PAGE, _JOB, start(_SURVEY, payload, lane="measure", title="Counting the parts"))
        st.rerun()
    if package is None:
        st.caption("Counting needs a model: run a comparison, or train one on the page Train.")
    else:
        st.caption(
            "Runs each of the four for some seconds, counts what is there, and publishes a new version of model "
            f"{package.version} to it while requests go on."
        )
    if job is not None and job.result is not None:
        note(_PAGE, _JOB, None)
        st.rerun()
    elif job is not None:
        show_failure(job)


def _package(results: Comparison | None) -> ModelPackage | None:
    """The model of the results, if it is still there, or else the newest."""
    found = packages()
    wanted = results.models if results else ()
    return next((p for p in found if p.version in wanted), found[0] if found else None)
