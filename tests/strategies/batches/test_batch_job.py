"""A job from beginning to end, against what the model itself answers to the rows."""

import csv
import hashlib
import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.errors import Cancelled, InvalidFile, InvalidValue
from strategies.batches.checkpoint import OutputBusy, checkpoint, folder_of
from strategies.batches.digest import InputChanged
from strategies.batches.job import BatchJob
from strategies.batches.manifest import BatchManifest, manifest_path, rejects_path
from strategies.batches.run import run
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import load_predictor
from tests.strategies.batches.conftest import MOMENT, MakeJob

ROOT = Path(__file__).parents[3]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def rejects_of(output: Path) -> list[dict[str, str]]:
    with rejects_path(output).open(newline="") as file:
        return list(csv.DictReader(file))


def spoiled(flights: pd.DataFrame) -> pd.DataFrame:
    """Rows 3, 1,005 and 1,006 are unusable, counted from 1; the second in two cells."""
    rows = flights.astype({"carrier": object, "distance_miles": float})
    rows.loc[2, "carrier"] = "XX"
    rows.loc[1_004, "distance_miles"] = np.nan
    rows.loc[1_004, "carrier"] = None
    rows.loc[1_005, "distance_miles"] = 1e39
    return rows


def test_every_row_is_answered_as_the_model_answers_it(
    make_job: MakeJob, flights: pd.DataFrame, flights_linear: ModelPackage
) -> None:
    job = make_job()
    manifest = run(job)
    table = pq.read_table(job.output)
    expected = load_predictor(flights_linear).predict(flights_linear.manifest.schema.encode(flights))
    assert table.column_names == ["row", "prediction", "model_version", "computed_at"]
    assert table["row"].to_pylist() == list(range(1, len(flights) + 1))
    np.testing.assert_allclose(table["prediction"].to_numpy(), expected[:, 0], rtol=1e-5)
    assert set(table["model_version"].to_pylist()) == {flights_linear.version}
    assert set(table["computed_at"].to_pylist()) == {MOMENT}
    about = manifest.about
    assert (about.rows_in, about.rows_out, about.rows_rejected) == (len(flights), len(flights), 0)
    assert about.input_sha256 == sha256(job.input)
    assert about.version == flights_linear.version
    assert manifest.output_sha256 == sha256(job.output)
    assert manifest.rejects_sha256 == sha256(rejects_path(job.output))
    assert manifest == BatchManifest.read(job.output)
    assert rejects_of(job.output) == []
    assert manifest.rows_per_s == pytest.approx(len(flights) / manifest.seconds)
    assert not folder_of(job.output).exists()
    assert sorted(p.name for p in job.output.parent.iterdir() if p.name.startswith("out")) == [
        "out.parquet", "out.parquet.manifest.json", "out.rejects.csv",
    ]  # fmt: skip


def test_classes_have_a_label_by_the_models_threshold(
    make_job: MakeJob, tumours_file: Path, tumour_forest: ModelPackage, tmp_path: Path
) -> None:
    manifest = replace(tumour_forest.manifest, threshold=0.2)
    folder = tmp_path / "cautious"
    folder.mkdir()
    for file in tumour_forest.folder.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "manifest.json").write_text(json.dumps(manifest.to_dict()))
    few = pq.read_table(tumours_file).slice(0, 700)
    pq.write_table(few, tmp_path / "few.parquet")
    job = make_job(input=tmp_path / "few.parquet", package=folder, key="patient")
    run(job)
    table = pq.read_table(job.output)
    names = manifest.outputs
    probabilities = np.stack([table[f"probability_{name}"].to_numpy() for name in names], axis=1)
    x = manifest.schema.encode(few.to_pandas())
    np.testing.assert_allclose(probabilities, load_predictor(tumour_forest).predict(x), atol=1e-6)
    assert table["prediction"].to_pylist() == [names[int(p >= 0.2)] for p in probabilities[:, 1]]
    assert table["patient"].to_pylist() == few["patient"].to_pylist()


