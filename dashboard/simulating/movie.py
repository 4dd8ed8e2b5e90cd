"""Requests in motion: the drawing of the plan with a dot for each of a few requests, and the same as a table."""

from pathlib import Path

import pandas as pd
import streamlit as st

from dashboard.charts.chart import COLOURS
from dashboard.parts.tables import show_frame
from dashboard.simulating.drawing import places, svg
from dashboard.simulating.layout import lay_out
from dashboard.simulating.words import in_words
from simulators.plan import Plan
from simulators.whatif.moving import Movement

_HERE = Path(__file__).parent
_DOT = {"light": COLOURS[0], "dark": "#7fbcf5"}
_HOT = {"light": "#B34700", "dark": "#F08A4B"}
_TABLE_ROWS = 400


def show_movie(plan: Plan, movement: Movement, name: str) -> None:
    """`name` tells this movie from the one before."""
    theme = st.context.theme.type or "light"
    theme = theme if theme in _DOT else "light"
    drawing = lay_out(plan)
    part = st.components.v2.component(
        "plan_in_motion",
        html=(_HERE / "movie.html").read_text(),
        css=(_HERE / "movie.css").read_text(),
        js=(_HERE / "movie.js").read_text(),
    )
    part(
        key="movie",
        data={
            "name": f"{name} {theme}",
            "svg": svg(drawing, theme, labels=False),
            "alt": in_words(plan, drawing),
            "places": {key: list(place) for key, place in places(drawing).items()},
            "callers": {call.end: call.start for call in reversed(drawing.calls)},
            "steps": [[s.request, s.doing, s.station, s.from_s, s.until_s] for s in movement.steps],
            "ends": list(movement.ends_s.values()),
            "from_s": movement.from_s,
            "until_s": movement.until_s,
            "dot": _DOT[theme],
            "hot": _HOT[theme],
        },
    )
    st.caption(
        f"Simulated: {len(movement.ends_s)} requests, {movement.why} on, slowed down so that all of it takes "
        "20 seconds."
    )
    with st.expander("The same as a table"):
        show_frame(as_table(movement))


def as_table(movement: Movement) -> pd.DataFrame:
    """A line for each thing that a request does."""
    rows = [
        {
            "from (s)": f"{step.from_s:.4f}",
            "request": step.request,
            "does": step.doing,
            "at": step.station,
            "for (ms)": f"{(step.until_s - step.from_s) * 1e3:.3f}",
        }
        for step in movement.steps[:_TABLE_ROWS]
    ]
    return pd.DataFrame(rows, columns=["from (s)", "request", "does", "at", "for (ms)"])
