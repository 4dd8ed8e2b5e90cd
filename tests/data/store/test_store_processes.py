"""Many processes use the store at once, and some are killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from data.errors import InvalidValue
from data.store import RunStore

ROOT = Path(__file__).parents[3]

PREPARE = """
import sys, numpy as np
from data.provenance import Provenance
from data.scenario import Scenario
from data.store import RunStore
from data.trace import Trace
from data.usage import Usage

scenario = Scenario.default()
url, session = sys.argv[1:3]
n = 5_000
at = np.arange(n) / n
trace = Trace.build({"scheduled_s": at, "end_s": at + 1, "status": np.zeros(n)}, versions=(), usage=Usage(),
                    provenance=Provenance("measured", "api", scenario.to_toml(), 1))
"""
WRITE = (
    PREPARE
    + """
store = RunStore(session, url)
for seed in range(int(sys.argv[3])):
    run = store.start(scenario, "api", seed=seed, group=session)
    store.finish(run.id, trace, {"seed": seed})
    store.annotate(run.id, title=str(seed))
"""
)
FOREVER = (
    PREPARE
    + """
store = RunStore(session, url)
while True:
    print(store.finish(store.start(scenario, "api", seed=1).id, trace, {"n": n}).id, flush=True)
"""
)


def process(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_processes_that_start_together_migrate_once_and_lose_nothing(database: str) -> None:
    writers = [process(WRITE, database, f"s{n}", "6") for n in range(3)]
    for writer in writers:
        _, errors = writer.communicate(timeout=120)
        assert writer.returncode == 0, errors
    for n in range(3):
        runs = [run for run in RunStore(f"s{n}", database).find() if run.session]
        assert sorted(run.seed for run in runs) == list(range(6))
        assert all(run.status == "done" and run.title == str(run.seed) == str(run.summary["seed"]) for run in runs)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_process_killed_at_any_moment_leaves_whole_runs_only(database: str, home: Path) -> None:
    store, told = RunStore("s", database), []
    for attempt in range(3):
        writer = process(FOREVER, database, "s")
        assert writer.stdout is not None
        told += [writer.stdout.readline().strip() for _ in range(3)]
        time.sleep(0.007 * attempt)  # to be somewhere else in the cycle each time
        os.kill(writer.pid, signal.SIGKILL)
        told += writer.communicate()[0].split()
    runs = store.find()
    done = [run for run in runs if run.status == "done"]
    assert {run.id for run in done} >= set(told)
    assert all(len(store.trace(run.id)) == 5_000 for run in done)
    halfway = [run for run in runs if run.status != "done"]
    assert len(halfway) <= 3
    for run in halfway:
        with pytest.raises(InvalidValue, match="was never made"):
            store.trace(run.id)
        assert store.end(run.id, "failed", "killed").status == "failed"
    # A file written just before its process was killed belongs to no run.
    store.tidy(older_than_s=0)
    assert {path.stem for path in (home / "traces").iterdir()} == {run.id for run in done}


def test_readers_do_not_wait_for_a_writer(database: str) -> None:
    from sqlmodel import select

    from data.store._database import database_url, engine_for, writing
    from data.store._tables import RunRow

    store = RunStore("s", database)
    with writing(engine_for(database_url(database))) as session:
        session.exec(select(RunRow)).all()
        assert store.find() == []
