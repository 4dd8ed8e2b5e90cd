"""The tables of learning: who learns, in which class, and what they did. A change here needs a migration."""

from typing import Any

from sqlalchemy import JSON, Text
from sqlmodel import Field, SQLModel


class LearnerRow(SQLModel, table=True):
    """Somebody who learns, known by a code alone."""

    __tablename__ = "learners"

    code: str = Field(primary_key=True, max_length=16)
    name: str = Field(sa_type=Text)
    class_code: str = Field(max_length=16, index=True)
    created_at: str = Field(max_length=32)


class LearnerBrowserRow(SQLModel, table=True):
    """Which learner sits at a browser."""

    __tablename__ = "learner_browsers"

    browser: str = Field(primary_key=True, max_length=64)
    learner: str = Field(max_length=16, index=True)


class ClassRow(SQLModel, table=True):
    """A class that gathers learners' progress."""

    __tablename__ = "classes"

    code: str = Field(primary_key=True, max_length=16)
    title: str = Field(sa_type=Text)
    created_at: str = Field(max_length=32)


class LearningEventRow(SQLModel, table=True):
    """One thing that a learner did. Rows are only ever added, so two tabs never overwrite each other."""

    __tablename__ = "learning_events"

    id: str = Field(primary_key=True, max_length=20)
    learner: str = Field(max_length=16, index=True)
    lesson: str = Field(max_length=64, index=True)
    kind: str = Field(max_length=16)
    at: str = Field(max_length=32)
    data: dict[str, Any] = Field(sa_type=JSON)
