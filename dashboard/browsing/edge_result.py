"""What came of a model on a small device."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.parts.links import link_to
from dashboard.parts.tables import plain, show_frame

_FIGURES = {
    "file_bytes": "size of the file",
    "load": "load, first prediction included",
    "peak": "peak memory of the process",
    "p50": "p50 of one prediction",
    "p99": "p99 of one prediction",
    "score": "accuracy, or RMSE",
    "agreement": "rows answered as the original does",
}


def show_edge(title: str, result: Mapping[str, Any]) -> None:
    """A column a form, a line a figure."""
    st.subheader(plain(title), anchor="result")
    if result["unchanged"]:
        st.info(f"{plain(result['unchanged'])} The original alone was measured.", icon=":material/info:")
    columns = {
        variant["name"]: [f"{v:,} bytes" if isinstance(v := variant[key], int) else v for key in _FIGURES]
        for variant in result["variants"]
    }
    show_frame(pd.DataFrame(columns, index=pd.Index(_FIGURES.values(), name="measured")))
    link_to("compare", "See the runs compared", icon=":material/compare_arrows:", run=result["group"])
