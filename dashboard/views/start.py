"""The page that opens first: what this is, and the whole comparison at one press."""

import streamlit as st

from dashboard.views.contract import View


class Start(View):
    title = "Start"
    order = 0

    def show(self) -> None:
        st.title("Drydock")
        st.write(
            "Train a model on real data. Deploy it in several ways, for real, on this machine. "
            "Send each the same traffic and compare latency, cost and risk side by side."
        )
