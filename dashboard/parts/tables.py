"""Tables as every page shows them."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

_SPECIAL = str.maketrans({c: f"\\{c}" for c in "\\`*_{}[]()#+-!|<>~:$"})
_PLAIN_UP_TO = 3
"""Columns that fit a screen 320 px wide. A wider table goes into a grid, which the keyboard can scroll."""


_MOST_LETTERS = 40
"""Of the words that set the columns' widths, on such a screen."""


def plain(text: object) -> str:
    """Text that somebody else wrote, so that none of it is taken for Markdown."""
    return str(text).translate(_SPECIAL)


def show_rows(rows: Sequence[dict[str, Any]], index: str) -> None:
    """A table of texts; `index` names the column that says what a row is."""
    show_frame(pd.DataFrame(rows).set_index(index))


def show_frame(frame: pd.DataFrame) -> None:
    """A table whose index says what a row is."""
    if len(frame.columns) < _PLAIN_UP_TO and len(frame) <= 60 and _letters(frame) <= _MOST_LETTERS:
        texts = frame.map(_text)
        texts.index = pd.Index([plain(name) for name in frame.index], name=frame.index.name)
        texts.columns = pd.Index([plain(name) for name in frame.columns])
        st.table(texts)
    else:
        whole: pd.DataFrame = frame if frame.index.name is None else frame.reset_index()
        st.dataframe(whole, hide_index=True, width="stretch")


def _letters(frame: pd.DataFrame) -> int:
    """Letters of the longest words of all columns, which no line break can divide."""
    columns = [frame.index.astype(str), *(frame[name].map(str) for name in frame.columns)]
    return sum(max((len(word) for text in column for word in text.split()), default=0) for column in columns)


def _text(value: object) -> str:
    return f"{value:,.6g}" if isinstance(value, int | float) else plain(value)
