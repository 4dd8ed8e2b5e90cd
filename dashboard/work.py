"""What outlives a rerun of the page: the jobs, whose they are, and who still looks at them.

A job belongs to the browser that started it, and ends when nobody looks at it any more. Reloading a page is leaving and
coming back, so a job that loses its last onlooker is given a few seconds before it is cancelled.
"""

import secrets
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from data.errors import DrydockError
from strategies.jobs import JobQueue, JobState, shared_queue

COOKIE = "drydock_browser"
"""The cookie that names a browser, at random."""
LEFT_S = 4.0
"""How long a job goes on after its last onlooker left; a reload takes less."""

_lock = threading.Lock()
_payloads: dict[str, dict[str, Any]] = {}
_onlookers: dict[str, set[str]] = defaultdict(set)


def owner() -> str:
    """Whose runs this page shows: the browser's name, or this session's where the browser refuses cookies."""
    if name := st.context.cookies.get(COOKIE):
        return str(name)
    return str(st.session_state.setdefault("_owner", secrets.token_urlsafe(18)))


def queue() -> JobQueue:
    """The process's queue of jobs."""
    return shared_queue()


def start(
    function: str,
    payload: Mapping[str, Any],
    *,
    lane: str,
    title: str,
    on_end: Callable[[JobState], None] | None = None,
) -> str:
    """Start a job that this browser owns; returns its id. `on_end` is called in another thread when nothing is left."""
    job_id = queue().submit(function, payload, session=owner(), lane=lane, title=title, on_end=on_end).id
    known = {state.id for state in queue().states()}
    for forgotten in _payloads.keys() - known:
        del _payloads[forgotten]
    _payloads[job_id] = dict(payload)
    look_at(job_id)
    return job_id


def own_jobs(lane: str) -> list[tuple[JobState, dict[str, Any]]]:
    """This browser's jobs in that lane, oldest first, each with what it was given."""
    mine = [state for state in queue().states(owner()) if state.lane == lane]
    return [(state, _payloads[state.id]) for state in mine if state.id in _payloads]


def attend() -> None:
    """Keep all that this browser has under way alive while this tab is open; called whenever a page is drawn."""
    for state in queue().states(owner()):
        look_at(state.id)


def look_at(job_id: str) -> JobState | None:
    """The job as it is now, kept alive while this session lives; None for one that is not this browser's."""
    try:
        state = queue().state(job_id)
    except DrydockError:
        return None
    if state.session != owner():
        return None
    if not state.ended:
        seat = _seat()
        with _lock:
            seat.jobs.add(job_id)
            _onlookers[job_id].add(seat.name)
    return state


def cancel(job_id: str) -> None:
    """End one of this browser's jobs; one that is not is left alone."""
    if look_at(job_id) is not None:
        queue().cancel(job_id)


def close() -> None:
    """End everything that the page started."""
    queue().close()


@dataclass(slots=True)
class _Seat:
    """One connected tab."""

    name: str = field(default_factory=secrets.token_hex)
    jobs: set[str] = field(default_factory=set)


def _left(seat: _Seat) -> None:
    with _lock:
        for job_id in seat.jobs:
            _onlookers[job_id].discard(seat.name)
    timer = threading.Timer(LEFT_S, _cancel_unwatched, (tuple(seat.jobs),))
    timer.daemon = True
    timer.start()


def _cancel_unwatched(job_ids: tuple[str, ...]) -> None:
    for job_id in job_ids:
        with _lock:
            if _onlookers[job_id]:
                continue
            del _onlookers[job_id]
        try:
            queue().cancel(job_id)
        except DrydockError:
            continue  # it ended so long ago that nobody remembers it


@st.cache_resource(scope="session", on_release=_left, show_spinner=False)
def _seat() -> _Seat:
    return _Seat()
