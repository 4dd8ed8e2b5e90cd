"""What learners did, kept under a code that names nobody.

A learner is made when they first do something; the browser they sit at finds them again after a reload or a restart,
and any other browser by the code. What they did is a list of events that only grows.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete, select, update

from data.errors import InvalidValue
from data.store._database import database_url, engine_for, reading, writing
from data.store._learning_tables import ClassRow, LearnerBrowserRow, LearnerRow, LearningEventRow
from data.store.run import new_id, now

# Letters and digits that nobody takes for each other.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_MAX_NAME = 80


@dataclass(frozen=True, slots=True)
class Learner:
    """Somebody who learns."""

    code: str
    """Eight letters and digits in two groups, such as K7QF-2M9X."""
    name: str
    """What they want to be called; may be empty."""
    class_code: str
    """The class they joined; empty without one."""
    created_at: str


@dataclass(frozen=True, slots=True)
class Class:
    """Learners whose progress an instructor looks at together."""

    code: str
    title: str
    created_at: str


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a learner did."""

    id: str
    """Sorts by time."""
    learner: str
    lesson: str
    kind: str
    at: str
    """Moment in UTC, ISO 8601."""
    data: Mapping[str, Any]


class LearningStore:
    """Learners, classes and events. Safe to use from several threads and processes at once.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     store = LearningStore(f"sqlite:///{folder}/runs.db")
    ...     ada = store.enter("ada's browser")
    ...     store.add(ada.code, "08_load_and_tails", "opened")
    ...     [event.kind for event in store.events(ada.code)]
    ['opened']
    """

    def __init__(self, url: str | None = None) -> None:
        """Open it; `$DATABASE_URL` or the state folder's file without a `url`."""
        self._engine = engine_for(database_url(url))

    # -- learners ----------------------------------------------------------------------------------------------------

    def known(self, browser: str) -> Learner | None:
        """Who sits at that browser; None before they did anything."""
        with reading(self._engine) as session:
            seat = session.get(LearnerBrowserRow, browser)
            row = session.get(LearnerRow, seat.learner) if seat else None
            return _learner(row) if row else None

    def enter(self, browser: str) -> Learner:
        """Who sits at that browser, made now if nobody was."""
        if found := self.known(browser):
            return found
        row = LearnerRow(code=new_code(), name="", class_code="", created_at=now())
        try:
            with writing(self._engine) as session:
                if session.get(LearnerBrowserRow, browser) is None:
                    session.add(row)
                    session.add(LearnerBrowserRow(browser=browser, learner=row.code))
        except IntegrityError:
            pass  # another tab of the same browser was quicker
        found = self.known(browser)
        assert found is not None
        return found

    def sit(self, browser: str, code: str) -> Learner:
        """The learner with that code goes on at this browser."""
        with writing(self._engine) as session:
            row = session.get(LearnerRow, normal(code))
            if row is None:
                raise InvalidValue("learner code", code, "belongs to nobody here", "check it letter by letter")
            session.merge(LearnerBrowserRow(browser=browser, learner=row.code))
            return _learner(row)

    def rename(self, code: str, name: str) -> None:
        """Call a learner so; an empty name is anonymous again."""
        with writing(self._engine) as session:
            session.exec(update(LearnerRow).where(col(LearnerRow.code) == code).values(name=_clean(name)))

    def enrol(self, code: str, class_code: str) -> None:
        """Put a learner in a class; an empty class code takes them out of theirs."""
        wanted = normal(class_code)
        with writing(self._engine) as session:
            if wanted and session.get(ClassRow, wanted) is None:
                raise InvalidValue("class code", class_code, "is no class here", "ask for the code letter by letter")
            session.exec(update(LearnerRow).where(col(LearnerRow.code) == code).values(class_code=wanted))

    def learners(self, class_code: str) -> list[Learner]:
        """Those in a class, in order of joining the server."""
        query = select(LearnerRow).where(col(LearnerRow.class_code) == class_code)
        with reading(self._engine) as session:
            return [_learner(row) for row in session.exec(query.order_by(col(LearnerRow.created_at)))]

    # -- classes -----------------------------------------------------------------------------------------------------

    def open_class(self, title: str) -> Class:
        """A new class, with a code for learners to join by."""
        row = ClassRow(code=new_code(), title=_clean(title), created_at=now())
        with writing(self._engine) as session:
            session.add(row)
            return Class(row.code, row.title, row.created_at)

    def classes(self) -> list[Class]:
        """All classes, newest first."""
        with reading(self._engine) as session:
            rows = session.exec(select(ClassRow).order_by(col(ClassRow.created_at).desc()))
            return [Class(row.code, row.title, row.created_at) for row in rows]

    # -- events ------------------------------------------------------------------------------------------------------

    def add(self, learner: str, lesson: str, kind: str, data: Mapping[str, Any] | None = None) -> Event:
        """A learner did something."""
        event = Event(new_id(), learner, lesson, kind, now(), dict(data or {}))
        with writing(self._engine) as session:
            session.add(LearningEventRow(**{name: getattr(event, name) for name in Event.__slots__}))
        return event

    def events(self, learner: str, lesson: str | None = None) -> list[Event]:
        """What a learner did, in order; in one lesson or in all."""
        return self.events_of([learner], lesson)

    def events_of(self, learners: Iterable[str], lesson: str | None = None) -> list[Event]:
        """What these learners did, in order."""
        query = select(LearningEventRow).where(col(LearningEventRow.learner).in_(list(learners)))
        if lesson is not None:
            query = query.where(col(LearningEventRow.lesson) == lesson)
        with reading(self._engine) as session:
            rows = session.exec(query.order_by(col(LearningEventRow.at), col(LearningEventRow.id)))
            return [Event(*(getattr(row, name) for name in Event.__slots__)) for row in rows]

    def forget(self, learners: Iterable[str]) -> int:
        """Remove all that these learners did; returns how many events."""
        codes = list(learners)
        with writing(self._engine) as session:
            return _count(session, delete(LearningEventRow).where(col(LearningEventRow.learner).in_(codes)))


def new_code() -> str:
    """A code nobody else has: 8 of 30 letters and digits, one of 6 × 10¹¹."""
    drawn = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    return f"{drawn[:4]}-{drawn[4:]}"


def normal(code: str) -> str:
    """A code as it was given out, from whatever way of writing it.

    >>> normal(" k7qf2m9x ")
    'K7QF-2M9X'
    """
    letters = "".join(c for c in code.upper() if c.isalnum())[:15]
    return f"{letters[:4]}-{letters[4:]}" if letters else ""


def _clean(text: str) -> str:
    return " ".join(text.replace("\0", "").split())[:_MAX_NAME]


def _learner(row: LearnerRow) -> Learner:
    return Learner(row.code, row.name, row.class_code, row.created_at)


def _count(session: Session, statement: Any) -> int:
    return int(session.exec(statement).rowcount)
