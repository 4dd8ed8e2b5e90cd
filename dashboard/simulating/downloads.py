"""Taking a simulated run home: every request as Parquet or CSV, and the question that makes it again."""

import io
import json
import tempfile
from pathlib import Path

import pandas as pd
import streamlit as st

from data.trace import COLUMNS, Trace
from simulators.whatif import Asked
from simulators.whatif.running import TRACE_MOST, run


def downloads(asked: Asked) -> None:
    """A button a file; each is made when it is asked for, by the same run with the same seed."""
    question = asked.question
    name = f"simulated-{question.preset}-{question.architecture}-{question.strategy}-seed-{question.seed}"
    too_long = asked.requests > TRACE_MOST
    st.markdown("**Take it with you**")
    with st.container(horizontal=True):
        st.download_button(
            "Trace (Parquet)", lambda: _parquet(_trace(asked)), f"{name}.parquet", "application/vnd.apache.parquet",
            on_click="ignore", icon=":material/download:", disabled=too_long,
        )  # fmt: skip
        st.download_button(
            "Trace (CSV)", lambda: _csv(_trace(asked)), f"{name}.csv", "text/csv",
            on_click="ignore", icon=":material/download:", disabled=too_long,
        )  # fmt: skip
        st.download_button(
            "Question (JSON)", json.dumps(question.to_query(), indent=2) + "\n", f"{name}.json", "application/json",
            on_click="ignore", icon=":material/download:",
        )  # fmt: skip
    if too_long:
        st.caption(f"A trace is kept of at most {TRACE_MOST:,} requests: simulate a shorter time to take one.")


def _trace(asked: Asked) -> Trace:
    trace = run(asked, keep_rows=True).trace
    assert trace is not None
    return trace


def _parquet(trace: Trace) -> bytes:
    """As the run store keeps traces, provenance included."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.parquet"
        trace.save(path)
        return path.read_bytes()


def _csv(trace: Trace) -> bytes:
    content = io.StringIO()
    pd.DataFrame({name: getattr(trace, name) for name in COLUMNS}).to_csv(content, index=False)
    return content.getvalue().encode()
