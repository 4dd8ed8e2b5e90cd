"""Taking results home: traces, the scenario that makes them again, and the figures."""

import io
import json
import zipfile

import pandas as pd
import streamlit as st

from dashboard.comparing.loading import Results
from data.home import home
from data.trace import COLUMNS


def downloads(results: Results) -> None:
    """A button a file; each is made when it is asked for."""
    name = f"{results.scenario.name}-{results.group[:8]}"
    trace_runs = [run for run in results.runs if run.trace_file]
    files = {f"{run.candidate}-{run.repetition + 1}.parquet": run.trace_file for run in trace_runs}
    st.markdown("**Take it with you**")
    with st.container(horizontal=True):
        st.download_button(
            "Traces (Parquet)",
            lambda: _zipped(files),
            f"{name}-traces.zip",
            "application/zip",
            on_click="ignore",
            icon=":material/download:",
        )
        st.download_button(
            "Traces (CSV)",
            lambda: traces_csv(results),
            f"{name}-traces.csv",
            "text/csv",
            on_click="ignore",
            icon=":material/download:",
        )
        st.download_button(
            "Figures (JSON)",
            lambda: figures_json(results),
            f"{name}-figures.json",
            "application/json",
            on_click="ignore",
            icon=":material/download:",
        )
        st.download_button(
            "Scenario (TOML)",
            results.scenario.to_toml(),
            f"{results.scenario.name}.toml",
            "application/toml",
            on_click="ignore",
            icon=":material/download:",
        )


def traces_csv(results: Results) -> str:
    """Every request of every run, one line each."""
    parts = [
        pd.DataFrame({"candidate": name, "repetition": i + 1, **{column: getattr(trace, column) for column in COLUMNS}})
        for name, traces in results.traces.items()
        for i, trace in enumerate(traces)
    ]
    return pd.concat(parts).to_csv(index=False)


def figures_json(results: Results) -> str:
    """Every figure with its interval and n, by candidate, and the scenario."""
    found = {name: summary.to_dict() for name, summary in results.summaries.items()}
    return json.dumps({"scenario": results.scenario.to_mapping(), "candidates": found}, indent=1, ensure_ascii=False)


def _zipped(files: dict[str, str]) -> bytes:
    """The traces' files as they were stored, provenance included."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:  # Parquet is compressed already
        for name, file in files.items():
            archive.write(home() / file, name)
    return content.getvalue()
