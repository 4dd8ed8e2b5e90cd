"""The tables come up to date by themselves, whoever comes first, and match what the code says."""

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlmodel import SQLModel

from data.errors import Unavailable
from data.scenario import Scenario
from data.store import RunStore, _database
from data.store._database import HEAD, database_url, engine_for


def test_the_migrations_make_the_tables_that_the_code_reads(database: str) -> None:
    engine = engine_for(database_url(database))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), SQLModel.metadata) == []
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == HEAD


def test_runs_of_an_older_drydock_are_kept(database: str) -> None:
    engine = _database._engine(database_url(database).render_as_string(hide_password=False))
    config = Config()
    config.set_main_option("script_location", str(Path(_database.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        columns = [column["name"] for column in inspect(connection).get_columns("runs")]
        values = dict.fromkeys(columns, "") | {"id": "a" * 20, "repetition": 0, "seed": 1, "shared": False}
        values |= dict.fromkeys(["summary", "software", "machine"], "{}") | {"problems": "[]", "status": "done"}
        marks = ", ".join(f":{name}" for name in columns)
        connection.execute(text(f"INSERT INTO runs ({', '.join(columns)}) VALUES ({marks})"), values)
    (run,) = RunStore("", database).find()
    assert (run.id, run.status, run.job) == ("a" * 20, "done", "")


def test_the_newest_migration_is_the_one_named() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(_database.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_a_migration_that_fails_leaves_nothing_behind(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade = _database._upgrade

    def dies(connection: object) -> None:
        upgrade(connection)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(_database, "_upgrade", dies)
    with pytest.raises(KeyboardInterrupt):
        RunStore("", database)
    assert _database._revision(_database._engine(str(database_url(database)))) == ""
    monkeypatch.undo()
    assert RunStore("", database).find() == []


def test_a_store_of_a_newer_drydock_is_left_alone(database: str) -> None:
    RunStore("", database)
    engine = engine_for(database_url(database))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Unavailable, match="was made by a newer Drydock"):
        RunStore("", database)


def test_a_store_that_was_removed_is_made_anew(home: Path) -> None:
    store = RunStore()
    store.start(Scenario.default(), "api", seed=1)
    for path in home.glob("runs.db*"):
        path.unlink()
    assert RunStore().find() == []


def test_the_database_is_a_file_in_wal_mode_or_what_the_environment_names(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    RunStore()
    with engine_for(database_url()).connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
    assert (home / "runs.db").is_file()
    monkeypatch.setenv("DATABASE_URL", "postgres://someone:secret@127.0.0.1:1/none")
    with pytest.raises(Unavailable, match=r"someone:\*\*\*@127\.0\.0\.1:1/none cannot be used .*check DATABASE_URL"):
        RunStore()
