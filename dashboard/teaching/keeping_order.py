"""The course's order and deadlines, and the lessons that cannot be shown."""

from collections.abc import Sequence

import streamlit as st

from dashboard.learning.failing import failures
from dashboard.parts.tables import plain
from data.errors import InvalidFile
from lessons.catalogue import Broken, Catalogue, check_experiments
from lessons.classes.course import course_file, parse_course
from lessons.language import _


def show_course_file(known: Sequence[str]) -> None:
    """The TOML file, to change here or in an editor."""
    st.header(_("Order and deadlines"), anchor="course")
    path = course_file()
    kept = path.read_text(encoding="utf-8") if path.is_file() else example(known)
    st.markdown(
        _("Kept in `{name}` in the state folder. Lessons that it does not name come after.").format(name=path.name)
    )
    text = st.text_area(_("The course, as TOML"), kept, height=260, key="teach.course")
    try:
        parse_course(text, known)
    except InvalidFile as error:
        st.error(plain(error), icon=":material/error:")
        return
    if st.button(_("Save the course"), disabled=path.is_file() and text == kept, icon=":material/save:"):
        partial = path.with_name(f".{path.name}.partial")
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
        st.rerun()


def example(known: Sequence[str]) -> str:
    """All lessons in their own order, a deadline left to fill in."""
    return "\n".join(f'[[lesson]]\nname = "{slug}"\n# due = 2026-12-01\n' for slug in known)


def show_broken(found: Catalogue) -> None:
    """What cannot be shown, with file and line; the other lessons go on."""
    st.header(_("Lessons that need mending"), anchor="broken")
    broken = [*found.broken, *check_experiments(tuple(found.texts))]
    failed = failures()
    if not broken and not failed:
        st.markdown(_("None: every text can be read, and every experiment loads."))
    for one in broken:
        _one(one, "")
    for moment, one in failed:
        _one(one, _("A run failed at {moment}. ").format(moment=moment[:16].replace("T", " ")))


def _one(broken: Broken, before: str) -> None:
    where = f"{broken.file}, line {broken.line}" if broken.line else broken.file
    st.error(f"**{plain(where)}**\n\n{plain(before)}{plain(broken.message)}", icon=":material/error:")
