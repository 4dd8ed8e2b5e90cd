"""The page for instructors: the class, what to hand out, the course, and lessons that need mending."""

import streamlit as st

from dashboard.learning.reading import COLUMN
from dashboard.teaching.classroom import show_classroom
from dashboard.teaching.handing_out import show_handing_out
from dashboard.teaching.keeping_order import show_broken, show_course_file
from dashboard.teaching.passcode import may_teach
from dashboard.views.contract import View
from dashboard.views.learn import course_of
from lessons.catalogue import catalogue
from lessons.language import _


class Teach(View):
    title = "Teach"
    order = 51

    def show(self) -> None:
        st.title(_("Teach"))
        st.markdown(
            _("For instructors: a class's progress, and slides, handouts and links for each lesson, all offline."),
            width=COLUMN,
        )  # fmt: skip
        if not may_teach():
            return
        found = catalogue()
        order = course_of(found).arranged(found.texts)
        show_classroom(order)
        show_handing_out(order)
        show_course_file(tuple(found.texts))
        show_broken(found)
