"""Answers computed ahead of need: a job predicts a dataset, and answers are looked up by key, each with its age."""

from datetime import UTC, datetime
from pathlib import Path
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

_PAGE, _JOB, _SCHEDULE = "deploy", "computing", "computing_again"
_LOOK_EVERY_S = 2.0


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
    scheduled = _schedule(package, data)
    # What a schedule publishes is to be seen as it comes.
    st.fragment(_answers, run_every=_LOOK_EVERY_S if scheduled else None)(output, data)


def _schedule(package: ModelPackage, data: str) -> bool:
    """Predicting again and again; whether that goes on now."""
    from strategies.batches.queued import KEEP_PREDICTING, LEAST_EVERY_S

    job = look_at(known) if (known := recall(_PAGE, _SCHEDULE)) else None
    if job is not None and not job.ended:
        follow(job.id)
        return True
    if job is not None and job.error is not None:
        show_failure(job)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        every_s = st.number_input(
            "Seconds between runs", LEAST_EVERY_S, 86_400.0, 60.0, 5.0, key="computed_every_s", width=200
        )
        if st.button("Predict again and again", icon=":material/update:"):
            payload = {"folder": str(package.folder), "data": data, "every_s": every_s}
            title = f"Predicting {data} every {every_s:g} s"
            note(_PAGE, _SCHEDULE, start(KEEP_PREDICTING, payload, lane="schedule", title=title))
            st.rerun()
    return False


def _answers(output: Path, data: str) -> None:
    """What was computed, and how old answers became."""
    from strategies.batches.published import Published

    if output.is_file():
        _ages(output)
        with errors_shown():
            _look_up(Published(output), data)


def _ages(output: Path) -> None:
    from strategies.batches.schedule import read_history, staleness

    if history := read_history(output):
        ages = staleness(history, datetime.now(UTC))
        fresh_s, oldest_s = (max(getattr(age, name) for age in ages) for name in ("fresh_s", "oldest_s"))
        times = "once" if len(ages) == 1 else f"{len(ages):,} times"
        st.caption(
            f"Published {times} on a schedule. Answers were at most {digits(fresh_s)} s old when they were published, "
            f"and at most {digits(oldest_s)} s before the next ones came. The schedule ends with this page."
        )


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
