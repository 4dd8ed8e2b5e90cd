"""The run store keeps every run with what it takes to make it again, the same on SQLite and PostgreSQL."""

import math
from pathlib import Path

import numpy as np
import pytest

from data.errors import InvalidValue
from data.provenance import Provenance
from data.scenario import Scenario
from data.store import RunFilter, RunStore, reproduce
from data.store.store import SILENT
from data.trace import Trace
from data.usage import Usage

SCENARIO = Scenario.default().evolve(title="Größe, \u201ckept\u201d", slo={"latency_ms": 12.5})


def made(seed: int = 1, n: int = 50, problems: tuple[str, ...] = ()) -> Trace:
    scheduled = np.sort(np.random.default_rng(seed).uniform(0, 1, n))
    provenance = Provenance("measured", "api", SCENARIO.to_toml(), seed, problems=problems, started_at="2026-01-01")
    columns = {"scheduled_s": scheduled, "end_s": scheduled + 0.01, "status": np.zeros(n)}
    return Trace.build(columns, versions=("v1",), usage=Usage(cpu_s=0.5), provenance=provenance)


@pytest.fixture
def store(database: str) -> RunStore:
    return RunStore("ada", database)


def test_a_run_is_kept_with_all_that_it_takes_to_make_it_again(store: RunStore, database: str, home: Path) -> None:
    begun = store.start(SCENARIO, "api", seed=2**63 - 1, group="g", repetition=2)
    assert (begun.status, begun.trace_file, begun.ended) == ("running", "", False)
    trace = made()
    done = store.finish(begun.id, trace, {"p50_ms": 1.5, "n": 3, "none": math.nan, "deep": {"low": [1, math.inf]}})

    again = RunStore("ada", database).get(begun.id)
    assert again == done
    assert (again.status, again.problems, again.group, again.repetition) == ("done", (), "g", 2)
    assert again.summary == {"p50_ms": 1.5, "n": 3, "none": None, "deep": {"low": [1, None]}}
    assert again.software == trace.provenance.software
    assert again.created_at < again.ended_at
    assert (home / again.trace_file).is_file()
    assert store.trace(begun.id).equals(trace)

    scenario = reproduce(again)
    assert scenario.seed == 2**63 - 1
    assert [c.name for c in scenario.candidates] == ["api"]
    assert scenario.measurement.repetitions == 1
    assert scenario.evolve(seed=1, candidates=SCENARIO.candidates, measurement=SCENARIO.measurement) == SCENARIO


def test_a_trace_that_is_not_to_be_trusted_makes_an_invalid_run(store: RunStore) -> None:
    run = store.finish(store.start(SCENARIO, "api", seed=1).id, made(problems=("the generator was late",)))
    assert (run.status, run.problems) == ("invalid", ("the generator was late",))
    assert store.trace(run.id).provenance.problems == run.problems


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_run_may_end_without_a_trace(store: RunStore, status: str) -> None:
    run = store.end(store.start(SCENARIO, "api", seed=1).id, status, "the server died")  # type: ignore[arg-type]
    assert (run.status, run.problems, run.ended) == (status, ("the server died",), True)
    with pytest.raises(InvalidValue, match=r"was never made \(the server died\)"):
        store.trace(run.id)


def test_an_end_is_final(store: RunStore) -> None:
    run = store.end(store.start(SCENARIO, "api", seed=1).id, "cancelled", "stopped")
    assert store.end(run.id, "failed", "later") == run
    with pytest.raises(InvalidValue, match=r"has ended already \(cancelled\)"):
        store.finish(run.id, made())
    with pytest.raises(InvalidValue, match="is not an end: choose one of cancelled, done, failed, invalid"):
        store.end(run.id, "running")


def test_a_group_is_queued_renewed_and_ended_as_one(store: RunStore) -> None:
    runs = [store.start(SCENARIO, "api", seed=n, group="g", status="queued", repetition=n) for n in range(3)]
    other = store.start(SCENARIO, "api", seed=9)
    store.running(runs[0].id)
    store.finish(runs[0].id, made())
    store.running(runs[1].id)
    store.renew("g", 60)
    assert [store.get(run.id).status for run in runs] == ["done", "running", "queued"]
    store.end_group("g", "cancelled", "stopped")
    assert [store.get(run.id).status for run in runs] == ["done", "cancelled", "cancelled"]
    assert store.get(other.id).status == "running"


def test_the_runs_of_a_job_end_with_it(store: RunStore) -> None:
    mine = store.start(SCENARIO, "api", seed=1, job="j")
    others = [store.start(SCENARIO, "api", seed=1, job=job) for job in ("", "k")]
    done = store.finish(store.start(SCENARIO, "api", seed=1, job="j").id, made())
    store.end_job("j", "failed", "killed")
    assert (store.get(mine.id).status, store.get(mine.id).problems) == ("failed", ("killed",))
    assert store.get(done.id) == done
    assert [store.get(run.id).status for run in others] == ["running", "running"]


def test_a_run_whose_process_went_silent_has_failed(store: RunStore) -> None:
    silent = store.start(SCENARIO, "api", seed=1, lease_s=-1)
    alive = store.start(SCENARIO, "api", seed=1, group="g", lease_s=-1)
    store.renew("g", 60)
    assert store.get(silent.id).problems == (SILENT,)
    assert {run.id: run.status for run in store.find()} == {silent.id: "failed", alive.id: "running"}
    # A machine that slept is not dead: what it still delivers counts.
    assert store.finish(silent.id, made()).status == "done"


