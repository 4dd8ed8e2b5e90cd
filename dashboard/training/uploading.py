"""A user's own table: read, shown as it was understood, and stored as a dataset."""

import re

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from dashboard.errors import errors_shown
from dashboard.parts.tables import plain, show_rows
from data.errors import InvalidFile
from data.text_table import MAX_BYTES, MAX_ROWS
from data.uploads.choosing import TASK_RULE, Choice, infer_task, usable_features
from data.uploads.reading import UploadedTable, read_table
from data.uploads.storing import store_upload

_KINDS = ("number", "category", "time", "text")
_SHOWN = 20


def upload_data() -> None:
    """The way from a file to a dataset, one step at a time."""
    st.markdown(
        f"CSV or Parquet, up to {MAX_BYTES // 1_000_000} MB and {MAX_ROWS:,} rows. The file stays on this machine, and "
        "nothing in it is executed."
    )
    file = st.file_uploader("File", ["csv", "parquet"], key="upload")
    if file is None:
        return
    with errors_shown():
        table = _corrected(_read(file))
        _show(table)
        _store(table)


def _read(file: UploadedFile) -> UploadedTable:
    """The file's table, read once a session."""
    known = st.session_state.get("_upload_read")
    if known is None or known[0] != file.file_id:
        with st.spinner("Reading the file …"):
            known = (file.file_id, read_table(file.getvalue(), file.name))
        st.session_state["_upload_read"] = known
    table: UploadedTable = known[1]
    return table


def _corrected(table: UploadedTable) -> UploadedTable:
    """The table with the kinds that the user says."""
    with st.popover("A column was read wrongly"):
        column = st.selectbox("Column", list(table.cells), key="upload_column")
        kind = st.selectbox("It holds", _KINDS, _KINDS.index(table.column(column).kind), key=f"upload_kind_{column}")
        said = st.session_state.setdefault("_upload_kinds", {}).setdefault(table.file, {})
        if st.button("Read it so"):
            said[column] = kind
    known = {name: kind for name, kind in said.items() if name in table.cells}
    return table.with_kinds(**known) if known else table


def _show(table: UploadedTable) -> None:
    st.markdown(f"{len(table):,} rows, {len(table.columns)} columns:")
    rows = [
        {
            "column": c.name,
            "holds": c.kind,
            "missing": f"{c.missing:,}",
            "malformed": f"{c.malformed:,}",
            "different values": f"{c.distinct:,}",
            "examples": ", ".join(c.examples),
        }
        for c in table.columns
    ]
    show_rows(rows, "column")
    problems, total = table.problems()
    if total:
        st.warning(
            f"{total:,} malformed. "
            + plain(InvalidFile(table.file, problems, "correct them, or leave them out", total))
        )
        with st.expander("Every one that is known"):
            show_rows(
                [
                    {"where": f"{p.place} {p.line}", "column": p.column, "value": p.value, "rule": p.rule}
                    for p in problems[:_SHOWN]
                ],
                "where",
            )


def _store(table: UploadedTable) -> None:
    usable = [c.name for c in table.columns if c.kind in ("number", "category") and c.distinct > 1]
    if not usable:
        st.error("No column holds numbers or categories that differ between rows: there is nothing to learn.")
        return
    target = st.selectbox("What to predict", usable, len(usable) - 1, key="upload_target", help=TASK_RULE)
    task = infer_task(table.column(target), len(table))
    features = list(usable_features(table, target))
    with st.form("store"):
        st.markdown(f"It will be learned as: **{task}**.")
        chosen = st.multiselect("Features", features, features, key=f"upload_features_{target}")
        others: list[str | None] = [None, *(c.name for c in table.columns if c.name != target)]
        left, right = st.columns(2)
        moments = [None, *(c.name for c in table.columns if c.kind in ("time", "number") and c.name != target)]
        about_time = "Rows are then split by it: learn from the past, judge by what came later."
        about_group = "Rows with the same value then stay together when rows are split."
        with left:
            time = st.selectbox("Column with the time (if any)", moments, key="upload_time", help=about_time)
        with right:
            group = st.selectbox("Column with the group (if any)", others, key="upload_group", help=about_group)
        drop = st.checkbox("Leave malformed rows out", key="upload_drop")
        name = st.text_input("Name", _name_of(table.file), key="upload_name", max_chars=64)
        if st.form_submit_button("Store as a dataset", type="primary"):
            taken = tuple(column for column in chosen if column not in (time, group))
            choice = Choice(target, taken, task, time_column=time, group_column=group, drop_malformed=drop)
            with errors_shown():
                stored = store_upload(table, name, choice)
                st.session_state["_upload_stored"] = stored.name
                st.rerun()


def _name_of(file: str) -> str:
    return re.sub(r"[^a-z0-9_.-]+", "_", file.rpartition(".")[0].lower()).strip("_.-")[:64] or "my_data"
