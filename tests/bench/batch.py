"""A batch job over ten million flights against a bare predict loop on as many processes; and the job's memory."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from strategies.batches.loops import SLICES, load_runtime, predict_all
from strategies.batches.manifest import BatchManifest
from strategies.packaging.package import ModelPackage
from tests.bench._harness import Effort, Row, compare, take_turns

ROWS = 10_000_000
WORKERS = 2
ALGORITHMS = ("hist_gradient_boosting",)
_ROUNDS = 3  # a turn is whole: each is ten million rows
_MEMORY_LIMIT_MB = 1_000.0
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class _Bench:
    """One model over one file."""

    folder: Path
    source: Path
    package: ModelPackage
    rows: int
    slice_rows: int
    """The bare loop's fastest."""

    def ours(self) -> float:
        """Rows a second from starting the program until it has ended."""
        output = self.folder / "ours.parquet"
        line = [
            "-m",
            "strategies.batches",
            "--input",
            self.source,
            "--package",
            self.package.folder,
            "--output",
            output,
        ]
        return self.rows / self._timed([[*map(str, line), "--workers", str(WORKERS), "--quiet"]])

    def theirs(self) -> float:
        """The same of the bare loop's processes."""
        categories = {f.name: f.categories for f in self.package.manifest.schema.features if f.kind == "category"}
        loop = str(Path(__file__).with_name("_batch_loop.py"))
        common = [loop, str(self.source), str(self.package.folder / "model.onnx")]
        lines = [
            [*common, str(self.folder / f"theirs{worker}.parquet"), json.dumps(categories), str(self.slice_rows),
             str(worker), str(WORKERS)]
            for worker in range(WORKERS)
        ]  # fmt: skip
        return self.rows / self._timed(lines)

    def _timed(self, lines: Sequence[list[str]]) -> float:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "DRYDOCK_HOME": str(self.folder / "home")}
        began_s = time.perf_counter()
        processes = [
            subprocess.Popen([sys.executable, *line], cwd=_ROOT, env=environment, stdout=subprocess.DEVNULL)
            for line in lines
        ]
        for process in processes:
            if process.wait():
                raise RuntimeError(f"{process.args} ended with status {process.returncode}")
        return time.perf_counter() - began_s

    def check(self) -> None:
        """Both must have answered alike, or the comparison is none."""
        ours = pq.read_table(self.folder / "ours.parquet", columns=["row", *self._columns()])
        parts = [pq.read_table(self.folder / f"theirs{worker}.parquet") for worker in range(WORKERS)]
        theirs = pa.concat_tables(parts).sort_by("row")
        if not np.array_equal(ours["row"].to_numpy(), theirs["row"].to_numpy()):
            raise RuntimeError("the two did not answer the same rows")
        for place, name in enumerate(self._columns()):
            np.testing.assert_allclose(ours[name].to_numpy(), theirs[f"p{place}"].to_numpy(), atol=1e-5)

    def _columns(self) -> list[str]:
        return [f"probability_{label}" for label in self.package.manifest.outputs]


def run(effort: Effort, rows: int = ROWS) -> Iterator[Row]:
    """Whole programs, their start included; the file is in the disk's cache for both."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = _flights(folder / "flights.parquet", rows)
        for algorithm in ALGORITHMS:
            package = _package(folder / algorithm, algorithm)
            bench = _Bench(folder, source, package, rows, _fastest_slice(package))
            found = take_turns({"ours": bench.ours, "theirs": bench.theirs}, min(effort.rounds, _ROUNDS))
            bench.check()
            title = f"batch: {rows / 1e6:g} M flights, {algorithm}, against a bare loop on {WORKERS} processes"
            yield compare(title, found["ours"], found["theirs"], target=0.8, unit="rows/s")
            peak_bytes = BatchManifest.read(folder / "ours.parquet").peak_bytes
            assert peak_bytes is not None
            used_mb = (peak_bytes - _interpreter_bytes()) / 1e6
            title = (
                f"batch: memory of all {WORKERS + 1} processes above one interpreter, against {_MEMORY_LIMIT_MB:g} MB"
            )
            yield compare(title, [used_mb], [_MEMORY_LIMIT_MB], target=1.0, unit="MB", better="less")


def _flights(path: Path, rows: int) -> Path:
    """The shipped flights, over and over, in row groups as pyarrow writes them by default."""
    from data.catalogue import find_dataset

    dataset = find_dataset("flight_delay")
    table = pa.Table.from_pandas(dataset.load()[list(dataset.schema.names)], preserve_index=False)
    group_rows = 1_048_576
    repeated = pa.concat_tables([table] * (group_rows // len(table) + 2))
    with pq.ParquetWriter(path, table.schema) as writer:
        for start in range(0, rows, group_rows):
            count = min(group_rows, rows - start)
            writer.write_table(repeated.slice(start % len(table), count).combine_chunks(), row_group_size=count)
    return path


def _package(folder: Path, algorithm: str) -> ModelPackage:
    from strategies.training.publish import package_trained
    from strategies.training.spec import TrainingSpec
    from strategies.training.train import train

    spec = TrainingSpec(data="flight_delay", algorithm=algorithm, max_rows=20_000, learning_curve=False, track=False)
    return package_trained(train(spec), folder)


def _fastest_slice(package: ModelPackage) -> int:
    """Rows a call at which the bare loop is fastest, on flights."""
    from data.catalogue import find_dataset

    dataset = find_dataset("flight_delay")
    x = dataset.schema.encode(dataset.load())[: max(SLICES)]
    predictor = load_runtime(package, "onnx", 1)
    seconds = {}
    for _ in range(5):
        for slice_rows in SLICES:
            began_s = time.perf_counter()
            predict_all(predictor, x, slice_rows)
            seconds[slice_rows] = min(seconds.get(slice_rows, np.inf), time.perf_counter() - began_s)
    return min(seconds, key=lambda slice_rows: seconds[slice_rows])


def _interpreter_bytes() -> int:
    line = "import psutil; print(psutil.Process().memory_info().rss)"
    return int(subprocess.run([sys.executable, "-c", line], capture_output=True, check=True, text=True).stdout)
