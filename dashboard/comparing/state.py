"""The scenario that the Compare page shows: one value, in the session and in the address at once.

The address holds what differs from the default scenario, so a link brings every control back. A control writes the
scenario; the address follows. An address that changes by itself (a link, the browser's back button) is read anew.
"""

import streamlit as st

from data.errors import InvalidScenario
from data.scenario import Scenario

OTHERS = frozenset({"run", "job", "survey", "chart", "repetition", "draw_invalid", "decision", "picture"})
"""Parameters of the address that are not the scenario's."""

_SCENARIO, _WRITTEN, _REVISION, _PROBLEMS = "_scenario", "_scenario_in_url", "_scenario_revision", "_scenario_problems"


def current() -> Scenario:
    """The scenario as it is now; called once at the top of the page."""
    here = _in_address()
    written = st.session_state.get(_WRITTEN)
    if written is None or (here and here != written):
        scenario, problems = Scenario.from_query(here)
        st.session_state[_PROBLEMS] = problems
        replace(scenario)
    else:
        _write()
    return held()


def held() -> Scenario:
    """The scenario without a look at the address."""
    found = st.session_state[_SCENARIO]
    assert isinstance(found, Scenario)
    return found


def problems() -> list[InvalidScenario]:
    """What in the address could not be used."""
    return list(st.session_state.get(_PROBLEMS, []))


def revision() -> int:
    """Grows whenever the controls must start anew from the scenario."""
    return int(st.session_state.get(_REVISION, 0))


def set_by_controls(scenario: Scenario) -> None:
    """Take over what the controls say; they stay as they are."""
    if scenario != st.session_state.get(_SCENARIO):
        st.session_state[_SCENARIO] = scenario
        st.session_state[_PROBLEMS] = []
        _write()


def replace(scenario: Scenario) -> None:
    """Take over a scenario from elsewhere; the controls start anew from it."""
    st.session_state[_SCENARIO] = scenario
    st.session_state[_REVISION] = revision() + 1
    _write()


def _in_address() -> dict[str, str]:
    return {name: value for name, value in st.query_params.to_dict().items() if name not in OTHERS}


def _write() -> None:
    wanted, here = held().to_query(), _in_address()
    for name in here.keys() - wanted.keys():
        del st.query_params[name]
    st.query_params.update({name: value for name, value in wanted.items() if here.get(name) != value})
    st.session_state[_WRITTEN] = wanted
