"""Showing a chart: the figure in the page's colours, its text alternative, and its table on request."""

import streamlit as st

from dashboard.charts.chart import Chart
from dashboard.parts.tables import show_frame

_INK = {"light": "#0a1016", "dark": "#e8edf2"}  # the theme's text colours, as in .streamlit/config.toml
_PLAIN = {"displayModeBar": False, "scrollZoom": False, "responsive": True}


def show_chart(chart: Chart, key: str, *, caption: str = "") -> None:
    """Draw it across the column; `key` tells it from the page's other charts."""
    ink = _INK.get(st.context.theme.type or "light", _INK["light"])
    chart.figure.update_layout(font_color=ink)
    chart.figure.update_xaxes(title_font_color=ink, tickfont_color=ink)
    chart.figure.update_yaxes(title_font_color=ink, tickfont_color=ink)
    chart.figure.update_annotations(font_color=ink)
    st.plotly_chart(chart.figure, key=key, alt=chart.alt, width="stretch", config=_PLAIN)
    if caption:
        st.caption(caption)
    with st.expander("Show the numbers"):
        st.write(chart.alt)
        show_frame(chart.table)
