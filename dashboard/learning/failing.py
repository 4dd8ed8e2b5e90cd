"""An experiment that fails where nobody expected it: the learner is told, and the instructor finds file and line."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from dashboard.errors import errors_shown
from dashboard.learning.desk import store
from dashboard.parts.tables import plain
from data.errors import DrydockError
from lessons.catalogue import Broken, where_failed
from lessons.language import _

_logger = logging.getLogger(__name__)
KIND = "failed"
NOBODY = ""
"""Failures are kept as events of no learner."""
_KEPT = 50


@contextmanager
def reported(slug: str) -> Iterator[None]:
    """Drydock's own errors are shown; any other is shown and reported, and the page goes on."""
    with errors_shown():
        try:
            yield
        except DrydockError:
            raise
        except Exception as error:
            _logger.exception("The experiment of %s failed", slug)
            _keep(where_failed(error, slug))
            st.error(
                _("The experiment failed ({error}). Your instructor's page says where; the rest goes on.").format(
                    error=plain(f"{type(error).__name__}: {error}")
                ),
                icon=":material/bug_report:",
            )


def report_log(slug: str, message: str, log: str) -> None:
    """A failure in a job's process, whose log has the lines."""
    lines = re.findall(rf"{re.escape(slug)}\.py\", line (\d+)", log)
    _keep(Broken(slug, f"lessons/experiments/{slug}.py", int(lines[-1]) if lines else 0, message))


def failures() -> list[tuple[str, Broken]]:
    """Moment and place of the last failures, newest first."""
    events = [event for event in store().events(NOBODY) if event.kind == KIND]
    return [
        (event.at, Broken(event.lesson, event.data["file"], int(event.data["line"]), event.data["message"]))
        for event in reversed(events[-_KEPT:])
    ]


def _keep(broken: Broken) -> None:
    store().add(NOBODY, broken.slug, KIND, {"file": broken.file, "line": broken.line, "message": broken.message[:500]})
