"""A real job that predicts a table in batches, on a schedule: how quick it is, and how old its answers become."""

import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from data.catalogue import find_dataset
from data.errors import Cancelled as Stopped
from data.estimate import Estimate, Figure
from data.estimates import as_text
from data.estimates.means import mean_of_runs
from data.provenance import Origin
from lessons.contract import Cancelled, Control, Experiment, Progress, Settings, Verdict
from lessons.controls import Choice, Number, Option
from lessons.experiments._small_model import small_model
from lessons.language import N_, _
from lessons.record import Guide, Outcome, Plot, Record, Series, exact
from strategies.batches.job import BatchJob
from strategies.batches.published import Published
from strategies.batches.run import run
from strategies.batches.schedule import Publication, follow, read_history, staleness
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import load_predictor

ROWS = 4_000
SIZES = (10, 100, 1_000, 10_000)
PREDICTED = 1_000
"""The batch that the prediction is about."""
ROUNDS, ALONE = 5, 2_000
"""How often each size is measured, and how many rows are predicted one by one."""
TIMES, OLDEST_S, MODEST = 20.0, 2.0, 2.0
"""The throughput goal, the age that readers bear, and how many times the measured age a promise may be."""
REPLACED = 2
"""Publications to wait until they are replaced, as only then it is known how old their answers became."""
_LOOK_EVERY_S = 0.05
_LIMIT_S = 60.0


@dataclass(slots=True)
class _Speed:
    """Rows a second, in each round."""

    batches: dict[int, list[float]] = field(default_factory=lambda: {size: [] for size in SIZES})
    alone: list[float] = field(default_factory=list)

    def gains(self, size: int) -> list[float]:
        """How many times the rows a second of the smallest batches, round by round; 1 row is real time."""
        rates = self.alone if size == 1 else self.batches[size]
        return [one / ten for one, ten in zip(rates, self.batches[SIZES[0]], strict=True)]


@dataclass(frozen=True, slots=True)
class _Ages:
    """How old answers were."""

    history: tuple[Publication, ...]
    oldest_s: float
    seen_s: list[float]
    """Ages of the answers that a reader looked up meanwhile."""


class BatchOrRealTime(Experiment):
    origin: ClassVar[Origin] = "measured"
    controls: ClassVar[tuple[Control, ...]] = (
        Choice(
            "batch_rows", N_("Rows in a batch"),
            (Option("10", "10"), Option("100", "100"), Option("1000", "1,000"), Option("10000", N_("10,000 (all)"))),
            help=N_("Rows that the job predicts together, and keeps together on disk."),
        ),
        Number("every_s", N_("A job begins every"), 0.5, 3.0, 0.5, 2.5, "s"),
        Number(
            "promise_s", N_("Promised: no answer older than"), 0.25, 8.0, 0.25, 1.0, "s",
            N_("What you tell those who read the table."),
        ),
    )  # fmt: skip

    def run(self, settings: Settings, *, seed: int, progress: Progress, cancelled: Cancelled) -> Record:
        stop = _stopper(cancelled)
        stop()
        size, every_s = int(settings["batch_rows"]), float(settings["every_s"])
        progress(_("preparing the table"), 0.0)
        package, table = small_model("car_choice", "logistic"), _table(seed)
        with tempfile.TemporaryDirectory(prefix="drydock-lesson-") as name:
            folder = Path(name)
            speed = _speed(package, table, folder, progress, stop)
            ages = _aged(package, table, folder, size, every_s, progress, stop)
        progress(_("done"), 1.0)
        figures = _figures(speed, ages, size)
        return Record(
            settings=dict(settings), seed=seed, origin=self.origin, figures=figures, labels=_labels(),
            plot=_plot(speed, size), outcome=Outcome(_direction(figures), "gain"),
            provenance=_("Measured: a job over {rows:,} rows, each size {rounds} times in turn, and {jobs} jobs on the "
                         "schedule").format(rows=ROWS, rounds=ROUNDS, jobs=len(ages.history)),
            facts=_facts(speed, ages), tables={_("What the schedule published"): _publications(ages)},
        )  # fmt: skip

    def check(self, record: Record) -> Verdict:
        gain, oldest = record.figures["gain_chosen"], record.figures["oldest"]
        assert isinstance(gain, Estimate)
        assert isinstance(oldest, Estimate)
        promise_s = float(record.settings["promise_s"])
        measured = _(
            "{gain} the rows a second of batches of 10; oldest answer {oldest}; promised {promise:g} s"
        ).format(gain=as_text(gain, interval=False), oldest=as_text(oldest, interval=False), promise=promise_s)
        required = _(
            "{times:.0f} times; {old:g} s at most; a promise that holds and is at most twice what was seen"
        ).format(times=TIMES, old=OLDEST_S)
        passed, why = _why(gain.value, oldest.value, promise_s)
        return Verdict(passed, measured, required, why)

    def solve(self, seed: int) -> Settings:  # noqa: ARG002 - it does not depend on the rows
        return {**self.setup(), "batch_rows": str(SIZES[-1]), "every_s": 1.0, "promise_s": 1.75}


