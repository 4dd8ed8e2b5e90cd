"""The prediction: direction, number, confidence. It locks at the first run."""

import streamlit as st

from dashboard.learning.desk import Desk
from dashboard.learning.reading import shown
from data.estimates import as_text
from lessons.language import _
from lessons.progress import Predicted
from lessons.record import Record


def predicting(desk: Desk) -> None:
    """The form until the first run, then what was said and what came."""
    asked = desk.text.prediction
    st.header(_("Predict"), anchor="prediction")
    if desk.text.prose["prediction"]:
        shown(desk.text.prose["prediction"])
    if desk.state.locked:
        _locked(desk)
        return
    before = desk.state.predicted
    st.markdown(asked.direction)
    direction = st.radio(
        _("Direction"), range(len(asked.options)), before.direction if before else None,
        format_func=lambda i: asked.options[i], key=desk.key("direction"), label_visibility="collapsed",
    )  # fmt: skip
    st.markdown(asked.number)
    unit = _("Your number ({unit})").format(unit=asked.unit) if asked.unit else _("Your number")
    number = st.number_input(
        unit, value=before.number if before else None, key=desk.key("number"), format="%.6g", width=240
    )
    sure = st.slider(
        _("How sure are you of the direction? (%)"), 50, 100, before.confidence if before else 70, 5,
        key=desk.key("confidence"), help=_("50: a coin would do as well. 100: you would bet anything."),
    )  # fmt: skip
    ready = direction is not None and number is not None
    st.button(
        _("Predict"), key=desk.key("predict"), type="secondary" if before else "primary", disabled=not ready,
        on_click=_predict, args=(desk,),
    )  # fmt: skip
    if before and (direction, number, sure) == (before.direction, before.number, before.confidence):
        st.success(_("Noted. You can still change it; it locks when you press Run."), icon=":material/edit_note:")
    elif not ready:
        st.caption(_("Run opens when you have chosen a direction and a number."))


def _predict(desk: Desk) -> None:
    """Keep what the form says now. Another tab may have run meanwhile: then it is too late, and nothing is kept."""
    direction, number, sure = (st.session_state.get(desk.key(name)) for name in ("direction", "number", "confidence"))
    if direction is not None and number is not None and not desk.journal.state().locked:
        desk.journal.predicted(Predicted(direction, float(number), int(sure or 0)))


def _locked(desk: Desk) -> None:
    said, asked = desk.state.predicted, desk.text.prediction
    if said is None or desk.state.first_run is None:
        return
    record = Record.from_dict(desk.state.first_run)
    found = record.figures[record.outcome.figure]
    right = said.direction == record.outcome.direction
    st.markdown(
        _("You predicted: **{option}**, {number:g} {unit}, {sure}% sure.").format(
            option=asked.options[said.direction], number=said.number, unit=asked.unit, sure=said.confidence
        )
    )
    st.markdown(
        _("Your first run: **{option}**, {found}.").format(
            option=asked.options[record.outcome.direction], found=as_text(found)
        )
    )
    st.caption(
        _("The direction came true. The prediction is locked.")
        if right
        else _("It came out differently: those are the runs to learn from. The prediction is locked.")
    )
