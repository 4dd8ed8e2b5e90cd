"""The page that tries a model on a small device: in int8 where its operators allow, under the device's limits."""

import streamlit as st

from dashboard.browsing.edge_result import show_edge
from dashboard.deploying.starting import choose_package
from dashboard.parts.address import note, recall
from dashboard.parts.progress import follow, show_failure
from dashboard.training.packages import packages
from dashboard.views.contract import View
from dashboard.work import look_at, owner, start
from strategies.edge.device import SIZES_MIB, missing
from strategies.edge.job import RUN_EDGE
from strategies.packaging.package import ModelPackage

_PAGE = "edge"


class Edge(View):
    title = "Edge"
    order = 26

    def show(self) -> None:
        st.title("Embedded on a small device")
        st.markdown(
            "The model runs in a process that has one core and little memory, as it is and with its weights in one "
            "byte each (int8), in turns. The core is this machine's own: a small board's is several times slower, so "
            "compare the two forms with each other, and not with a board."
        )
        found = tuple(package for package in packages() if package.manifest.format == "onnx")
        if lacking := missing():
            st.warning(lacking)
        elif not found:
            st.info("There is no model to try yet. Train one first, on the page Train.", icon=":material/inventory_2:")
        else:
            _try(choose_package(found))


def _try(package: ModelPackage) -> None:
    state = look_at(job) if (job := recall(_PAGE, "job")) else None
    if state is not None and not state.ended:
        follow(state.id)
        return
    size = st.selectbox("Memory of the device, in MiB", SIZES_MIB, 1, key="memory_mib", bind="query-params", width=300)
    if st.button("Measure", type="primary", icon=":material/memory:"):
        payload = {"folder": str(package.folder), "memory_mib": int(size), "session": owner()}
        title = f"{package.manifest.name} on a device of {size} MiB"
        note(_PAGE, "job", start(RUN_EDGE, payload, lane="measure", title=title))
        st.rerun()
    if state is not None and state.result is not None:
        show_edge(state.title, state.result)
    elif state is not None:
        show_failure(state)
