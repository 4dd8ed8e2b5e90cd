"""The table of runs. A change here needs a migration in migrations/versions/; a test compares the two."""

from typing import Any, get_args

from sqlalchemy import JSON, BigInteger, Column, Text
from sqlmodel import Field, SQLModel

from data.store.run import Run, RunStatus

STATUSES: tuple[str, ...] = get_args(RunStatus)


class RunRow(SQLModel, table=True):
    """A `Run`, and until when it is believed to be alive."""

    __tablename__ = "runs"

    id: str = Field(primary_key=True, max_length=20)
    created_at: str = Field(max_length=32)
    group: str = Field(sa_column=Column("group_id", Text, nullable=False, index=True))
    origin: str = Field(max_length=16)
    scenario: str = Field(sa_type=Text)
    scenario_name: str = Field(max_length=64)
    candidate: str = Field(max_length=64)
    repetition: int
    seed: int = Field(sa_type=BigInteger)
    status: str = Field(max_length=16, index=True)
    problems: list[str] = Field(sa_type=JSON)
    summary: dict[str, Any] = Field(sa_type=JSON)
    trace_file: str = Field(sa_type=Text)
    trace_hash: str = Field(max_length=64)
    software: dict[str, str] = Field(sa_type=JSON)
    machine: dict[str, str] = Field(sa_type=JSON)
    session: str = Field(sa_type=Text, index=True)
    shared: bool
    title: str = Field(sa_type=Text)
    note: str = Field(sa_type=Text)
    ended_at: str = Field(max_length=32)
    deleted_at: str = Field(max_length=32)
    job: str = Field(sa_type=Text, sa_column_kwargs={"server_default": ""})
    alive_until: str = Field(max_length=32)
    """A run that has not ended by then ended without a word: its process was killed."""

    def run(self) -> Run:
        values = self.model_dump(exclude={"alive_until"})
        return Run(**values | {"problems": tuple(self.problems)})
