"""The text of a lesson on the page: prose, formulas, and the diagram."""

import streamlit as st

from data.provenance import Origin
from lessons.handout import drawing
from lessons.language import _
from lessons.texts import LessonText
from lessons.texts.parsing import around_diagram

COLUMN = 720
"""Width in pixels of a calm column: about 80 letters."""
_DIAGRAM = 600


def prose(text: LessonText, section: str, heading: str, *, anchor: str = "") -> None:
    """A section under its heading; nothing where it is empty."""
    markdown = text.prose[section]
    st.header(heading, anchor=anchor or section)
    if markdown:
        st.markdown(markdown, width=COLUMN)


def idea(text: LessonText) -> None:
    """The concepts, with the diagram where the text has it."""
    before, after = around_diagram(text.prose["idea"])
    st.header(_("The idea"), anchor="idea")
    st.markdown(before, width=COLUMN)
    st.image(drawing(text), alt=text.diagram.alt, width=_DIAGRAM)
    st.markdown(after, width=COLUMN)


def badge(origin: Origin) -> None:
    """Whether figures are measured or simulated."""
    if origin == "measured":
        st.badge(_("measured on this machine"), icon=":material/speed:", color="blue")
    else:
        st.badge(_("simulated"), icon=":material/function:", color="gray")
