"""The text of a lesson on the page: prose, formulas, and the diagram."""

import re
from typing import Literal

import streamlit as st

from data.provenance import Origin
from lessons.handout import drawing
from lessons.language import _
from lessons.texts import LessonText
from lessons.texts.parsing import around_diagram

COLUMN = 720
"""Width in pixels of a calm column: about 80 letters."""
_DIAGRAM = 600
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)


def shown(markdown: str, width: int | Literal["stretch"] = COLUMN) -> None:
    """Markdown; its blocks of code break their lines, as the keyboard does not reach one that scrolls."""
    for place, part in enumerate(_FENCED.split(markdown)):
        if place % 3 == 1:
            language = part or None
        elif place % 3 == 2:
            st.code(part.rstrip("\n"), language, wrap_lines=True, width=width)
        elif part.strip():
            st.markdown(part, width=width)


def prose(text: LessonText, section: str, heading: str, *, anchor: str = "") -> None:
    """A section under its heading; nothing where it is empty."""
    markdown = text.prose[section]
    st.header(heading, anchor=anchor or section)
    if markdown:
        shown(markdown)


def idea(text: LessonText) -> None:
    """The concepts, with the diagram where the text has it."""
    before, after = around_diagram(text.prose["idea"])
    st.header(_("The idea"), anchor="idea")
    shown(before)
    st.image(drawing(text), alt=text.diagram.alt, width=_DIAGRAM)
    shown(after)


def badge(origin: Origin) -> None:
    """Whether figures are measured or simulated."""
    if origin == "measured":
        st.badge(_("measured on this machine"), icon=":material/speed:", color="blue")
    else:
        st.badge(_("simulated"), icon=":material/function:", color="gray")
