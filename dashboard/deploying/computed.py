"""Answers computed ahead of need: a job predicts a dataset, and answers are looked up by key, each with its age."""

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.errors import errors_shown
from dashboard.parts.address import note, recall
from dashboard.parts.progress import follow, show_failure
from dashboard.parts.tables import plain, show_rows
from dashboard.work import look_at, start
from data.errors import DrydockError
from data.estimates.text import digits
from strategies.packaging.package import ModelPackage
from strategies.training.report import Report

if TYPE_CHECKING:  # whoever only opens the page need not wait for the job's libraries
    from strategies.batches.published import Published

_PAGE, _JOB = "deploy", "computing"


def computed(package: ModelPackage) -> None:
    """The section: compute, look up, take home."""
    st.header("Computed beforehand", anchor="computed")
    report = Report.of(package)
    if report is None:
        st.caption("This model was not trained here, so no dataset is known to predict ahead of need.")
        return
    _section(package, str(report.spec["data"]))


@st.fragment
def _section(package: ModelPackage, data: str) -> None:
    from strategies.batches.published import Published
    from strategies.batches.queued import PREDICT_AHEAD, output_of

    st.markdown(
        f"A batch job predicts every row of **{plain(data)}** with this model, before anybody asks. Answers are looked "
        "up by the row's number, and each is as old as the job.",
        width=760,
    )
    job = look_at(known) if (known := recall(_PAGE, _JOB)) else None
    if job is not None and not job.ended:
        follow(job.id)
        return
    if st.button("Predict every row now", icon=":material/dataset:"):
        payload = {"folder": str(package.folder), "data": data}
        note(_PAGE, _JOB, start(PREDICT_AHEAD, payload, lane="measure", title=f"Predicting {data}"))
        st.rerun()
    if job is not None and job.result is not None:
        note(_PAGE, _JOB, None)
        st.rerun()
    elif job is not None:
        show_failure(job)
    output = output_of(package.version, data)
    if output.is_file():
        with errors_shown():
            _look_up(Published(output), data)


def _look_up(published: "Published", data: str) -> None:
    about = published.about
    st.markdown(
        f"{about.rows_out:,} answers by version {about.version}, {digits(published.age_s())} s old; "
        f"{about.rows_rejected:,} rows rejected."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = st.text_input("Row number", "1", key="computed_key", max_chars=40, width=200)
        st.button("Look it up", icon=":material/search:")
        st.download_button(
            "All answers (CSV)", lambda: "".join(published.csv()), f"{data}-predictions.csv", "text/csv",
            on_click="ignore", icon=":material/download:",
        )  # fmt: skip
    try:
        found = published.find(key.strip())
    except DrydockError as error:
        st.warning(plain(error), icon=":material/search_off:")
        return
    value = digits(found.prediction) if isinstance(found.prediction, float) else found.prediction
    st.success(
        f"**{plain(about.target)}: {plain(value)}** (version {found.version}, computed {digits(found.age_s)} s ago)",
        icon=":material/check_circle:",
    )
    if found.probabilities:
        show_rows([{"class": n, "probability": f"{p:.4f}"} for n, p in found.probabilities.items()], "class")
