"""The candidates of a comparison: added, copied, changed in place and removed."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard.comparing import state
from dashboard.parts.form import fields_of
from data.discovery import kinds
from data.scenario import Application, Candidate, Scenario, Sizing
from simulators.architectures.contract import Architecture
from strategies.contract import Strategy
from strategies.dealership.contract import FORM_OF_STRATEGY
from strategies.releases.contract import ReleasePolicy

MOST = 24
_SOURCES = ("measured", "simulated")


def candidates(scenario: Scenario, key: str) -> dict[str, Any]:
    """One line a candidate, a way to add another, and all that one of them can be given."""
    known = kinds("strategies", Strategy)  # type: ignore[type-abstract]
    found = [_line(candidate, f"{key}.{place}", scenario, known) for place, candidate in enumerate(scenario.candidates)]
    names = [name for name in known if name != "null"]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Strategy to add", names, key=f"{key}.new", format_func=lambda name: known[name].title, width=220
        )
        full = len(scenario.candidates) >= MOST
        if st.button("Add candidate", key=f"{key}.add", icon=":material/add:", disabled=full):
            state.replace(scenario.add(Candidate(name=_free(chosen, scenario), strategy=chosen)))
            st.rerun(scope="fragment")
    _details(scenario, found, key)
    return {"candidates": found}


def _line(candidate: Candidate, key: str, scenario: Scenario, known: Mapping[str, Any]) -> dict[str, Any]:
    strategy = known.get(candidate.strategy)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Name", candidate.name, key=f"{key}.name", max_chars=64, width=160)
        names = [name for name in known if name != "null" or candidate.strategy == "null"]
        chosen = st.selectbox(
            "Strategy",
            names,
            names.index(candidate.strategy) if candidate.strategy in names else None,
            key=f"{key}.strategy",
            format_func=lambda name: known[name].title,
            width=150,
        )
        source = st.selectbox(
            "Source",
            _SOURCES,
            _SOURCES.index(candidate.source),
            key=f"{key}.source",
            format_func=str.capitalize,
            width=130,
        )
        place = _place(candidate, chosen, source, key, known, scenario.application)
        workers = st.number_input("Workers", 1, 64, candidate.workers, key=f"{key}.workers", width=115)
        full, alone = len(scenario.candidates) >= MOST, len(scenario.candidates) == 1
        if st.button(f"Copy {candidate.name}", key=f"{key}.copy", icon=":material/content_copy:", disabled=full):
            state.replace(scenario.duplicate(candidate.name))
            st.rerun(scope="fragment")
        if st.button(f"Remove {candidate.name}", key=f"{key}.remove", icon=":material/delete:", disabled=alone):
            state.replace(scenario.remove(candidate.name))
            st.rerun(scope="fragment")
    if strategy is None:
        st.warning(f"No strategy is named {candidate.strategy}: choose one of {', '.join(known)}.")
    given = {"name": name, "strategy": chosen or candidate.strategy, "source": source, "workers": int(workers), **place}
    return candidate.model_dump() | given


def _place(
    candidate: Candidate, strategy: str | None, source: str, key: str, known: Mapping[str, Any],
    application: Application,
) -> dict[str, str]:  # fmt: skip
    """Where it runs: a measured candidate's host, a simulated one's architecture.

    The dealership is built in one form for each strategy, which is what its architecture then is.
    """
    form = FORM_OF_STRATEGY.get(strategy or "") if application == "dealership" else None
    if source == "measured" and form is not None:
        st.text_input("Form", form, key=f"{key}.form.{strategy}", disabled=True, width=150)
        return {"host": "process", "architecture": form}
    if source == "measured":
        hosts = list(known[strategy].hosts) if strategy else [candidate.host]
        at = hosts.index(candidate.host) if candidate.host in hosts else 0
        return {"host": st.selectbox("Host", hosts, at, key=f"{key}.host.{strategy}", width=120)}
    architectures = _architectures()
    fitting = [name for name, one in architectures.items() if strategy in one.strategies and name != "null"]
    options = fitting or [candidate.architecture]
    at = options.index(candidate.architecture) if candidate.architecture in options else 0
    chosen = st.selectbox(
        "Architecture",
        options,
        at,
        key=f"{key}.architecture.{strategy}",
        format_func=lambda name: architectures[name].title if name in architectures else name,
        width=210,
    )
    return {"architecture": chosen}


def _details(scenario: Scenario, found: list[dict[str, Any]], key: str) -> None:
    """Settings, size, release and effort of one candidate, written into its entry of `found`."""
    names = [candidate.name for candidate in scenario.candidates]
    with st.expander("Settings, size and effort of one candidate"):
        name = st.selectbox("Candidate to set", names, key=f"{key}.detail")
        entry = found[names.index(name)]
        mine = f"{key}.detail.{name}"
        releases = [n for n in kinds("strategies.releases", ReleasePolicy) if n != "none"]  # type: ignore[type-abstract]
        if entry["source"] == "simulated":
            at = releases.index(entry["release"]) if entry["release"] in releases else 0
            entry["release"] = st.selectbox(
                "Release", releases, at, key=f"{mine}.release", format_func=lambda n: n.replace("_", " ").capitalize()
            )
            entry["settings"] = _settings(entry, mine)
        entry["sizing"] = fields_of(Sizing, entry["sizing"], f"{mine}.sizing", columns=2)


def _settings(entry: dict[str, Any], key: str) -> dict[str, Any]:
    """The architecture's settings; those left at their defaults are not kept."""
    settings = _architectures()[entry["architecture"]].settings
    places, kept = st.columns(2), {}
    for i, (name, setting) in enumerate(settings.items()):
        if name == "workers":
            continue
        whole = isinstance(setting.default, int)
        now = entry["settings"].get(name, setting.default)
        kind = int if whole else float
        with places[i % 2]:
            value = st.number_input(
                name.replace("_", " ").capitalize(),
                kind(setting.low),
                kind(setting.high),
                min(max(kind(now), kind(setting.low)), kind(setting.high)),
                key=f"{key}.{entry['architecture']}.{name}",
                help=setting.meaning,
                format="%d" if whole else "%.6g",
            )
        if value != setting.default:
            kept[name] = value
    return kept


def _architectures() -> Mapping[str, type[Architecture]]:
    return kinds("simulators.architectures", Architecture)  # type: ignore[type-abstract]


def _free(name: str, scenario: Scenario) -> str:
    taken = {candidate.name for candidate in scenario.candidates}
    return next(new for new in (name, *(f"{name}-{n}" for n in range(2, MOST + 2))) if new not in taken)
