"""Controls made from a pydantic model: each field's type, range and description become a widget.

Whatever has fields with descriptions (a kind of traffic, an algorithm's hyperparameters, an SLO) needs no form written
for it. A widget's value counts only once the model accepts all of them; what it refuses, the caller shows.
"""

from collections.abc import Iterable, Mapping
from types import NoneType
from typing import Any, Literal, cast, get_args, get_origin

import streamlit as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

_WORDS = {
    "s": "s", "ms": "ms", "rps": "per s", "usd": "USD", "bytes": "bytes", "mb": "MB", "gb": "GB",
}  # fmt: skip
_MOST_INT = 2**53 - 1  # what a browser's number holds exactly
_MOST_FLOAT = 1e15


def fields_of(
    model: type[BaseModel],
    values: Mapping[str, Any],
    key: str,
    *,
    only: Iterable[str] | None = None,
    columns: int = 3,
) -> dict[str, Any]:
    """Show a control for each field and return their values.

    Parameters
    ----------
    values
        What the controls start with; a field that is not in it starts at its default.
    key
        Prefix of the widgets' keys. Change it to make the controls start anew.
    only
        Names of the fields to show, in that order; all without it.
    """
    names = list(only if only is not None else model.model_fields)
    places = st.columns(min(columns, max(len(names), 1)))
    found: dict[str, Any] = {}
    for i, name in enumerate(names):
        field = model.model_fields[name]
        start = values.get(name, field.get_default(call_default_factory=True))
        with places[i % len(places)]:
            found[name] = _control(name, field, start, f"{key}.{name}")
    return found


def label_of(name: str) -> str:
    """A field's name as a label: words, with the unit in brackets.

    >>> label_of("rate_rps")
    'Rate (per s)'
    """
    *words, last = name.split("_")
    unit = _WORDS.get(last) if words else None
    text = " ".join(words if unit else [*words, last])
    return f"{text[:1].upper()}{text[1:]}{f' ({unit})' if unit else ''}"


def _control(name: str, field: FieldInfo, start: Any, key: str) -> Any:
    label, about = label_of(name), field.description
    kinds = [k for k in get_args(field.annotation) if k is not NoneType] if _is_optional(field) else [field.annotation]
    kind = kinds[0]
    if get_origin(kind) is Literal:
        options = list(get_args(kind))
        return st.selectbox(label, options, options.index(start), key=key, help=about)
    if kind is bool:
        return st.toggle(label, bool(start), key=key, help=about)
    if kind in (int, float):
        return _number(label, cast(type, kind), field, start, key)
    return st.text_input(label, "" if start is None else str(start), key=key, help=about)


def _number(label: str, kind: type, field: FieldInfo, start: Any, key: str) -> Any:
    low, high = _bounds(field, kind)
    more: dict[str, Any] = {"min_value": low, "max_value": high, "key": key, "help": field.description}
    if kind is int:
        return st.number_input(label, value=None if start is None else int(start), step=1, format="%d", **more)
    value = None if start is None else float(start)
    return st.number_input(label, value=value, step=_step(value), format="%.6g", **more)


def _bounds(field: FieldInfo, kind: type) -> tuple[Any, Any]:
    """The range that the browser can enforce; a bound that is itself excluded is left to the model for a float."""
    most = _MOST_INT if kind is int else _MOST_FLOAT
    beyond = 1 if kind is int else 0
    low = [kind(v) for rule in field.metadata if (v := getattr(rule, "ge", None)) is not None]
    low += [kind(v) + beyond for rule in field.metadata if (v := getattr(rule, "gt", None)) is not None]
    high = [kind(v) for rule in field.metadata if (v := getattr(rule, "le", None)) is not None]
    high += [kind(v) - beyond for rule in field.metadata if (v := getattr(rule, "lt", None)) is not None]
    return max(low, default=kind(-most)), min([*high, kind(most)])


def _step(value: float | None) -> float:
    """A step that changes the value noticeably: a tenth of its power of ten's next."""
    if not value:
        return 1.0
    power = len(str(int(abs(value)))) - 1 if abs(value) >= 1 else -2
    return float(10.0**power) if power else 0.5


def _is_optional(field: FieldInfo) -> bool:
    return NoneType in get_args(field.annotation)
