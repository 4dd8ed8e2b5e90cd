"""Small inputs for offline prediction, and ways to make a job's output."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.catalogue import find_dataset
from strategies.batches.job import BatchJob
from strategies.packaging.package import ModelPackage

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
"""A stated moment, so that two outputs can be the same to the byte."""

MakeJob = Callable[..., BatchJob]


@pytest.fixture(scope="session")
def flights() -> pd.DataFrame:
    """Real flights: categories, whole numbers, and gaps in the weather."""
    dataset = find_dataset("flight_delay")
    rows = dataset.load().iloc[::60][list(dataset.schema.names)].reset_index(drop=True)
    assert rows["wind_mph"].isna().any()
    return rows


@pytest.fixture(scope="session")
def flights_file(flights: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Those flights in uneven row groups."""
    path = tmp_path_factory.mktemp("flights") / "flights.parquet"
    table = pa.Table.from_pandas(flights, preserve_index=False)
    with pq.ParquetWriter(path, table.schema) as writer:
        for start, stop in ((0, 2_500), (2_500, 2_510), (2_510, 2_550), (2_550, len(flights))):
            writer.write_table(table.slice(start, stop - start))
    return path


@pytest.fixture(scope="session")
def tumours_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """56,900 rows of tumour, repeated with small changes, with a key."""
    dataset = find_dataset("tumour")
    rows = pd.concat([dataset.load()[list(dataset.schema.names)]] * 100, ignore_index=True)
    rows *= np.random.default_rng(4).uniform(0.9, 1.1, rows.shape)
    rows["patient"] = [f"p{number:06d}" for number in np.random.default_rng(5).permutation(len(rows))]
    path = tmp_path_factory.mktemp("tumours") / "tumours.parquet"
    pq.write_table(pa.Table.from_pandas(rows, preserve_index=False), path, row_group_size=20_000)
    return path


@pytest.fixture
def make_job(home: Path, tmp_path: Path, flights_linear: ModelPackage, flights_file: Path) -> MakeJob:  # noqa: ARG001
    """A job over the flights; any of its fields can be given otherwise."""

    def make(**changes: object) -> BatchJob:
        usual = {
            "input": flights_file, "package": flights_linear.folder, "output": tmp_path / "out.parquet",
            "workers": 1, "chunk_rows": 1_000, "computed_at": MOMENT,
        }  # fmt: skip
        return BatchJob(**{**usual, **changes})  # type: ignore[arg-type]

    return make


def command_line(job: BatchJob) -> list[str]:
    """The same job as a process."""
    options = {
        "input": job.input, "package": job.package, "output": job.output, "workers": job.workers,
        "engine": job.engine, "chunk-rows": job.chunk_rows, "loop": job.loop,
    }  # fmt: skip
    arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    arguments += ["--key", job.key] if job.key else []
    arguments += ["--computed-at", job.computed_at.isoformat()] if job.computed_at else []
    return [sys.executable, "-m", "strategies.batches", "--quiet", *arguments]


def start(job: BatchJob, **options: object) -> "subprocess.Popen[bytes]":
    """Start it as a process of its own, in a session of its own."""
    root = Path(__file__).parents[3]
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
        command_line(job), cwd=root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True, **options,
    )  # fmt: skip
