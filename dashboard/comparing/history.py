"""Earlier comparisons: shown again, renamed, deleted, and brought back."""

from collections.abc import Callable
from functools import lru_cache
from itertools import groupby

import streamlit as st

from dashboard.comparing.loading import store
from dashboard.errors import errors_shown
from dashboard.parts.tables import plain
from data.scenario import Scenario
from data.store import Run, RunFilter

_SHOWN = 10
_MOST_RUNS = 400
_DELETED = "_deleted_group"

Group = tuple[Run, ...]


def groups(deleted: bool = False) -> list[Group]:
    """Runs that were made to be compared, newest first."""
    runs = store().find(RunFilter(deleted=deleted, limit=_MOST_RUNS))
    by_group = sorted(runs, key=lambda run: run.group)
    found = [tuple(sorted(members, key=lambda run: run.id)) for _, members in groupby(by_group, lambda run: run.group)]
    return sorted(found, key=lambda group: group[0].id, reverse=True)


def name_of(group: Group) -> str:
    """What people call it."""
    return group[0].title or _titled(group[0].scenario) or group[0].scenario_name


@lru_cache(maxsize=256)
def _titled(scenario: str) -> str:
    return Scenario.from_toml(scenario).title


def told(group: Group) -> str:
    """When it was made, of what, and how it ended."""
    candidates = ", ".join(dict.fromkeys(run.candidate for run in group))
    ends = sorted({run.status for run in group} - {"done"})
    ended = f" ({', '.join(ends)})" if ends else ""
    return f"{group[0].created_at[:16].replace('T', ' ')} UTC · {candidates} · {len(group)} runs{ended}"


def history(show: Callable[[str], None]) -> None:
    """The list, with what can be done to each; `show` is called with the group to look at."""
    found = groups()
    _undo()
    if not found:
        st.info("No comparison has been made yet. Press Run above.", icon=":material/history:")
    for group in found[:_SHOWN]:
        _line(group, show)
    if len(found) > _SHOWN:
        st.caption(f"{len(found) - _SHOWN} older ones are kept too; delete newer ones to see them.")


def _line(group: Group, show: Callable[[str], None]) -> None:
    key, name = group[0].group, name_of(group)
    with st.container(horizontal=True, vertical_alignment="center", key=f"history-{key}"):
        st.markdown(f"**{plain(name)}**  \n{plain(told(group))}", width="stretch")
        st.button("Show", key=f"show-{key}", on_click=show, args=(key,), icon=":material/visibility:")
        with st.popover("Rename", icon=":material/edit:"):
            st.text_input("New name", group[0].title, key=f"title-{key}", max_chars=120)
            st.button("Rename it", key=f"rename-{key}", on_click=_rename, args=(group, f"title-{key}"))
        st.button("Delete", key=f"delete-{key}", on_click=_delete, args=(group,), icon=":material/delete:")


def _undo() -> None:
    gone = st.session_state.get(_DELETED)
    if gone:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"“{plain(gone[0])}” was deleted.", width="content")
            st.button("Undo", on_click=_restore, args=(gone[1],), icon=":material/undo:")


def _rename(group: Group, key: str) -> None:
    title = str(st.session_state[key]).strip()
    with errors_shown():
        for run in group:
            store().annotate(run.id, title=title)


def _delete(group: Group) -> None:
    with errors_shown():
        store().delete([run.id for run in group])
        st.session_state[_DELETED] = (name_of(group), [run.id for run in group])


def _restore(run_ids: list[str]) -> None:
    with errors_shown():
        store().restore(run_ids)
        st.session_state.pop(_DELETED, None)
