import streamlit as st

from dashboard.views.contract import View


class Deploy(View):
    title = "Deploy"
    order = 2

    def show(self) -> None:
        st.title("Deploy")
