"""What the last run found: the main plot with the prediction, the figures, and how they came about."""

import mimetypes
from collections.abc import Mapping

import streamlit as st

from dashboard.charts.chart import Chart
from dashboard.charts.lesson import lesson_chart
from dashboard.learning import place
from dashboard.learning.desk import Desk
from dashboard.learning.reading import badge
from dashboard.parts.chart import show_chart
from dashboard.parts.tables import plain, show_frame, show_rows
from data.estimate import Estimate, Figure
from data.estimates import as_text
from lessons.contract import Control, Settings
from lessons.controls import Choice, Number, Value
from lessons.language import _
from lessons.record import Record

_LARGE_PX, _LARGE_HEIGHT_PX = 20, 560
"""In presenter mode."""


def is_stale(record: Record, settings: Settings, seed: int) -> bool:
    """Whether the controls have moved on since that run."""
    return dict(record.settings) != dict(settings) or record.seed != seed


def found(desk: Desk, record: Record, settings: Settings, seed: int) -> None:
    """Show it, labelled as stale where the controls have changed since."""
    st.header(_("Observe"), anchor="result")
    if is_stale(record, settings, seed):
        st.warning(
            _("Not of the present set-up: these results are for {set_up}. Press Run to see the present one.").format(
                set_up=plain(described(record, desk.experiment.controls))
            ),
            icon=":material/history:",
        )
        if st.button(_("Back to the set-up of these results"), key=desk.key("back"), icon=":material/undo:"):
            place.forget(desk.slug, desk.experiment)
            place.remember(desk.slug, desk.experiment, record.settings, record.seed)
            st.rerun()
    badge(record.origin)
    said = desk.state.predicted
    chart = lesson_chart(record.plot, said.number if said else None, desk.text.prediction.unit)
    if desk.demo:
        _enlarge(chart)
    show_chart(chart, desk.key("plot"), caption=plain(record.provenance))
    for note in record.notes:
        st.caption(plain(note))
    rows = [{_("figure"): label, _("value"): _said(record.figures[name])} for name, label in record.labels.items()]
    show_rows(rows, _("figure"))
    for title, table in record.tables.items():
        _table(title, table)
    for name, text in record.files.items():
        st.download_button(
            _("Download {name}").format(name=name), text, name, mimetypes.guess_type(name)[0] or "text/plain",
            key=desk.key(f"file.{name}"), on_click="ignore", icon=":material/download:",
        )  # fmt: skip


def _said(figure: Figure) -> str:
    """With its interval and n; what is exact, such as a file's size or a sum, has no interval."""
    if not isinstance(figure, Estimate) or not figure.low == figure.value == figure.high:
        return as_text(figure)
    text = as_text(figure, interval=False)
    return f"{text} (n={figure.n:,})" if figure.n > 1 else text


def _enlarge(chart: Chart) -> None:
    """For the back row: everything that is written in the figure."""
    chart.figure.update_layout(font_size=_LARGE_PX, legend_font_size=_LARGE_PX, height=_LARGE_HEIGHT_PX)
    for axis in (chart.figure.update_xaxes, chart.figure.update_yaxes):
        axis(title_font_size=_LARGE_PX, tickfont_size=_LARGE_PX)
    chart.figure.update_annotations(font_size=_LARGE_PX)


def described(record: Record, controls: tuple[Control, ...]) -> str:
    """The settings of a run in words."""
    parts = [f"{_(control.label)} {_shown(control, record.settings[control.name])}" for control in controls]
    return ", ".join([*parts, _("seed {seed}").format(seed=record.seed)])


def _shown(control: Control, value: Value) -> str:
    if isinstance(value, bool):
        return _("on") if value else _("off")
    if isinstance(control, Choice):
        return next((_(option.label) for option in control.options if option.value == value), str(value))
    return f"{value:g} {_(control.unit)}".strip() if isinstance(control, Number) else str(value)


def _table(title: str, rows: object) -> None:
    import pandas as pd

    assert isinstance(rows, list | tuple)
    table: list[Mapping[str, object]] = list(rows)
    if table:
        frame = pd.DataFrame(table)
        st.markdown(f"**{plain(title)}**")
        show_frame(frame.set_index(frame.columns[0]))
