"""A scenario as a file: opened here, saved there, run by the command without a browser."""

from collections.abc import Callable

import streamlit as st

from dashboard.comparing import state
from dashboard.errors import errors_shown
from data.scenario import Scenario


def open_scenario(on_reset: Callable[[], None]) -> None:
    """Take over a scenario from a TOML file, give the present one out, or begin anew; then `on_reset` is called too."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.popover("Open a scenario file", icon=":material/folder_open:"):
            file = st.file_uploader("Scenario (TOML)", ["toml"], key=f"scenario_file_{state.revision()}")
            if file is not None:
                with errors_shown():
                    state.replace(Scenario.from_toml(file.getvalue().decode("utf-8", errors="replace")))
                    st.rerun()
        st.download_button(
            "Save this scenario",
            state.held().to_toml(),
            f"{state.held().name}.toml",
            "application/toml",
            on_click="ignore",
            icon=":material/save:",
        )
        if st.button("Reset", icon=":material/restart_alt:"):
            on_reset()
            state.replace(Scenario.default())
            st.rerun()
