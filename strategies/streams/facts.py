"""What only a stream can tell about a run."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.trace import Trace


@dataclass(frozen=True, slots=True)
class Publication:
    """A model that was published as data. Times are on this machine's `time.perf_counter` clock."""

    version: str
    published_s: float
    swapped_s: tuple[float, ...]
    """When each consumer took it up."""
    old_answers: int
    """Answers by an older model to requests that were taken up after it was published."""
    last_old_answer_s: float
    """When the last answer by an older model arrived; NaN when there was none."""

    @property
    def staleness_s(self) -> float:
        """From publishing to the last consumer's swap; NaN before."""
        return max(self.swapped_s) - self.published_s if self.swapped_s else np.nan

    @property
    def overlap_s(self) -> float:
        """From the last consumer's swap to the last answer by an older model; negative when that came before."""
        return self.last_old_answer_s - max(self.swapped_s) if self.swapped_s else np.nan


@dataclass(frozen=True, slots=True)
class ConsumerState:
    """What a consumer said last about itself; it does so twice a second, and at once when it has swapped its model."""

    replica: int
    pid: int
    version: str
    """Model that it serves."""
    number: int
    """Number of the last model event that it took up or refused."""
    swapped_s: float
    """When it did, on this machine's `time.perf_counter` clock."""
    refusal: str
    """Why it refused that model; empty when it serves it."""
    answered: int
    """Requests answered since the process began."""
    dead: int
    """Requests that it set aside as dead letters."""
    refused_answers: int
    """How often the server refused an answer of its, having no room."""
    busy_s: float
    """Seconds spent reading requests, predicting and writing answers."""


@dataclass(slots=True)
class Tally:
    """Counts of answers."""

    redelivered: int = 0
    """Answers to requests that were delivered more than once."""
    repeated: int = 0
    """Answers that came after the request was over, answered or timed out; dropped."""
    unknown: int = 0
    """Answers to requests that nobody made; always 0 unless something is wrong."""
    rejected: int = 0
    """Requests that found the queue full."""
    dead_letters: int = 0
    """Requests that no consumer could answer."""


@dataclass(frozen=True, slots=True, eq=False)
class StreamFacts:
    """Counts since the deployment began, and how the queue went."""

    publications: tuple[Publication, ...]
    consumers: tuple[ConsumerState, ...]
    """By number; those that were heard of."""
    lag_at_s: NDArray[np.float64]
    """When the lag was seen, on the `time.perf_counter` clock; at most 100 a second. (samples,)"""
    lag: NDArray[np.int64]
    """Requests that waited behind one when it was delivered. (samples,)"""
    tally: Tally
    republished: int
    """Requests that were sent again since a connection was lost before the server had confirmed them."""
    restarts: int
    """Consumers that died and were replaced."""
    reconnections: int


def queue_s(trace: Trace) -> NDArray[np.float64]:
    """Seconds that each request spent in the queue, from being sent to being taken up; NaN where it never was. (n,)"""
    return trace.start_s - trace.sent_s
