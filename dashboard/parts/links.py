"""Links from one page to another."""

from collections.abc import Mapping

import streamlit as st
from streamlit.navigation.page import Page

_PAGES = "_pages"


def remember_pages(pages: Mapping[str, Page]) -> None:
    """Called by the frame: the pages by the names of their files."""
    st.session_state[_PAGES] = dict(pages)


def link_to(name: str, label: str, *, icon: str | None = None, **parameters: str) -> None:
    """A link to the page of that name, with parameters for its address."""
    page = st.session_state.get(_PAGES, {}).get(name)
    if page is not None:
        st.page_link(page, label=label, icon=icon, query_params=parameters or None)
