"""Tables as every page shows them."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

_SPECIAL = str.maketrans({c: f"\\{c}" for c in "\\`*_{}[]()#+-!|<>~:$"})


def plain(text: object) -> str:
    """Text that somebody else wrote, so that none of it is taken for Markdown."""
    return str(text).translate(_SPECIAL)


def show_rows(rows: Sequence[dict[str, Any]], index: str) -> None:
    """A small table; `index` names the column that says what a row is."""
    st.table(pd.DataFrame(rows).set_index(index))
