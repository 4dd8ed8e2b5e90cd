"""Controls made from models: types, ranges, units and values."""

import json
from collections.abc import Mapping
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field
from streamlit.testing.v1 import AppTest

from dashboard.parts.form import label_of
from data.discovery import kinds
from data.workloads.contract import Workload


class Kitchen(BaseModel):
    """One field of each sort."""

    guests: int = Field(4, gt=0, le=10, description="How many come.")
    heat: float = Field(0.5, ge=0, lt=1)
    wait_s: float | None = Field(None, gt=0)
    dish: Literal["soup", "pie"] = "soup"
    salted: bool = True
    note: str = ""


def shown(values: Mapping[str, Any] | None = None) -> AppTest:
    def page(model, values):  # its source runs alone, without this file's imports
        import streamlit as st

        from dashboard.parts.form import fields_of

        st.json(fields_of(model, values, "k"))

    return AppTest.from_function(page, args=(Kitchen, values or {})).run()


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("rate_rps", "Rate (per s)"),
        ("latency_ms", "Latency (ms)"),
        ("users", "Users"),
        ("max_error_share", "Max error share"),
        ("usd_per_month", "Usd per month"),
        ("s", "S"),
    ],
)
def test_labels_are_words_with_units(name: str, label: str) -> None:
    assert label_of(name) == label


def test_every_field_becomes_a_control_with_its_range() -> None:
    page = shown()
    guests, heat, wait = page.number_input
    assert (guests.min, guests.max, guests.value) == (1, 10, 4)
    assert (heat.min, heat.value) == (0.0, 0.5)
    assert wait.value is None
    assert page.selectbox[0].options == ["soup", "pie"]
    assert page.toggle[0].value
    assert guests.help == "How many come."


def test_values_come_back_typed_and_start_as_they_were_given() -> None:
    page = shown({"guests": 7, "dish": "pie"})
    assert page.number_input[0].value == 7
    page.selectbox[0].set_value("soup")
    page.number_input[2].set_value(2.5)
    page.run()
    assert not page.exception
    found = json.loads(page.json[0].value)
    assert found == {"guests": 7, "heat": 0.5, "wait_s": 2.5, "dish": "soup", "salted": True, "note": ""}


@pytest.mark.parametrize("name", list(kinds("data.workloads", Workload)))
def test_every_kind_of_traffic_has_controls_that_give_it_back(name: str) -> None:
    def page(name: str) -> None:
        from dashboard.parts.form import fields_of
        from data.discovery import kinds
        from data.workloads.contract import Workload

        kind = kinds("data.workloads", Workload)[name]
        assert kind.model_validate(fields_of(kind, {}, name)) == kind()

    assert not AppTest.from_function(page, args=(name,)).run().exception
