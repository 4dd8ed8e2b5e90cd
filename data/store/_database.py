"""The database behind the store: SQLite in the state folder, or PostgreSQL where `DATABASE_URL` names one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from filelock import FileLock
from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool
from sqlmodel import Session

from data.errors import Unavailable
from data.home import home

HEAD = "0003"
"""The newest migration; a test holds it to the files in migrations/versions/."""
_MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_S = 30
# Any number that nobody else uses for an advisory lock in the same database.
_POSTGRES_LOCK = 0x0D12_7D0C


def database_url(url: str | None = None) -> URL:
    """The database in use: the given one, else `$DATABASE_URL`, else runs.db in the state folder."""
    given = url or os.environ.get("DATABASE_URL") or f"sqlite:///{home() / 'runs.db'}"
    found = make_url(given.replace("postgres://", "postgresql://", 1))
    return found.set(drivername="postgresql+psycopg") if found.drivername == "postgresql" else found


def engine_for(url: URL) -> Engine:
    """An engine whose database has the newest tables; shared within a process."""
    engine = _engine(url.render_as_string(hide_password=False))
    try:
        # Looked at each time, because the file may have been removed since.
        _migrate(engine)
    except OperationalError as error:
        where = url.render_as_string(hide_password=True)
        raise Unavailable(
            f"The run store at {where} cannot be used ({_first_line(error)})",
            "check DATABASE_URL and that the database runs, or unset it to keep runs in a file",
        ) from None
    return engine


@cache
def _engine(url: str) -> Engine:
    return _sqlite(url) if url.startswith("sqlite") else create_engine(url, pool_pre_ping=True)


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A session that sees one moment of the database."""
    with Session(engine) as session:
        yield session


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """A session whose changes are saved together at its end, or not at all."""
    # SQLite refuses to turn a reading transaction into a writing one once another process has written, so a writing one
    # says so at its beginning and then waits its turn.
    with Session(engine.execution_options(begin="BEGIN IMMEDIATE")) as session, session.begin():
        yield session


def _sqlite(url: str) -> Engine:
    # A connection for each use: nothing to hand from thread to thread, and nothing left open at exit.
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": _BUSY_S, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA synchronous = NORMAL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    return engine


def _migrate(engine: Engine) -> None:
    """Bring the tables up to date: one process does, the others wait, and one that dies leaves them as they were."""
    if _revision(engine) == HEAD:
        return
    if engine.dialect.name == "sqlite":
        with FileLock(f"{engine.url.database}.lock", timeout=_BUSY_S):
            _into_wal(engine)
            with engine.execution_options(begin="BEGIN IMMEDIATE").begin() as connection:
                _upgrade(connection)
    else:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _POSTGRES_LOCK})
            _upgrade(connection)


def _revision(engine: Engine) -> str:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return ""
        return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


def _into_wal(engine: Engine) -> None:
    # Readers and a writer do not wait for each other in this mode; the file remembers it. Not within a transaction.
    raw = engine.raw_connection()
    try:
        raw.cursor().execute("PRAGMA journal_mode = WAL")
    finally:
        raw.close()


def _upgrade(connection: Connection) -> None:
    # Imported here: a database that is up to date, which is nearly always, needs no Alembic.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise Unavailable(
            f"The run store was made by a newer Drydock ({_first_line(error)})",
            "update Drydock, or set DRYDOCK_HOME to another folder",
        ) from None


def _first_line(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return str(cause).strip().splitlines()[0]
