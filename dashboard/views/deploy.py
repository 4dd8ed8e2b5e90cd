"""The page that deploys: choose a model and a strategy, and try what runs."""

import streamlit as st

from dashboard.deploying.computed import computed
from dashboard.deploying.live import show_live
from dashboard.deploying.publishing import publish_to_all
from dashboard.deploying.starting import choose_package, strategy_cards
from dashboard.shipping.section import shipping_of
from dashboard.training.packages import packages
from dashboard.views.contract import View
from dashboard.work import own_jobs

_SHOWN = 6


class Deploy(View):
    title = "Deploy"
    order = 20

    def show(self) -> None:
        st.title("Deploy")
        found = packages()
        if not found:
            st.info(
                "There is no model to deploy yet. Train one first, on the page Train.", icon=":material/inventory_2:"
            )
            return
        st.header("What runs", anchor="running")
        mine = own_jobs("deploy")[-_SHOWN:]
        if not mine:
            st.markdown("Nothing yet. Start a deployment below: it runs for real, on this machine.")
        for state, payload in reversed(mine):
            show_live(state, payload)
        publish_to_all(mine)
        st.header("Start another", anchor="start") if mine else st.header("Start one", anchor="start")
        package = choose_package(found)
        strategy_cards(package)
        computed(package)
        shipping_of(package)
        st.caption("A deployment ends when you stop it, and a few seconds after the last tab of this page is closed.")