def test_bad_rows_go_to_the_rejects_with_their_reason(make_job: MakeJob, flights: pd.DataFrame, tmp_path: Path) -> None:
    spoiled(flights).to_parquet(tmp_path / "spoiled.parquet")
    job = make_job(input=tmp_path / "spoiled.parquet")
    about = run(job).about
    assert (about.rows_in, about.rows_out, about.rows_rejected) == (len(flights), len(flights) - 3, 3)
    found = [(int(e["row"]), e["column"], e["value"], e["reason"].partition(":")[0]) for e in rejects_of(job.output)]
    assert found == [
        (3, "carrier", "XX", "is not a known category"),
        (1_005, "carrier", "", "must be given"),
        (1_005, "distance_miles", "", "must be given"),
        (1_006, "distance_miles", "1e+39", "must be finite and within float32"),
    ]
    kept = pq.read_table(job.output)["row"].to_pylist()
    assert kept == [row for row in range(1, len(flights) + 1) if row not in (3, 1_005, 1_006)]


def test_csv_gives_what_parquet_gives_and_names_lines_out_of_shape(
    make_job: MakeJob, flights: pd.DataFrame, tmp_path: Path
) -> None:
    rows = spoiled(flights)
    rows.to_parquet(tmp_path / "rows.parquet")
    from_parquet = make_job(input=tmp_path / "rows.parquet", output=tmp_path / "a.parquet")
    run(from_parquet)
    text = rows.to_csv(index=False).splitlines()
    broken = [*text[:7], "a,b", *text[7:2_000], '"x', 'y",1,2', *text[2_000:]]  # a quoted line break is one row
    (tmp_path / "rows.csv").write_text("\n".join(broken) + "\n")
    job = make_job(input=tmp_path / "rows.csv", output=tmp_path / "b.parquet")
    manifest = run(job)
    one, other = pq.read_table(from_parquet.output), pq.read_table(job.output)
    assert one["prediction"].equals(other["prediction"])
    shift = np.searchsorted([7, 2_000], one["row"].to_numpy(), side="right")
    shifted = one["row"].to_numpy() + (one["row"].to_numpy() >= 7) + (one["row"].to_numpy() >= 2_000)
    np.testing.assert_array_equal(other["row"].to_numpy(), shifted)
    assert shift.max() == 2
    assert manifest.about.rows_rejected == 5
    assert manifest.about.rows_in == len(flights) + 2
    lines = [(int(e["row"]), e["value"]) for e in rejects_of(job.output) if not e["column"]]
    assert lines == [(7, "2 values"), (2_001, "3 values")]
    assert [int(e["row"]) for e in rejects_of(job.output) if e["column"]] == [3, 1_006, 1_006, 1_007]


def test_the_output_does_not_depend_on_workers_or_engine(make_job: MakeJob, tmp_path: Path) -> None:
    outputs = []
    for workers, engine in ((1, "inline"), (2, "processes"), (3, "processes")):
        job = make_job(workers=workers, engine=engine, output=tmp_path / f"{engine}{workers}.parquet")
        manifest = run(job)
        assert (manifest.engine, manifest.workers) == (engine, workers)
        outputs.append(sha256(job.output))
    assert len(set(outputs)) == 1


def test_one_huge_row_group_and_many_tiny_ones_give_the_same_answers(
    make_job: MakeJob, flights: pd.DataFrame, tmp_path: Path
) -> None:
    answers = []
    for size in (len(flights), 7):
        table = pa.Table.from_pandas(flights.astype({"carrier": str, "origin": str}), preserve_index=False)
        pq.write_table(table, tmp_path / f"{size}.parquet", row_group_size=size)
        job = make_job(input=tmp_path / f"{size}.parquet", output=tmp_path / f"out{size}.parquet", workers=2)
        run(job)
        answers.append(pq.read_table(job.output))
    assert answers[0].equals(answers[1])


