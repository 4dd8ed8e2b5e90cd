"""Taking results home: traces, the scenario that makes them again, and the figures."""

import io
import json
import zipfile

import pandas as pd
import streamlit as st

from dashboard.comparing.loading import runs_of
from data.home import home
from data.trace import COLUMNS
from simulators.comparison.comparison import Comparison


def downloads(comparison: Comparison) -> None:
    """A button a file; each is made when it is asked for."""
    scenario = comparison.scenario
    name = f"{scenario.name}-{comparison.group[:12]}"
    files = {
        f"{run.candidate}-{run.repetition + 1}.parquet": run.trace_file for run in runs_of(comparison) if run.trace_file
    }
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
            lambda: traces_csv(comparison),
            f"{name}-traces.csv",
            "text/csv",
            on_click="ignore",
            icon=":material/download:",
        )
        st.download_button(
            "Figures (JSON)",
            lambda: figures_json(comparison),
            f"{name}-figures.json",
            "application/json",
            on_click="ignore",
            icon=":material/download:",
        )
        st.download_button(
            "Scenario (TOML)",
            scenario.to_toml(),
            f"{scenario.name}.toml",
            "application/toml",
            on_click="ignore",
            icon=":material/download:",
        )


def traces_csv(comparison: Comparison) -> str:
    """Every request of every run, one line each."""
    parts = [
        pd.DataFrame(
            {
                "candidate": result.candidate.name,
                "repetition": i + 1,
                **{column: getattr(trace, column) for column in COLUMNS},
            }
        )
        for result in comparison.results
        for i, trace in enumerate(result.traces)
    ]
    return pd.concat(parts).to_csv(index=False) if parts else ""


def figures_json(comparison: Comparison) -> str:
    """Every figure with its interval and n, as the command writes it."""
    return json.dumps(comparison.to_dict(), indent=2, ensure_ascii=False) + "\n"


def _zipped(files: dict[str, str]) -> bytes:
    """The traces' files as they were stored, provenance included."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:  # Parquet is compressed already
        for name, file in files.items():
            archive.write(home() / file, name)
    return content.getvalue()
