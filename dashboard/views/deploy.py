import streamlit as st

from dashboard.views.contract import View


class Deploy(View):
    title = "Deploy"
    order = 20

    def show(self) -> None:
        st.title("Deploy")
