import streamlit as st

from dashboard.views.contract import View


class Train(View):
    title = "Train"
    order = 1

    def show(self) -> None:
        st.title("Train")
