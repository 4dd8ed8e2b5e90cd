"""What each version does to a request: the laws that simulated releases draw from."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidValue
from strategies.releases.evidence import ANSWER_BINS, BUCKETS, EDGES_S, bucket_of, digest

Law = NDArray[np.float64]


def lognormal_latency(median_s: float, sigma: float = 0.5) -> Law:
    """Bucket probabilities of a lognormal latency: median, and standard deviation of the logarithm. (BUCKETS,)"""
    from scipy.special import ndtr

    below = ndtr(np.log(EDGES_S / median_s) / sigma)
    return np.diff(np.concatenate([[0.0], below, [1.0]]))


def measured_latency(latency_s: NDArray[np.float64]) -> Law:
    """Bucket probabilities of measured latencies. (BUCKETS,)"""
    return digest(latency_s) / max(len(latency_s), 1)


def delayed(law: Law, extra_s: float) -> Law:
    """The law of latencies that are all so much longer, to within a bucket's width. (BUCKETS,)"""
    if extra_s <= 0:
        return law
    found = np.zeros(BUCKETS)
    for edge_s, share in zip([*EDGES_S, EDGES_S[-1]], law, strict=True):
        found[bucket_of(float(edge_s) + extra_s)] += share
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Behaviour:
    """One version, as its requests see it."""

    error_share: float = 0.001
    """Share of requests that fail."""
    latency: Law = field(default_factory=lambda: lognormal_latency(0.02))
    """Probability of each bucket, for requests that do not fail. (BUCKETS,)"""
    answers: Law = field(default_factory=lambda: np.full(ANSWER_BINS, 1 / ANSWER_BINS))
    """Probability of each bin of the answers. (ANSWER_BINS,)"""
    wrong_share: float = 0.0
    """Share of answers that differ from the truth, where it becomes known."""

    def __post_init__(self) -> None:
        for name, law, size in (("latency", self.latency, BUCKETS), ("answers", self.answers, ANSWER_BINS)):
            if law.shape != (size,) or abs(law.sum() - 1) > 1e-6:
                raise InvalidValue(name, law.shape, f"must be {size} probabilities", "make it with digest or deciles")
        for name in ("error_share", "wrong_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise InvalidValue(name, getattr(self, name), "must be a share", "give a number from 0 to 1")

    def late_share(self, slo_s: float) -> float:
        """Share of its answers slower than the SLO (of the buckets beyond it)."""
        return float(self.latency[bucket_of(slo_s) + 1 :].sum())


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Both versions, and how far they can be told apart on the same request."""

    old: Behaviour = field(default_factory=Behaviour)
    new: Behaviour = field(default_factory=Behaviour)
    disagree_share: float = 0.0
    """Share of requests that both answer, differently: those are the wrong answers that users get from the new one."""
    only_new_wrong: float = 0.0
    """Share of requests on which only the new version's answer differs from the truth."""
    only_old_wrong: float = 0.0
    labelled: bool = False
    """Whether true answers become known."""
    label_delay_s: float = 0.0
    fails_after: tuple[int, Literal["errors", "death"]] | None = None
    """After how many requests the new version fails each, or its process dies and the router rescues what it had."""
    laws: tuple[Law, Law] | None = None
    """Latencies of old and new in each interval of a release, (intervals, BUCKETS); the last goes on. A version that
    has just started is slower, and so is one whose share grows. None: what each behaviour says, all the time."""
    slo_s: float = 0.5
    beyond_s: float = 0.0
    """How much longer an answer takes to its user than to the router, whose latencies the laws are of."""
    ready_s: float = 0.0
    """How long the new version takes to start."""
    instances: int = 4
    """Instances that serve all traffic."""
    users: int = 10_000

    @classmethod
    def same(cls, behaviour: Behaviour | None = None, **more: Any) -> "World":
        """Two versions that behave alike."""
        behaviour = behaviour or Behaviour()
        return cls(behaviour, behaviour, **more)

    def with_fault(self, *, errors: float = 0.0, slower: float = 1.0, wrong: float = 0.0) -> "World":
        """The new version made worse: a share that fails, latencies so many times as long, a share answered wrongly."""
        steps = round(np.log(slower) / np.log(1.1))
        latency = np.roll(self.new.latency, steps)
        if steps > 0:
            latency[-1] += latency[:steps].sum()
            latency[:steps] = 0
        share = 1 - (1 - self.new.error_share) * (1 - errors)
        new = replace(self.new, error_share=share, latency=latency, wrong_share=min(1.0, self.new.wrong_share + wrong))
        return replace(
            self,
            new=new,
            disagree_share=min(1.0, self.disagree_share + wrong),
            only_new_wrong=min(1.0, self.only_new_wrong + wrong),
        )

    @property
    def harmful(self) -> bool:
        """Whether the new version does more harm than the old one."""
        slow = float(np.max(np.cumsum(self.old.latency)[:-1] - np.cumsum(self.new.latency)[1:])) > 1e-9
        worse = self.new.error_share > self.old.error_share or self.disagree_share > 0
        return slow or worse or self.fails_after is not None


Effect = Callable[[World], World]
"""Makes the new version of a world worse."""

__all__ = ["Behaviour", "Effect", "Law", "World", "delayed", "lognormal_latency", "measured_latency"]
