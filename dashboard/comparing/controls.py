"""The controls of the Compare page: what a scenario holds, and nothing it does not."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from dashboard.comparing import state
from dashboard.comparing.candidates import candidates
from dashboard.comparing.failing import failing
from dashboard.comparing.paying import paying, weighing
from dashboard.parts.form import fields_of
from dashboard.parts.tables import plain
from data.catalogue import dataset_names, find_dataset
from data.discovery import kind_name, kinds
from data.errors import DrydockError
from data.scenario import Budget, Measurement, Scenario, Slo
from data.workloads.contract import Workload
from strategies.training.algorithms.contract import Algorithm


def controls() -> None:
    """Show the controls and keep the scenario as they say; what it refuses is said and not taken over."""
    scenario, key = state.held(), f"c{state.revision()}"
    parts: dict[str, Callable[[Scenario, str], dict[str, Any]]] = {
        "Candidates": candidates,
        "Traffic": _traffic,
        "Model": _model,
        "Goals": _goals,
        "Costs": paying,
        "Weights": weighing,
        "Faults": failing,
        "Measurement": _measurement,
    }
    changes: dict[str, Any] = {}
    for tab, part in zip(st.tabs(list(parts)), parts.values(), strict=True):
        with tab:
            changes |= part(scenario, key)
    try:
        state.set_by_controls(scenario.evolve(**changes))
    except DrydockError as error:
        st.error(f"{plain(error)} The scenario stays as it was.", icon=":material/error:")


def _traffic(scenario: Scenario, key: str) -> dict[str, Any]:
    known = kinds("data.workloads", Workload)  # type: ignore[type-abstract]
    names = list(known)
    now = kind_name(type(scenario.workload))
    chosen = st.selectbox("Kind of traffic", names, names.index(now), key=f"{key}.kind", format_func=_words)
    st.caption((known[chosen].__doc__ or "").strip().partition("\n")[0])
    start = scenario.workload.model_dump() if chosen == now else {}
    return {"workload": {"kind": chosen, **fields_of(known[chosen], start, f"{key}.{chosen}")}}


def _model(scenario: Scenario, key: str) -> dict[str, Any]:
    left, right = st.columns(2)
    datasets = list(dataset_names())
    with left:
        name = st.selectbox("Dataset", datasets, _place(datasets, scenario.data.name), key=f"{key}.data")
        targets = [target.column for target in find_dataset(name).targets]
        target = st.selectbox("Target", targets, _place(targets, scenario.data.target), key=f"{key}.target.{name}")
    algorithms = kinds("strategies.training.algorithms", Algorithm)  # type: ignore[type-abstract]
    with right:
        names = list(algorithms)
        algorithm = st.selectbox(
            "Algorithm",
            names,
            _place(names, scenario.model.algorithm),
            key=f"{key}.algorithm",
            format_func=lambda one: algorithms[one].title,
        )
        formats = ["onnx", "skops"]
        served = st.selectbox("Served as", formats, _place(formats, scenario.model.format), key=f"{key}.format")
    with st.expander("Hyperparameters"):
        hyper = algorithms[algorithm].hyperparameters
        values = fields_of(hyper, scenario.model.parameters, f"{key}.{algorithm}")
    default = hyper()
    changed = {name: value for name, value in values.items() if value != getattr(default, name)}
    around = fields_of(Scenario, {"application": scenario.application}, key, only=("application",), columns=2)
    return {
        **around,
        "data": {"name": name, "target": "" if target == targets[0] else target},
        "model": {"algorithm": algorithm, "parameters": changed, "format": served},
    }


def _goals(scenario: Scenario, key: str) -> dict[str, Any]:
    st.markdown("**Service level objective**: what counts as good enough")
    slo = fields_of(Slo, scenario.slo.model_dump(), f"{key}.slo")
    st.markdown("**Budget**: hard limits; leave empty for none")
    budget = fields_of(Budget, scenario.budget.model_dump(), f"{key}.budget", columns=2)
    return {"slo": slo, "budget": budget}


def _measurement(scenario: Scenario, key: str) -> dict[str, Any]:
    found = fields_of(Measurement, scenario.measurement.model_dump(), f"{key}.measurement")
    seed = fields_of(Scenario, {"seed": scenario.seed}, key, only=("seed",), columns=1)
    return {"measurement": found, **seed}


def _place(options: list[str], value: str) -> int:
    return options.index(value) if value in options else 0


def _words(name: str) -> str:
    text = name.replace("_", " ")
    return f"{text[:1].upper()}{text[1:]}"
