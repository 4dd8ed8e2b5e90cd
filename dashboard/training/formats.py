"""The same model in every format: what each costs, what it can carry, and who can read it."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboard.charts.sizes import sizes
from dashboard.parts.address import note, recall
from dashboard.parts.chart import show_chart
from dashboard.parts.progress import follow, show_failure
from dashboard.parts.tables import plain, show_rows
from dashboard.work import look_at, start
from data.estimates.text import digits
from strategies.packaging.package import ModelPackage

_PAGE, _JOB = "train", "formats"
_COMPARE = "strategies.training.format_job:run_format_comparison"
_SAFETY = {
    "data": "loading it runs nothing: it holds only numbers and names",
    "checked": "loading it names every type first, and refuses those that it does not know",
    "code": "loading it runs whatever its author put in: load only your own",
}
_STATUS = {
    "ok": "answers the same",
    "differs": "answers otherwise",
    "not carried": "cannot carry this model",
    "unavailable": "not available here",
    "failed": "failed",
}


@st.fragment
def formats(package: ModelPackage) -> None:
    """The button that compares formats, how far it is, and what it found."""
    st.markdown(
        "A trained model can be kept in several formats. Each is written, loaded in a process of its own, and asked "
        "the same rows as the model itself.",
        width=760,
    )
    job = look_at(known) if (known := recall(_PAGE, _JOB)) else None
    if job is not None and not job.ended:
        follow(job.id)
        return
    if st.button(f"Compare the formats of {package.version}", icon=":material/file_save:"):
        title = f"Formats of {package.manifest.name} {package.version}"
        note(_PAGE, _JOB, start(_COMPARE, {"version": package.version}, lane="train", title=title))
        st.rerun()
    if job is not None and job.result is not None:
        st.markdown(f"**{plain(job.title)}**")
        _show(list(job.result["formats"]))
    elif job is not None:
        show_failure(job)


def _show(found: Sequence[dict[str, Any]]) -> None:
    works = [f for f in found if f["size_bytes"] is not None and f["load_s"] is not None]
    if works:
        chart = sizes([f["title"] for f in works], [f["size_bytes"] for f in works], [f["load_s"] for f in works])
        show_chart(chart, "formats-sizes", caption="Further left is smaller, further down loads faster.")
        show_rows([_measured(f) for f in works], "format")
        st.caption(
            "Medians. The first load is in a fresh process, with the import of everything that it needs. Parity is the "
            "largest difference from what the trained model answers."
        )
    for f in found:
        _told(f)


def _measured(f: dict[str, Any]) -> dict[str, str]:
    parity = f["parity"]
    return {
        "format": f["title"],
        "size": f"{digits(f['size_bytes'] / 1024)} KiB",
        "save": _ms(f["save_s"]),
        "load": _ms(f["load_s"]),
        "first load": _ms(f["first_load_s"]),
        "one row": _ms(f["row_s"]),
        "parity": "not known" if parity is None else f"{digits(parity['max_abs_difference'])} (n={parity['rows']:,})",
        "result": _STATUS[f["status"]],
    }


def _told(f: dict[str, Any]) -> None:
    """What no measurement tells, and why a format could not be used."""
    with st.expander(f"{f['title']}: {_STATUS[f['status']]}"):
        if f["reason"]:
            st.info(plain(f["reason"]), icon=":material/info:")
        lines = {
            "Can carry": f["carries"],
            "Cannot": f["cannot"],
            "Who can read it": f["readers"],
            "Safety": _SAFETY[f["safety"]],
        }
        for name, text in lines.items():
            st.markdown(f"**{name}**: {plain(text)}")


def _ms(value_s: float | None) -> str:
    return "not measured" if value_s is None else f"{digits(value_s * 1e3)} ms"