def test_progress_grows_to_the_end(make_job: MakeJob) -> None:
    seen: list[tuple[str, float]] = []
    run(make_job(), progress=lambda stage, share: seen.append((stage, share)))
    shares = [share for _, share in seen]
    assert shares == sorted(shares)
    assert seen[-1] == ("published", 1.0)
    assert len({share for stage, share in seen if stage == "predicting"}) >= 3


def test_cancelling_keeps_what_was_finished_and_shows_no_output(make_job: MakeJob) -> None:
    job, looks = make_job(), iter([False, False, True])
    with pytest.raises(Cancelled):
        run(job, cancelled=lambda: next(looks))
    assert not job.output.exists()
    manifest = run(job)
    assert manifest.chunks_found >= 2
    whole = make_job(output=job.output.with_name("whole.parquet"))
    run(whole)
    assert job.output.read_bytes() == whole.output.read_bytes()


def test_a_new_output_replaces_the_old_one_and_only_when_it_is_whole(make_job: MakeJob, flights: pd.DataFrame) -> None:
    job = make_job()
    run(job)
    before = job.output.read_bytes()
    changed = replace(job, computed_at=MOMENT.replace(year=2027))
    with pytest.raises(Cancelled):
        run(changed, cancelled=lambda: True)
    assert job.output.read_bytes() == before
    with pq.ParquetFile(job.output) as reader:  # somebody reads on while it is replaced
        run(changed)
        assert reader.read()["computed_at"][0].as_py() == MOMENT
    assert pq.read_table(job.output)["computed_at"][0].as_py().year == 2027
    assert len(flights) == pq.read_metadata(job.output).num_rows


