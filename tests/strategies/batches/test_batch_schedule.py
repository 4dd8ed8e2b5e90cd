"""A schedule runs a job again where its input has changed, and measures how old answers become."""

import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from data.errors import DrydockError, InvalidValue
from strategies.batches.published import Published
from strategies.batches.schedule import Publication, follow, read_history, staleness
from tests.strategies.batches.conftest import MakeJob


def eventually(condition: object, timeout_s: float = 20.0) -> None:
    deadline_s = time.perf_counter() + timeout_s
    while not condition():  # type: ignore[operator]
        assert time.perf_counter() < deadline_s, "it did not happen"
        time.sleep(0.01)


def test_it_runs_again_only_for_new_input_and_notes_each_publication(
    make_job: MakeJob, flights: pd.DataFrame, tmp_path: Path
) -> None:
    source = tmp_path / "in.parquet"
    flights.head(50).to_parquet(source)
    job = make_job(input=source, computed_at=None, engine="inline")
    stop, counts = threading.Event(), []
    thread = threading.Thread(target=lambda: counts.append(follow(job, 0.05, stop=stop)))
    thread.start()
    try:
        eventually(lambda: len(read_history(job.output)) == 1)
        time.sleep(0.3)  # several moments pass, with nothing new
        assert len(read_history(job.output)) == 1
        aged_s = Published(job.output).find(1).age_s
        assert aged_s >= 0.3
        flights.head(80).to_parquet(tmp_path / "next.parquet")
        (tmp_path / "next.parquet").replace(source)
        eventually(lambda: len(read_history(job.output)) == 2)
        assert Published(job.output).find(1).age_s < aged_s + 5
    finally:
        stop.set()
        thread.join()
    assert counts == [2]
    history = read_history(job.output)
    assert [one.rows for one in history] == [50, 80]
    first, second = staleness(history, datetime.now(UTC))
    assert first.oldest_s > first.fresh_s > 0
    assert first.oldest_s >= 0.3
    assert second.oldest_s >= second.fresh_s


def test_staleness_is_from_computing_until_the_next_is_published() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)

    def at(seconds: float) -> str:
        return (start + timedelta(seconds=seconds)).isoformat()

    history = (Publication(at(0), at(10), "a", 1, 10.0), Publication(at(60), at(75), "b", 1, 15.0))
    first, second = staleness(history, start + timedelta(seconds=100))
    assert (first.fresh_s, first.oldest_s) == (10, 75)
    assert (second.fresh_s, second.oldest_s) == (15, 40)


def test_a_failing_run_leaves_the_last_output_and_is_told(
    make_job: MakeJob, flights: pd.DataFrame, tmp_path: Path
) -> None:
    source = tmp_path / "in.parquet"
    flights.head(50).to_parquet(source)
    job = make_job(input=source, computed_at=None, engine="inline")
    stop, failures = threading.Event(), []

    def failed(error: DrydockError | OSError) -> None:
        failures.append(str(error))
        stop.set()

    def spoil() -> None:
        eventually(lambda: len(read_history(job.output)) == 1)
        source.write_text("garbage")

    spoiler = threading.Thread(target=spoil)
    spoiler.start()
    assert follow(job, 0.05, stop=stop, on_failure=failed) == 1
    spoiler.join()
    assert "is not Parquet" in failures[0]
    assert Published(job.output).find(50).key == 50
    with pytest.raises(DrydockError, match="is not Parquet"):
        follow(job, 0.05, stop=threading.Event())
    with pytest.raises(InvalidValue, match="every_s"):
        follow(job, 0, stop=stop)
