"""Running a job again and again, whenever its input has changed, and measuring how old its answers become meanwhile."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from data.errors import Cancelled, DrydockError, InvalidValue
from strategies.batches.job import BatchJob
from strategies.batches.manifest import BatchManifest
from strategies.batches.run import run
from strategies.training.watch import Progress, silent


@dataclass(frozen=True, slots=True)
class Publication:
    """One output that was published. Moments are ISO 8601, UTC."""

    computed_at: str
    published_at: str
    version: str
    rows: int
    seconds: float

    @classmethod
    def of(cls, manifest: BatchManifest) -> "Publication":
        about = manifest.about
        return cls(about.computed_at, manifest.published_at, about.version, about.rows_out, manifest.seconds)


@dataclass(frozen=True, slots=True)
class Staleness:
    """How old a publication's answers were while it was the newest, in seconds."""

    fresh_s: float
    """When it was published: what the job itself took."""
    oldest_s: float
    """When the next one replaced it, or now."""


def history_path(output: Path) -> Path:
    """One line of JSON for each publication that a schedule made."""
    return output.with_name(f"{output.name}.history.jsonl")


def read_history(output: Path) -> tuple[Publication, ...]:
    """All publications, the oldest first."""
    path = history_path(output)
    if not path.exists():
        return ()
    return tuple(Publication(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines())


def note_publication(output: Path, publication: Publication) -> None:
    """Add a line to the output's history."""
    with history_path(output).open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(publication)) + "\n")


def staleness(history: tuple[Publication, ...], now: datetime) -> tuple[Staleness, ...]:
    """How old each publication's answers became."""
    replaced = [*(datetime.fromisoformat(later.published_at) for later in history[1:]), now]
    found = []
    for one, until in zip(history, replaced, strict=True):
        computed = datetime.fromisoformat(one.computed_at)
        fresh_s = (datetime.fromisoformat(one.published_at) - computed).total_seconds()
        found.append(Staleness(fresh_s, (until - computed).total_seconds()))
    return tuple(found)


def follow(
    job: BatchJob,
    every_s: float,
    *,
    stop: threading.Event,
    progress: Progress = silent,
    on_failure: Callable[[DrydockError | OSError], None] | None = None,
) -> int:
    """Run the job at once and then every `every_s` seconds, where input or package has changed; how often it ran.

    The moments are fixed beforehand: a run that takes long misses some, and moves none. It ends when `stop` is set. A
    run that fails is told to `on_failure`, and the last good output stays; without `on_failure` it raises.
    """
    if not every_s > 0:
        raise InvalidValue("every_s", every_s, "must be above 0", "give the seconds between runs")
    began_s, done, seen = time.perf_counter(), 0, None
    while not stop.is_set():
        try:
            state = _state(job)
            if state != seen:
                manifest = run(job, progress=progress, cancelled=stop.is_set)
                note_publication(job.output, Publication.of(manifest))
                seen, done = state, done + 1
        except Cancelled:
            break
        except (DrydockError, OSError) as error:
            if on_failure is None:
                raise
            on_failure(error)
        passed_s = time.perf_counter() - began_s
        stop.wait(every_s - passed_s % every_s)
    return done


def _state(job: BatchJob) -> tuple[int, int, int, float]:
    """Changes when somebody replaces or rewrites the input or the package."""
    about = job.input.stat()
    return about.st_ino, about.st_size, about.st_mtime_ns, (job.package / "manifest.json").stat().st_mtime
