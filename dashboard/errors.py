"""What a page does when something goes wrong: say what, why and what to do, and keep the rest of the page."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps

import streamlit as st

from dashboard.parts.tables import plain
from data.errors import DrydockError


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show an error that Drydock raises on purpose, whose text names the remedy; anything else goes on up."""
    try:
        yield
    except DrydockError as error:
        st.error(plain(error), icon=":material/error:")


def explained(show: Callable[[], None]) -> Callable[[], None]:
    """A page that shows such an error in its own place."""

    @wraps(show)
    def page() -> None:
        with errors_shown():
            show()

    return page
