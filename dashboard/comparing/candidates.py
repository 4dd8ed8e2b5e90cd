"""The candidates of a comparison: added, changed and removed."""

from typing import Any

import streamlit as st

from dashboard.comparing import state
from data.discovery import kinds
from data.scenario import Candidate, Scenario
from strategies.contract import Strategy

_MOST = 24


def candidates(scenario: Scenario, key: str) -> dict[str, Any]:
    """One line a candidate, and a way to add another."""
    known = kinds("strategies", Strategy)  # type: ignore[type-abstract]
    found = [_line(candidate, f"{key}.{place}", scenario, known) for place, candidate in enumerate(scenario.candidates)]
    names = [name for name in known if name != "null"]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Strategy to add", names, key=f"{key}.new", format_func=lambda name: known[name].title, width=220
        )
        full = len(scenario.candidates) >= _MOST
        if st.button("Add candidate", key=f"{key}.add", icon=":material/add:", disabled=full):
            state.replace(scenario.add(Candidate(name=_free(chosen, scenario), strategy=chosen)))
            st.rerun(scope="fragment")
    return {"candidates": found}


def _line(candidate: Candidate, key: str, scenario: Scenario, known: Any) -> dict[str, Any]:
    strategy = known.get(candidate.strategy)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Name", candidate.name, key=f"{key}.name", max_chars=64, width=180)
        names = [name for name in known if name != "null" or candidate.strategy == "null"]
        chosen = st.selectbox(
            "Strategy",
            names,
            names.index(candidate.strategy) if candidate.strategy in names else None,
            key=f"{key}.strategy",
            format_func=lambda name: known[name].title,
            width=180,
        )
        hosts = list(known[chosen].hosts) if chosen else [candidate.host]
        place = hosts.index(candidate.host) if candidate.host in hosts else 0
        host = st.selectbox("Host", hosts, place, key=f"{key}.host.{chosen}", width=140)
        workers = st.number_input("Workers", 1, 64, candidate.workers, key=f"{key}.workers", width=130)
        alone = len(scenario.candidates) == 1
        label = f"Remove {candidate.name}"
        if st.button(label, key=f"{key}.remove", icon=":material/delete:", disabled=alone):
            state.replace(scenario.remove(candidate.name))
            st.rerun(scope="fragment")
    if strategy is None:
        st.warning(f"No strategy is named {candidate.strategy}: choose one of {', '.join(known)}.")
    return candidate.model_dump() | {
        "name": name,
        "strategy": chosen or candidate.strategy,
        "host": host,
        "workers": int(workers),
    }


def _free(name: str, scenario: Scenario) -> str:
    taken = {candidate.name for candidate in scenario.candidates}
    return next(new for new in (name, *(f"{name}-{n}" for n in range(2, _MOST + 2))) if new not in taken)
