"""What is assumed about faults: how often each kind comes and how long it lasts, which nobody can measure here."""

from typing import Any

import streamlit as st

from dashboard.parts.form import label_of
from data.scenario import Scenario
from simulators.architectures.contract import Setting
from simulators.risk import known_faults


def failing(scenario: Scenario, key: str) -> dict[str, Any]:
    """Every fault with its assumptions; only those that were changed are kept in the scenario."""
    st.markdown(
        "Risk is simulated with these faults. How often they come nobody can measure here: the numbers are "
        "assumptions, and yours to change.",
        width=760,
    )
    changed: dict[str, dict[str, float]] = {}
    for name, fault in known_faults().items():
        given = scenario.faults.get(name, {})
        with st.expander(fault.title):
            st.caption(fault.summary)
            places = st.columns(2)
            for place, (setting, about) in enumerate(fault.settings.items()):
                with places[place % 2]:
                    value = _number(setting, about, given.get(setting, about.default), f"{key}.faults.{name}.{setting}")
                if value != about.default:
                    changed.setdefault(name, {})[setting] = value
    known = known_faults()
    kept = {name: given for name, given in scenario.faults.items() if name not in known}  # whose error is shown
    return {"faults": kept | changed}


def _number(name: str, about: Setting, value: float, key: str) -> float:
    return float(
        st.number_input(
            label_of(name), float(about.low), float(about.high), float(value), key=key, help=about.meaning,
            format="%.6g",
        )
    )  # fmt: skip
