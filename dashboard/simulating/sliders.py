"""The sliders of the page: they answer while they move, and the keyboard moves them too.

Streamlit's own slider speaks only when it is let go. This one speaks whenever the answer to its last word has come.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent
_KEY = "sliders"
_NUMBER, _REVISION = "_number", "_revision"


@dataclass(frozen=True, slots=True)
class Slider:
    """One number that can be moved."""

    name: str
    label: str
    low: float
    high: float
    """Where the slider ends; the field beside it takes more."""
    most: float
    value: float
    step: float = 1.0
    log: bool = False
    help: str = ""

    def to_plain(self) -> dict[str, Any]:
        names = ("name", "label", "low", "high", "most", "value", "step", "log", "help")
        return {name: getattr(self, name) for name in names}


def moved(revision: int) -> Mapping[str, float]:
    """What the sliders were moved to since that revision of the controls; empty where nobody has touched them."""
    state = _state()
    if state.get(_REVISION) != revision:
        return {}
    return {
        name: value
        for name, value in state.items()
        if not name.startswith("_") and isinstance(value, int | float) and not isinstance(value, bool)
    }


def show_sliders(sliders: list[Slider], revision: int) -> None:
    """Show them. Called after everything else that answers them is drawn: it tells them that they may speak again."""
    # Registered anew each time: the registry belongs to the server, and a script can outlive none of it.
    part = st.components.v2.component(
        "live_sliders",
        html=(_HERE / "sliders.html").read_text(),
        css=(_HERE / "sliders.css").read_text(),
        js=(_HERE / "sliders.js").read_text(),
    )
    answered = _state().get(_NUMBER, 0)
    data = {"revision": revision, "answered": answered, "sliders": [slider.to_plain() for slider in sliders]}
    part(key=_KEY, data=data, on_moved_change=_nothing)


def _state() -> dict[str, Any]:
    state = st.session_state.get(_KEY)
    found = state.get("moved") if isinstance(state, Mapping) else getattr(state, "moved", None)
    return dict(found) if isinstance(found, Mapping) else {}


def _nothing() -> None:
    """Streamlit keeps what a script sends only for those who ask to be called."""