def test_runs_are_listed_newest_first_and_filtered(store: RunStore) -> None:
    other = SCENARIO.evolve(name="other")
    a = store.start(SCENARIO, "api", seed=1, group="g1")
    b = store.start(SCENARIO, "embedded", seed=1, group="g1")
    c = store.finish(store.start(other, "api", seed=1, origin="simulated").id, made())

    def ids(**wanted: object) -> list[str]:
        return [run.id for run in store.find(RunFilter(**wanted))]  # type: ignore[arg-type]

    # Ids begin with the millisecond, so runs made within one are in no order.
    assert sorted(ids()) == sorted([a.id, b.id, c.id])
    assert sorted(ids(group="g1")) == sorted([a.id, b.id])
    assert ids(group="g1", candidate="embedded") == [b.id]
    assert ids(scenario_name="other") == [c.id]
    assert ids(origin="simulated") == [c.id]
    assert ids(statuses=("done", "failed")) == [c.id]
    assert ids(statuses=()) == []
    assert ids(limit=2) + ids(limit=2, offset=2) == ids()


def test_sessions_see_only_their_own_runs_the_commands_and_those_shared(database: str) -> None:
    ada, bob, command = RunStore("ada", database), RunStore("bob", database), RunStore("", database)
    secret = ada.finish(ada.start(SCENARIO, "api", seed=1).id, made())
    common = command.start(SCENARIO, "api", seed=1)
    assert [run.id for run in bob.find()] == [common.id]
    for look in (bob.get, bob.trace, bob.annotate):
        with pytest.raises(InvalidValue, match="is not among your runs"):
            look(secret.id)
    for change in (bob.delete, bob.share, bob.restore):
        with pytest.raises(InvalidValue, match="is not among your runs"):
            change([secret.id])
    bob.end(common.id, "failed", "by anybody here")

    ada.share([secret.id])
    assert {run.id for run in bob.find()} == {secret.id, common.id}
    assert bob.trace(secret.id).equals(made())
    with pytest.raises(InvalidValue, match="belongs to another session"):
        bob.delete([secret.id])
    assert bob.end(secret.id, "cancelled").status == "done"
    ada.share([secret.id], False)
    assert [run.id for run in bob.find()] == [common.id]


def test_titles_and_notes(store: RunStore) -> None:
    run = store.start(SCENARIO, "api", seed=1)
    assert store.annotate(run.id, title="Before").note == ""
    named = store.annotate(run.id, note="with the\nnew NIC \N{ROCKET}\0")
    assert (named.title, named.note) == ("Before", "with the\nnew NIC \N{ROCKET}")


def test_deleting_is_undone_until_the_purge(store: RunStore, home: Path) -> None:
    keep, drop = (store.finish(store.start(SCENARIO, "api", seed=n).id, made(n)) for n in (1, 2))
    store.delete([keep.id, drop.id])
    assert store.find() == []
    assert {run.id for run in store.find(RunFilter(deleted=True))} == {keep.id, drop.id}
    store.restore([keep.id])
    assert [run.id for run in store.find()] == [keep.id]
    assert store.purge(older_than_s=3_600) == 0
    assert store.purge() == 1
    assert store.find(RunFilter(deleted=True)) == []
    assert not (home / drop.trace_file).exists()
    assert store.trace(keep.id).equals(made(1))
    with pytest.raises(InvalidValue, match="is not among your runs"):
        store.get(drop.id)


def test_deleting_several_is_all_or_nothing(store: RunStore) -> None:
    run = store.start(SCENARIO, "api", seed=1)
    with pytest.raises(InvalidValue, match="run = 'nonsense' is not among your runs"):
        store.delete([run.id, "nonsense"])
    assert [r.id for r in store.find()] == [run.id]


def test_a_trace_that_changed_or_went_is_refused(store: RunStore, home: Path) -> None:
    run = store.finish(store.start(SCENARIO, "api", seed=1).id, made(1))
    made(2).save(home / run.trace_file)
    with pytest.raises(InvalidValue, match="was changed since the run"):
        store.trace(run.id)
    (home / run.trace_file).unlink()
    with pytest.raises(InvalidValue, match="is not in this state folder"):
        store.trace(run.id)


def test_files_that_nobody_was_told_of_are_tidied_away(store: RunStore, home: Path) -> None:
    run = store.finish(store.start(SCENARIO, "api", seed=1).id, made())
    folder = (home / run.trace_file).parent
    failed, going = (store.start(SCENARIO, "api", seed=n) for n in (1, 2))
    store.end(failed.id, "failed", "killed")
    stranger = "0" * 20  # perhaps another database's
    for name in (f"{failed.id}.parquet", f".{stranger}.parquet.partial", f"{going.id}.parquet", f"{stranger}.parquet"):
        (folder / name).write_bytes(b"left behind")
    assert store.tidy(older_than_s=3_600) == 0
    assert store.tidy(older_than_s=0) == 2
    assert {path.name for path in folder.iterdir()} == {f"{name}.parquet" for name in (run.id, going.id, stranger)}


def test_an_unknown_candidate_makes_no_run(store: RunStore) -> None:
    with pytest.raises(InvalidValue, match="'apu' is not in the scenario"):
        store.start(SCENARIO, "apu", seed=1)
    assert store.find() == []
