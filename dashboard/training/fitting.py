"""Choosing how to learn, and starting it."""

from typing import Any

import streamlit as st

from dashboard.parts.form import fields_of
from dashboard.parts.tables import plain
from dashboard.training.choosing import ChosenData
from data.discovery import kinds
from data.errors import DrydockError
from strategies.training.algorithms.contract import Algorithm
from strategies.training.spec import TrainingSpec
from strategies.training.threshold import Costs

_COSTS = ("false_positive_cost", "false_negative_cost")
_HOW = ("name", "format", "seed", "validation_share", "test_share", "max_rows", "learning_curve", "track")


def fit_form(data: ChosenData) -> TrainingSpec | None:
    """Controls for the algorithm; the spec to train once the button is pressed."""
    algorithms = kinds("strategies.training.algorithms", Algorithm)  # type: ignore[type-abstract]
    able = [name for name, algorithm in algorithms.items() if data.target.task in algorithm.tasks]
    default = able.index("random_forest") if "random_forest" in able else 0
    name = st.selectbox("Algorithm", able, default, key=f"algorithm_{data.target.task}", bind="query-params", width=300)
    algorithm = algorithms[name]
    st.markdown(f"**{algorithm.title}.** {algorithm.summary}")
    key = f"train.{data.name}.{data.target.column}.{name}"
    with st.form(key):
        fields = algorithm.hyperparameters.model_fields
        if fields:
            st.markdown("**Hyperparameters**")
        values = fields_of(algorithm.hyperparameters, {}, f"{key}.h") if fields else {}
        with st.expander("Costs, split and format"):
            more = fields_of(TrainingSpec, {}, key, only=((*_COSTS, *_HOW) if data.target.task == "binary" else _HOW))
        if not st.form_submit_button("Train", type="primary", icon=":material/play_arrow:"):
            return None
    return _spec(data, name, values, algorithm.hyperparameters(), more)


def _spec(
    data: ChosenData, name: str, values: dict[str, Any], default: Any, more: dict[str, Any]
) -> TrainingSpec | None:
    try:
        changed = {n: value for n, value in values.items() if value != getattr(default, n)}
        spec = TrainingSpec.read(
            {"data": data.name, "target": data.target.column, "algorithm": name, "parameters": changed, **more}
        )
        Costs(spec.false_positive_cost, spec.false_negative_cost)  # said here rather than minutes later
        kinds("strategies.training.algorithms", Algorithm)[name](spec.parameters)  # type: ignore[type-abstract]
        return spec
    except DrydockError as error:
        st.error(plain(error), icon=":material/error:")
        return None
