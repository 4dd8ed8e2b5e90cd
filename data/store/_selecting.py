"""Which runs are meant: what a session may see and change, and what a listing asks for."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import col, or_

from data.provenance import Origin
from data.store._tables import RunRow
from data.store.run import RunStatus

Condition = ColumnElement[bool]
OPEN = ("queued", "running")


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs to list; what is left out does not matter."""

    group: str | None = None
    scenario_name: str | None = None
    candidate: str | None = None
    origin: Origin | None = None
    statuses: tuple[RunStatus, ...] | None = None
    deleted: bool = False
    """List the deleted ones instead of the others."""
    limit: int = 1_000
    offset: int = 0

    def conditions(self) -> list[Condition]:
        same = {name: getattr(self, name) for name in ("group", "scenario_name", "candidate", "origin")}
        return [
            col(RunRow.deleted_at) != "" if self.deleted else col(RunRow.deleted_at) == "",
            *(col(getattr(RunRow, name)) == value for name, value in same.items() if value is not None),
            *([] if self.statuses is None else [col(RunRow.status).in_(self.statuses)]),
        ]


def owned_by(session: str) -> Condition:
    """The session's own runs, and the command's, which belong to everybody here."""
    return col(RunRow.session).in_(("", session))


def visible_to(session: str) -> Condition:
    return or_(owned_by(session), col(RunRow.shared))


def still_open(*more: Any) -> tuple[Any, ...]:
    """Runs that have not ended."""
    return col(RunRow.status).in_(OPEN), *more
