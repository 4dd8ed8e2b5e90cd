"""What only a batch can tell about a run."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BatchRun:
    """One job that was run over collected requests. Moments are on this machine's `time.perf_counter` clock."""

    version: str
    rows: int
    chunks: int
    loop: str
    """How it predicted, and how that was chosen."""
    collected_from_s: float
    """When the first of its requests was issued."""
    began_s: float
    """When the job was started; no answer takes account of anything later."""
    ready_s: float
    """When its process was up."""
    published_s: float
    """When its output was there to be looked up."""
    job_rows_per_s: float
    """Rows per second of the job itself, its process's start left out."""

    @property
    def took_s(self) -> float:
        """From being started to being published: the age of its answers when they appear."""
        return self.published_s - self.began_s


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """All jobs of a deployment so far, and what follows from them."""

    runs: tuple[BatchRun, ...]
    seen_s: float
    """When these facts were put together, on the same clock."""

    @property
    def rows(self) -> int:
        return sum(run.rows for run in self.runs)

    @property
    def chunks(self) -> int:
        return sum(run.chunks for run in self.runs)

    @property
    def rows_per_s(self) -> float:
        """Rows answered per second that jobs took, starting their processes included; NaN before the first."""
        took_s = sum(run.took_s for run in self.runs)
        return self.rows / took_s if took_s else math.nan

    @property
    def staleness_s(self) -> tuple[float, ...]:
        """How old each job's answers became while they were the newest: until the next were published, or until now."""
        until = [*(run.published_s for run in self.runs[1:]), self.seen_s]
        return tuple(end - run.began_s for run, end in zip(self.runs, until, strict=True))