def _why(gain: float, oldest_s: float, promise_s: float) -> tuple[bool, str]:
    if gain < TIMES:
        return False, _("The job is too slow for the nightly table: what each batch costs is shared by too few rows.")
    if oldest_s > OLDEST_S:
        return False, _(
            "Answers grow too old: one is replaced only after the next job has begun and ended. Run it oftener."
        )
    if promise_s < oldest_s:
        return False, _("The promise was broken in this very run. Add what the job takes to the time between jobs.")
    if promise_s > MODEST * oldest_s:
        return False, _("The promise holds and says little: nothing was nearly as old. Promise what you can show.")
    return True, _(
        "Large batches make the job quick, and the schedule, not the job, decides how old an answer becomes."
    )


def _stopper(cancelled: Cancelled) -> Callable[[], None]:
    def stop() -> None:
        if cancelled():
            raise Stopped("the run was stopped")

    return stop


def _table(seed: int) -> pd.DataFrame:
    """Cars and visitors to predict, another sample for another seed."""
    dataset = find_dataset("car_choice")
    return dataset.load()[list(dataset.schema.names)].sample(ROWS, random_state=seed % 2**32)


def _speed(
    package: ModelPackage, table: pd.DataFrame, folder: Path, progress: Progress, stop: Callable[[], None]
) -> _Speed:
    """Measure every size, and one row at a time, in turn, so that what else the machine does hits all alike."""
    source, speed = folder / "speed.parquet", _Speed()
    table.to_parquet(source)
    predictor, x = load_predictor(package), package.manifest.schema.encode(table.head(ALONE))
    for place in range(ROUNDS):
        for size in SIZES:
            stop()
            progress(_("batches of {size:,}").format(size=size), 0.6 * place / ROUNDS)
            job = BatchJob(source, package.folder, folder / "speed-out.parquet", 1, "inline", chunk_rows=size)
            speed.batches[size].append(run(job).rows_per_s)
        began_s = time.perf_counter()
        for row in range(ALONE):
            predictor.predict(x[row : row + 1])
        speed.alone.append(ALONE / (time.perf_counter() - began_s))
    return speed


def _aged(
    package: ModelPackage, table: pd.DataFrame, folder: Path, size: int, every_s: float, progress: Progress,
    stop: Callable[[], None],
) -> _Ages:  # fmt: skip
    """Let the schedule run over a table that keeps changing, and look answers up meanwhile."""
    source, output = folder / "cars.parquet", folder / "chances.parquet"
    table.to_parquet(source)
    over, failed, seen_s = threading.Event(), list[BaseException](), list[float]()
    job = BatchJob(source, package.folder, output, 1, "inline", chunk_rows=size)
    thread = threading.Thread(target=_follow, args=(job, every_s, over, failed), name="schedule", daemon=True)
    thread.start()
    try:
        published, until_s = 0, time.monotonic() + _LIMIT_S
        while published <= REPLACED and time.monotonic() < until_s and not failed:
            stop()
            over.wait(_LOOK_EVERY_S)
            now = len(read_history(output))
            if now > published:
                published = now
                progress(_("the schedule, job {n}").format(n=now), 0.6 + 0.4 * now / (REPLACED + 2))
                _replace(source, table.sample(frac=1.0, random_state=now))
            if published:
                seen_s.append(Published(output).find(1).age_s)
    finally:
        over.set()
        thread.join()
    if failed:
        raise failed[0]
    history = read_history(output)
    replaced = staleness(history, datetime.now(UTC))[:-1]
    return _Ages(history, max(one.oldest_s for one in replaced), seen_s)


def _follow(job: BatchJob, every_s: float, over: threading.Event, failed: list[BaseException]) -> None:
    try:
        follow(job, every_s, stop=over)
    except BaseException as error:
        failed.append(error)


def _replace(source: Path, table: pd.DataFrame) -> None:
    draft = source.with_name("next.parquet")
    table.to_parquet(draft)
    draft.replace(source)


