"""What a page remembers in its address: so that a reload or a link brings it back, and another page's visit too.

Streamlit forgets the address's parameters when another page is opened; the session remembers them here.
"""

import streamlit as st


def recall(page: str, name: str) -> str | None:
    """The parameter's value: the address's, or what it was when this page was last open in this session."""
    key = f"_address.{page}.{name}"
    if name in st.query_params:
        st.session_state[key] = st.query_params[name]
    elif (known := st.session_state.get(key)) is not None:
        st.query_params[name] = known
    value = st.session_state.get(key)
    return None if value is None else str(value)


def note(page: str, name: str, value: str | None) -> None:
    """Set the parameter, or with None remove it."""
    st.session_state[f"_address.{page}.{name}"] = value
    if value is None:
        if name in st.query_params:
            del st.query_params[name]
    elif st.query_params.get(name) != value:
        st.query_params[name] = value
