"""What a page does when something goes wrong: say what, why and what to do, and keep the rest of the page."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps

import streamlit as st

from dashboard.parts.tables import plain
from data.errors import DrydockError

_logger = logging.getLogger(__name__)


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


def unexpected(error: Exception) -> bool:
    """Say what went wrong where nobody expected it, and keep the details for the log; the page lives on."""
    if isinstance(error, DrydockError):  # out of a part of the page that redraws itself
        st.error(plain(error), icon=":material/error:")
        return True
    _logger.error("A page failed", exc_info=error)
    st.error(
        f"Something went wrong that should not have: {plain(f'{type(error).__name__}: {error}')}. The log in the "
        "terminal has the details. Reload the page to go on.",
        icon=":material/bug_report:",
    )
    return True
