"""What an instructor takes into the room for one lesson: slides, handouts, notes, and a link with its QR code."""

import io
from collections.abc import Mapping, Sequence
from functools import partial
from urllib.parse import urlencode, urlsplit

import segno
import streamlit as st

from dashboard.errors import errors_shown
from dashboard.learning import place
from dashboard.learning.bench import show_controls
from dashboard.learning.reading import COLUMN, shown
from dashboard.parts.links import link_to
from lessons.catalogue import experiment
from lessons.handout import handout
from lessons.language import _
from lessons.texts import LessonText

_HERE = ("localhost", "127.0.0.1", "::1")


def show_handing_out(order: Sequence[LessonText]) -> None:
    """Choose a lesson, then its material."""
    st.header(_("Present and hand out"), anchor="material")
    texts = {text.slug: text for text in order}
    slug = st.selectbox(
        _("Lesson"),
        list(texts),
        format_func=lambda slug: f"{texts[slug].number}. {texts[slug].title}",
        key="teach.lesson",
    )
    if slug is None:
        return
    text = texts[slug]
    link_to("learn", _("Present it"), icon=":material/slideshow:", lesson=slug, present="1", slide="0")
    st.caption(_("Left and Right turn the slides, A shows the answer; runs in it are kept in nobody's progress."))
    with st.container(horizontal=True):
        for answers, label in ((False, _("Handout (HTML)")), (True, _("Handout with answers (HTML)"))):
            name = f"{slug}{'-answers' if answers else ''}.html"
            st.download_button(
                label,
                partial(handout, text, answers=answers),
                name,
                "text/html",
                on_click="ignore",
                icon=":material/print:",
            )
    with st.expander(_("Notes for the instructor")):
        shown(text.prose["notes"])
    with errors_shown():
        _preset(text)


@st.fragment
def _preset(text: LessonText) -> None:
    """Set the controls; the link opens the lesson with them."""
    st.subheader(_("A link to this lesson, set up as you like"), anchor="preset")
    chosen = experiment(text.slug)
    settings, seed = show_controls(chosen, chosen.setup(), place.DEFAULT_SEED, f"teach.preset.{text.slug}")
    origin = st.text_input(_("Address of this server"), _origin(), key="teach.origin", width=COLUMN)
    address = link_address(origin, place.link(text.slug, settings, chosen.setup(), seed))
    if urlsplit(origin).hostname in _HERE:
        st.caption(
            _("This address works on this machine only. For a class, start Drydock with make run HOST=0.0.0.0 and give "
              "the address under which others reach this machine.")
        )  # fmt: skip
    st.code(address, language=None, wrap_lines=True)
    st.image(qr_svg(address), alt=_("QR code of {address}").format(address=address), width=240)


def link_address(origin: str, parameters: Mapping[str, str]) -> str:
    """The whole address of the Learn page with these parameters."""
    return f"{origin.rstrip('/')}/learn?{urlencode(parameters)}"


def qr_svg(text: str) -> str:
    """A QR code as SVG, dark on white whatever the page's theme, with the quiet zone that readers need."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out, kind="svg", scale=4, border=4, dark="#000000", light="#ffffff", xmldecl=False, omitsize=True
    )
    return out.getvalue().decode()


def _origin() -> str:
    parts = urlsplit(st.context.url or "http://localhost:8501")
    return f"{parts.scheme}://{parts.netloc}"