def _figures(speed: _Speed, ages: _Ages, size: int) -> dict[str, Figure]:
    def rate(rates: Sequence[float]) -> Estimate:
        return mean_of_runs(rates, _("rows per s"), name="throughput")

    def gain(rows: int) -> Estimate:
        return mean_of_runs(speed.gains(rows), _("times"), name="gain")

    return {
        "gain": gain(PREDICTED),
        "gain_chosen": gain(size),
        "rate_chosen": rate(speed.batches[size]),
        "rate_ten": rate(speed.batches[SIZES[0]]),
        "rate_all": rate(speed.batches[SIZES[-1]]),
        "rate_alone": rate(speed.alone),
        "oldest": exact(ages.oldest_s, "s", len(ages.history) - 1),
        "age": exact(float(np.mean(ages.seen_s)), "s", len(ages.seen_s)),
        "job": exact(float(np.mean([one.seconds for one in ages.history])), "s", len(ages.history)),
    }


def _labels() -> dict[str, str]:
    return {
        "gain_chosen": _("your batches, against batches of 10"),
        "rate_chosen": _("your batches"),
        "rate_ten": _("batches of 10"),
        "rate_alone": _("one row at a time, nothing kept"),
        "oldest": _("oldest answer before it was replaced"),
        "age": _("age of an answer when looked up, on average"),
        "job": _("one job, on average"),
    }


def _direction(figures: Mapping[str, Figure]) -> int:
    """With a hundred times the rows in a batch: slower, the same, quicker but less than a hundredfold, or that."""
    gain = figures["gain"]
    assert isinstance(gain, Estimate)
    return 0 if gain.value < 0.9 else 1 if gain.value < 1.5 else 2 if gain.value < 100 else 3


def _facts(speed: _Speed, ages: _Ages) -> dict[str, Any]:
    ten, thousand = (float(np.mean(speed.batches[size])) for size in (SIZES[0], PREDICTED))
    # Seconds a row = seconds a batch / rows + seconds a row within it: two sizes tell the two unknowns.
    batch_s = (1 / ten - 1 / thousand) / (1 / SIZES[0] - 1 / PREDICTED)
    return {
        "per_batch": f"{batch_s * 1e3:.2g} ms",
        "per_row": f"{max(1 / ten - batch_s / SIZES[0], 0.0) * 1e6:.2g} µs",
        "batches": f"{ROWS // SIZES[0]}",
        "published": str(len(ages.history)),
    }


def _publications(ages: _Ages) -> list[dict[str, str | float]]:
    replaced = staleness(ages.history, datetime.now(UTC))[:-1]
    return [
        {
            _("job"): str(number),
            _("took, s"): round(one.seconds, 3),
            _("age when published, s"): round(age.fresh_s, 3),
            _("age when replaced, s"): round(age.oldest_s, 3),
        }
        for number, (one, age) in enumerate(zip(ages.history, replaced, strict=False), start=1)
    ]


def _plot(speed: _Speed, size: int) -> Plot:
    batches = _series(_("job, in batches"), speed, SIZES)
    alone = _series(_("one row at a time"), speed, (1,))
    alt = _(
        "Throughput against the rows in a batch, as a multiple of batches of 10, both axes logarithmic: {all}. One row "
        "at a time, with nothing kept on disk, reaches {alone:.1f}. The goal is {goal:.0f}."
    ).format(
        all=", ".join(f"{x:,.0f}: {y:.1f}" for x, y in zip(batches.x, batches.y, strict=True) if isinstance(x, float)),
        alone=alone.y[0], goal=TIMES,
    )  # fmt: skip
    goal = Guide(_("goal: {times:.0f} times").format(times=TIMES), y=TIMES)
    return Plot(
        _("Rows in a batch (logarithmic)"), _("Rows per second, in multiples of batches of 10 (logarithmic)"),
        (batches, alone), alt,
        guides=(goal, Guide(_("your batches"), x=float(size))),
        x_axis="log", y_axis="log", predicts="y", predicted_at=float(PREDICTED),
    )  # fmt: skip


def _series(name: str, speed: _Speed, sizes: Sequence[int]) -> Series:
    found = [mean_of_runs(speed.gains(size), "times", name="gain") for size in sizes]
    return Series(
        name, [float(size) for size in sizes], [one.value for one in found],
        [max(one.low, 0.01) for one in found], [one.high for one in found],
        drawn="line" if len(sizes) > 1 else "points",
    )  # fmt: skip
