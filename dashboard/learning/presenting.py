"""Presenter mode: one part of a lesson at a time, in large letters, with answers hidden until they are asked for."""

from collections.abc import Callable

import streamlit as st

from dashboard.learning import place
from dashboard.learning.bench import bench
from dashboard.learning.desk import Desk
from dashboard.learning.found import found
from dashboard.learning.reading import badge, shown
from dashboard.parts.address import note, recall
from dashboard.parts.tables import plain
from lessons.handout import drawing
from lessons.language import _
from lessons.texts import ChoiceQuestion, NumberQuestion
from lessons.texts.parsing import around_diagram

_TEXT_PX = 24
_REVEALED = "_learn.revealed"
# Streamlit measures everything in the root's letters, so their size is the size of the page.
_LARGE = f"<style>:root {{ font-size: {_TEXT_PX}px }}</style>"
Slide = tuple[str, Callable[[], None]]


def presenting() -> bool:
    return recall(place.PAGE, "present") == "1"


def present(on: bool) -> None:
    """Enter or leave presenter mode."""
    note(place.PAGE, "present", "1" if on else None)
    note(place.PAGE, "slide", None)


def show_slides(desk: Desk) -> None:
    """The slide that the address names; Left and Right go back and on, A shows the answer."""
    st.html(_LARGE)
    slides = _slides(desk)
    at = _at(len(slides))
    title, draw = slides[at]
    st.title(title)
    draw()
    with st.container(horizontal=True):
        back = st.button(_("Back"), key="slide-back", shortcut="Left", disabled=at == 0)
        on = st.button(_("Next"), key="slide-next", shortcut="Right", disabled=at == len(slides) - 1, type="primary")
        leave = st.button(_("Leave presenter mode"), key="slide-leave", icon=":material/close:")
    st.caption(_("{n} of {all} · {title}").format(n=at + 1, all=len(slides), title=plain(desk.text.title)))
    if back or on:
        note(place.PAGE, "slide", str(at + (1 if on else -1)))
        st.session_state.pop(_REVEALED, None)
        st.rerun()
    if leave:
        present(False)
        st.rerun()


def _at(count: int) -> int:
    text = recall(place.PAGE, "slide") or "0"
    return min(int(text), count - 1) if text.isascii() and text.isdigit() and len(text) < 4 else 0


def _slides(desk: Desk) -> list[Slide]:
    text = desk.text
    before, after = around_diagram(text.prose["idea"])
    return [
        (f"{text.number}. {text.title}", lambda: _opening(desk)),
        (_("Scenario"), lambda: _prose(text.prose["scenario"])),
        (_("The idea"), lambda: _prose(before)),
        (_("The idea, drawn"), lambda: _drawn(desk)),
        *([(_("The idea, continued"), lambda: _prose(after))] if after else []),
        (_("A worked example"), lambda: _prose(text.prose["worked-example"])),
        (_("The missing step"), lambda: _question(desk, text.worked)),
        (_("Predict"), lambda: _prediction(desk)),
        (_("Run"), lambda: _experiment(desk)),
        (_("Why?"), lambda: _question(desk, text.mechanism)),
        (_("What is behind it"), lambda: _prose(text.prose["explanation"])),
        (_("Challenge"), lambda: _prose(text.prose["challenge"])),
        (_("When would this reverse?"), lambda: _question(desk, text.transfer)),
    ]


def _prose(markdown: str) -> None:
    shown(markdown, "stretch")


def _opening(desk: Desk) -> None:
    st.markdown(desk.text.goal)
    badge(desk.experiment.origin_here())


def _drawn(desk: Desk) -> None:
    st.image(drawing(desk.text), alt=desk.text.diagram.alt, width="stretch")


def _prediction(desk: Desk) -> None:
    asked = desk.text.prediction
    st.markdown(desk.text.prose["prediction"])
    st.markdown(asked.direction)
    st.markdown("\n".join(f"- {option}" for option in asked.options))
    st.markdown(asked.number)


def _experiment(desk: Desk) -> None:
    """Live: nothing is kept in anybody's progress."""

    @st.fragment
    def live() -> None:
        settings, seed = bench(desk)
        record = desk.record()
        if record is not None:
            found(desk, record, settings, seed)

    live()


def _question(desk: Desk, question: ChoiceQuestion | NumberQuestion) -> None:
    st.markdown(question.text)
    if isinstance(question, ChoiceQuestion):
        st.markdown("\n".join(f"{chr(65 + i)}. {option.text}\n" for i, option in enumerate(question.options)))
    if st.button(_("Show the answer"), key="slide-reveal", shortcut="A", icon=":material/visibility:"):
        st.session_state[_REVEALED] = True
    if st.session_state.get(_REVEALED):
        _answer(desk, question)


def _answer(desk: Desk, question: ChoiceQuestion | NumberQuestion) -> None:
    if isinstance(question, NumberQuestion):
        st.success(f"**{question.value:g} {question.unit}**\n\n{question.feedback}")
        return
    record = desk.record()
    for place_of, option in enumerate(question.options):
        said = option.feedback.format(**desk.quoted(record)) if record else ""
        (st.success if option.right else st.info)(f"**{chr(65 + place_of)}.** {option.text}\n\n{said}")
