"""The page that compares candidates: the same traffic to each, side by side."""

import streamlit as st

from dashboard.comparing import state
from dashboard.comparing.controls import controls
from dashboard.parts.tables import plain
from dashboard.views.contract import View


class Compare(View):
    title = "Compare"
    order = 30

    def show(self) -> None:
        st.title("Compare")
        state.current()
        for problem in state.problems():
            st.warning(f"The link says something that cannot be used. {plain(problem)}", icon=":material/link_off:")
        _set_up()


@st.fragment
def _set_up() -> None:
    with st.expander("Set-up", expanded=True):
        controls()
