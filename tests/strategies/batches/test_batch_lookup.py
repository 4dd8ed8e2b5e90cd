"""Looking up what was computed: from Python, over HTTP, as CSV; always with its age."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.errors import InvalidValue
from strategies.batches.job import BatchJob
from strategies.batches.published import Published, UnknownKey
from strategies.batches.run import run
from strategies.hosts.contract import Service
from strategies.hosts.process import ProcessHost
from strategies.packaging.package import ModelPackage
from tests.strategies.batches.conftest import MOMENT, MakeJob


@pytest.fixture
def by_row(make_job: MakeJob) -> BatchJob:
    job = make_job()
    run(job)
    return job


@pytest.fixture
def by_name(make_job: MakeJob, tumours_file: Path, tumour_forest: ModelPackage, tmp_path: Path) -> BatchJob:
    pq.write_table(pq.read_table(tumours_file).slice(0, 3_000), tmp_path / "some.parquet")
    job = make_job(
        input=tmp_path / "some.parquet", package=tumour_forest.folder, key="patient", output=tmp_path / "named.parquet"
    )
    run(job)
    return job


def test_every_key_finds_its_own_answer(by_row: BatchJob, by_name: BatchJob) -> None:
    for job in (by_row, by_name):
        published = Published(job.output)
        table = pq.read_table(job.output)
        for row in table.take(pa.array(range(0, table.num_rows, 97))).to_pylist():
            key = row[table.column_names[0]]
            found = published.find(key)
            assert (found.key, found.prediction, found.version) == (key, row["prediction"], row["model_version"])
            assert list(found.probabilities.values()) == [v for k, v in row.items() if k.startswith("probability_")]
            assert found.computed_at == MOMENT
            assert found.age_s == pytest.approx(time.time() - MOMENT.timestamp(), abs=5)


def test_an_unknown_key_is_told_clearly(by_row: BatchJob, by_name: BatchJob) -> None:
    for job, keys in ((by_row, (0, -1, 10**9, 2**80, "77777777")), (by_name, ("p", "", "p999999", 5))):
        for key in keys:
            with pytest.raises(UnknownKey, match="No prediction has"):
                Published(job.output).find(key)
    with pytest.raises(InvalidValue, match="whole number"):
        Published(by_row.output).find("first")


def test_keys_in_any_order_and_keys_that_repeat(make_job: MakeJob, flights_file: Path, tmp_path: Path) -> None:
    table = pq.read_table(flights_file).slice(0, 3_000)
    keys = [(number * 7_919) % 1_500 for number in range(3_000)]
    pq.write_table(table.append_column("id", pa.array(keys)), tmp_path / "twice.parquet")
    job = make_job(input=tmp_path / "twice.parquet", key="id", chunk_rows=500)
    run(job)
    last = {row["id"]: row["prediction"] for row in pq.read_table(job.output).to_pylist()}
    published = Published(job.output)
    for key in range(0, 1_500, 13):
        assert published.find(key).prediction == last[key]
    with pytest.raises(UnknownKey):
        published.find(1_500)


def test_a_new_output_is_picked_up(by_row: BatchJob) -> None:
    published = Published(by_row.output)
    lines = published.csv()
    next(lines)
    assert published.find(1).computed_at == MOMENT
    later = MOMENT.replace(month=5)
    run(replace(by_row, computed_at=later))
    assert published.find(1).computed_at == later
    assert published.age_s() < time.time() - later.timestamp() + 5
    assert MOMENT.isoformat() in next(lines)  # an export that had begun ends as it began


def test_csv_holds_every_row_with_its_age(by_name: BatchJob) -> None:
    text = "".join(Published(by_name.output).csv())
    rows = list(csv.DictReader(io.StringIO(text)))
    table = pq.read_table(by_name.output)
    assert [row["patient"] for row in rows] == table["patient"].to_pylist()
    assert all(float(row["age_s"]) > 0 and row["model_version"] for row in rows)
    malignant = [float(row["probability_malignant"]) for row in rows]
    assert malignant == pytest.approx(table["probability_malignant"].to_pylist(), abs=1e-7)


def test_a_file_that_no_job_made_is_refused(flights_file: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="was not made by a batch job"):
        Published(flights_file).find(1)
    with pytest.raises(InvalidValue, match="is not there yet"):
        Published(tmp_path / "none.parquet").find(1)


@pytest.fixture
def server(by_name: BatchJob) -> Iterator[str]:
    service = Service("look-up", "strategies.batches.lookup", ("--output", str(by_name.output)))
    with ProcessHost().run(service) as running:
        yield f"http://127.0.0.1:{running.port}"


def get(url: str) -> tuple[int, str, Any]:
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            status, kind, body = answer.status, answer.headers["content-type"], answer.read()
    except urllib.error.HTTPError as error:
        with error:
            status, kind, body = error.code, error.headers["content-type"], error.read()
    return status, kind, json.loads(body) if "json" in kind else body.decode()


def test_over_http(server: str, by_name: BatchJob) -> None:
    row = pq.read_table(by_name.output).slice(5, 1).to_pylist()[0]
    status, kind, found = get(f"{server}/predictions/{row['patient']}")
    assert (status, kind) == (200, "application/json")
    assert found["key"] == row["patient"]
    assert found["prediction"]["label"] == row["prediction"]
    assert found["version"] == row["model_version"]
    assert found["classes"] == ["benign", "malignant"]
    assert found["age_s"] == pytest.approx(time.time() - MOMENT.timestamp(), abs=10)
    status, kind, problem = get(f"{server}/predictions/nobody")
    assert (status, kind) == (404, "application/problem+json")
    assert problem["type"] == "urn:drydock:problem:unknown-key"
    assert problem["field"] == "patient"
    assert "nobody" in problem["detail"]
    assert get(f"{server}/nothing/here")[0] == 404
    assert get(f"{server}/model")[2]["rows_out"] == 3_000
    status, kind, text = get(f"{server}/predictions.csv")
    assert (status, kind) == (200, "text/csv; charset=utf-8")
    assert text.count("\r\n") == 3_001
    assert set(get(f"{server}/openapi.json")[2]["paths"]) == {
        "/predictions.csv", "/predictions/{key}", "/model", "/healthz", "/readyz",
    }  # fmt: skip


def test_before_there_is_an_output_it_is_alive_and_not_ready(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    port = _free_port()
    line = [sys.executable, "-m", "strategies.batches.lookup", "--output", str(tmp_path / "x.parquet"), "--port", port]
    process = subprocess.Popen(line, cwd=root)
    try:
        deadline_s = time.perf_counter() + 30
        while time.perf_counter() < deadline_s:
            try:
                assert get(f"http://127.0.0.1:{port}/healthz")[0] == 200
                break
            except urllib.error.URLError:
                time.sleep(0.05)
        status, _, problem = get(f"http://127.0.0.1:{port}/readyz")
        assert (status, problem["title"]) == (503, "No output yet")
    finally:
        os.kill(process.pid, signal.SIGTERM)
        process.wait(20)


def _free_port() -> str:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])
