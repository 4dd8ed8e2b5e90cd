import streamlit as st

from dashboard.views.contract import View


class Compare(View):
    title = "Compare"
    order = 3

    def show(self) -> None:
        st.title("Compare")