@pytest.mark.parametrize("step", ["rejects", "manifest", "output"])
def test_interrupted_while_it_publishes_it_publishes_the_same_later(
    make_job: MakeJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    whole = make_job(output=tmp_path / "whole" / "out.parquet")
    whole.output.parent.mkdir()
    run(whole)
    job = make_job()
    targets = {"rejects": rejects_path(job.output), "manifest": manifest_path(job.output), "output": job.output}
    original = Path.replace

    def fail(self: Path, target: Path) -> Path:
        if Path(target) == targets[step]:
            raise OSError("the disk is gone")
        return original(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", fail)
        with pytest.raises(OSError, match="the disk is gone"):
            run(job)
    assert not job.output.exists()
    assert run(job).chunks_found > 0
    assert job.output.read_bytes() == whole.output.read_bytes()


def test_parts_that_were_damaged_are_made_again(make_job: MakeJob) -> None:
    job, looks = make_job(), iter([False, False, False, True])
    with pytest.raises(Cancelled):
        run(job, cancelled=lambda: next(looks))
    parts = sorted((folder_of(job.output) / "parts").glob("*.part"))
    assert len(parts) >= 3
    parts[0].write_bytes(parts[0].read_bytes()[:-100])
    content = bytearray(parts[1].read_bytes())
    content[len(content) // 2] ^= 1
    parts[1].write_bytes(content)
    manifest = run(job)
    assert manifest.chunks_found == len(parts) - 2
    whole = make_job(output=job.output.with_name("whole.parquet"))
    run(whole)
    assert job.output.read_bytes() == whole.output.read_bytes()


@pytest.mark.parametrize("change", ["chunk_rows", "loop", "input", "computed_at"])
def test_what_was_finished_for_another_job_is_not_used(make_job: MakeJob, flights_file: Path, change: str) -> None:
    copy = make_job().output.with_name("copy.parquet")
    copy.write_bytes(flights_file.read_bytes())
    job, looks = make_job(input=copy), iter([False, False, True])
    with pytest.raises(Cancelled):
        run(job, cancelled=lambda: next(looks))
    if change == "input":
        pq.write_table(pq.read_table(copy).slice(5), copy)
    other = {
        "chunk_rows": {"chunk_rows": 900}, "loop": {"loop": "sklearn"}, "input": {},
        "computed_at": {"computed_at": MOMENT.replace(hour=9)},
    }[change]  # fmt: skip
    assert run(replace(job, **other)).chunks_found == 0  # type: ignore[arg-type]


def test_an_input_that_changes_meanwhile_is_told(make_job: MakeJob, flights_file: Path) -> None:
    copy = make_job().output.with_name("copy.parquet")
    copy.write_bytes(flights_file.read_bytes())
    job = make_job(input=copy)

    def touch(_stage: str, _share: float) -> None:
        copy.write_bytes(flights_file.read_bytes())

    with pytest.raises(InputChanged, match=r"copy\.parquet"):
        run(job, progress=touch)
    assert not job.output.exists()
    assert run(job).chunks_found == 0


def test_two_jobs_do_not_make_one_output(make_job: MakeJob) -> None:
    job = make_job()
    with checkpoint(job.output), pytest.raises(OutputBusy, match=r"out\.parquet"):
        run(job)
    run(job)


def test_what_cannot_be_read_is_refused(make_job: MakeJob, tmp_path: Path, flights: pd.DataFrame) -> None:
    flights.drop(columns="carrier").to_parquet(tmp_path / "less.parquet")
    flights.head(0).to_parquet(tmp_path / "none.parquet")
    (tmp_path / "text.parquet").write_text("nothing of the kind")
    (tmp_path / "open.csv").write_text('a,b\n"never closed')
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "latin.csv").write_bytes("é,b\n1,2\n".encode("latin-1"))
    for name, kind, words in (
        ("less.parquet", InvalidValue, "carrier"),
        ("none.parquet", InvalidFile, "holds no rows"),
        ("text.parquet", InvalidFile, "is not Parquet"),
        ("open.csv", InvalidValue, "column"),
        ("empty.csv", InvalidFile, "holds nothing"),
        ("latin.csv", InvalidFile, "UTF-8"),
    ):
        job = make_job(input=tmp_path / name)
        with pytest.raises(kind, match=words):
            run(job)
        assert not job.output.exists()
    with pytest.raises(InvalidValue, match="output column"):
        run(make_job(key="prediction"))
    with pytest.raises(InvalidValue, match="sklearn"):
        run(make_job(loop="pickle"))
    with pytest.raises(InvalidValue, match="is the input itself"):
        make_job(output=make_job().input)


def test_a_job_of_bad_rows_alone_has_an_empty_output(make_job: MakeJob, flights: pd.DataFrame, tmp_path: Path) -> None:
    flights.assign(carrier="XX").to_parquet(tmp_path / "bad.parquet")
    job = make_job(input=tmp_path / "bad.parquet")
    about = run(job).about
    assert (about.rows_out, about.rows_rejected) == (0, len(flights))
    assert pq.read_table(job.output).num_rows == 0
    assert len(rejects_of(job.output)) == len(flights)


def test_the_moment_is_when_the_job_first_began(make_job: MakeJob) -> None:
    job: BatchJob = make_job(computed_at=None)
    before = time.time()
    looks = iter([False, True])
    with pytest.raises(Cancelled):
        run(job, cancelled=lambda: next(looks))
    between = time.time()
    run(job)
    assert before <= pq.read_table(job.output)["computed_at"][0].as_py().timestamp() <= between


def test_predicting_good_rows_waits_for_no_heavy_library(make_job: MakeJob) -> None:
    # Each worker would pay for it again: pandas alone takes half a second and 50 MB.
    job = make_job(engine="inline")
    line = (
        "import sys; from strategies.batches.__main__ import main\n"
        f"status = main(['--input', {str(job.input)!r}, '--package', {str(job.package)!r}, "
        f"'--output', {str(job.output)!r}, '--engine', 'inline', '--quiet'])\n"
        "heavy = {'pandas', 'sklearn', 'scipy', 'dask', 'distributed', 'mlflow'} & set(sys.modules)\n"
        "sys.exit(status or str(heavy) if heavy else status)"
    )
    done = subprocess.run([sys.executable, "-c", line], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
