"""Draws what happens in one interval, for many releases at a time."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.random import SeedSequence, default_rng
from numpy.typing import NDArray

from simulators.releases.world import World
from strategies.releases.contract import Split
from strategies.releases.evidence import BUCKETS, EDGES_S, GROWTH, Arms, Pairs, Tally, bucket_of

Counts = NDArray[np.int64]
Known = tuple[tuple[int, int], tuple[int, int], tuple[int, int, int]]
_NONE: Known = ((0, 0), (0, 0), (0, 0, 0))
_EMPTY = Arms()
_NEVER = 1e-12
_LASTS_S = np.append(EDGES_S, EDGES_S[-1]) / np.sqrt(GROWTH)
"""How long requests of each bucket take: its middle. (BUCKETS,)"""
_FEW = 1e-3
"""Share of requests that may be counted an interval too early, where to tell them apart is not worth the time."""


class Drawing:
    """Random streams, and what the new version has done to its users so far. Arrays are (releases,)."""

    def __init__(self, world: World, releases: int, seed: int) -> None:
        self.world = world
        self.rng = default_rng(SeedSequence([seed, 11]))
        self.requests, self.served, self.failed, self.wrong, self.late, self.dropped, self._asked = (
            np.zeros(releases, np.int64) for _ in range(7)
        )
        self.widest = np.zeros(releases)
        self._waiting: list[tuple[float, NDArray[np.int64], Counts]] = []
        """Labels that are not known yet: when they are, of which releases, and how many of each sort."""
        self._under_way: dict[str, Counts] = {}
        """Requests that had not ended with their interval, by version: together or not, release, bucket."""

    def so_far(self, release: int) -> dict[str, int]:
        """What one release's users have had of the new version."""
        counts = {"new": self.served, "failed": self.failed, "wrong": self.wrong, "late": self.late}
        return {name: int(count[release]) for name, count in counts.items()}

    def draw(
        self,
        active: NDArray[np.int64],
        counts: Counts,
        splits: Sequence[Split],
        scatter: bool,
        now_s: float,
        interval_s: float,
    ) -> list[tuple[Arms, Arms]]:
        """What each release sees of the interval that begins at `now_s`: served apart, and served together."""
        canary = np.array([split.canary for split in splits])
        primary = np.array([split.primary for split in splits])
        counted = np.minimum(canary, primary)
        mirrored = np.array([split.mirrored for split in splits])
        # Four parts of all requests: counted new, other new, counted old (the baseline), other old; outages get none.
        to_new, rest = self._part(counts, canary, scatter)
        alone = primary <= 0
        self.dropped[active] += np.where(alone, rest, 0)
        to_old = np.where(alone, 0, rest)
        new_counted, _ = self._part(to_new, _share(counted, canary), scatter)
        old_counted, _ = self._part(to_old, _share(counted, primary), scatter)
        copies, _ = self._part(to_old, mirrored, scatter)
        self.requests[active] += counts
        self.served[active] += to_new
        self.widest[active] = np.maximum(self.widest[active], canary)
        both = (counted > 0) | (mirrored > 0)
        new_n = np.where(counted > 0, new_counted, np.where(mirrored > 0, copies, to_new))
        old_n = np.where(counted > 0, old_counted, np.where(mirrored > 0, copies, to_old))
        uncounted = to_new - np.where(mirrored > 0, 0, np.where(both, new_counted, to_new))
        return self._tallies(active, old_n, new_n, uncounted, both, mirrored > 0, now_s, interval_s)

    def _part(self, n: Counts, share: NDArray[np.float64], scatter: bool) -> tuple[Counts, Counts]:
        part = self.rng.binomial(n, share) if scatter else np.rint(n * share).astype(np.int64)
        return part, n - part

    def _tallies(
        self,
        active: NDArray[np.int64],
        old_n: Counts,
        new_n: Counts,
        uncounted: Counts,
        both: NDArray[np.bool_],
        copied: NDArray[np.bool_],
        now_s: float,
        interval_s: float,
    ) -> list[tuple[Arms, Arms]]:
        old, new, rng = self.world.old, self.world.new, self.rng
        old_law, new_law = self._laws(now_s, interval_s)
        old_errors = rng.binomial(old_n, old.error_share)
        new_errors, rescued = self._failures(active, new_n)
        old_begun, new_begun = (
            self._law(old_law, old_n - old_errors),
            self._law(new_law, new_n - new_errors),
        )
        self._harm(active, np.where(copied, 0, new_n), new_errors, rescued, new_begun, uncounted, new_law)
        paired = np.where(copied, np.minimum(old_n - old_errors, new_n - new_errors), 0)
        labels = self._labels(
            active, old_n - old_errors, new_n - new_errors, paired, now_s + interval_s, interval_s
        )  # fmt: skip
        # From here on, what the policy sees: requests that ended in this interval, wherever they began.
        old_latency, new_latency = (
            self._ended("old", old_law, old_begun, active, both, interval_s),
            self._ended("new", new_law, new_begun, active, both, interval_s),
        )
        old_ok, new_ok = old_latency.sum(axis=1), new_latency.sum(axis=1)
        old_answers, new_answers = self._law(old.answers, old_ok), self._law(new.answers, new_ok)
        compared = np.where(copied, np.minimum(old_ok, new_ok), 0)
        disagreed = rng.binomial(compared, self.world.disagree_share)
        # As Python's own integers, all at once: to convert them one by one takes longer than to draw them.
        ended = old_ok + old_errors, old_errors, new_ok + new_errors, new_errors
        plain = (n.tolist() for n in (*ended, compared, disagreed, both))
        laws = old_latency, old_answers, new_latency, new_answers
        found = []
        for counts, (slow_old, said_old, slow_new, said_new), (old_known, new_known, pair_known) in zip(
            zip(*plain, strict=True), zip(*laws, strict=True), labels, strict=True
        ):
            n_old, bad_old, n_new, bad_new, pairs, differing, together = counts
            arms = Arms(
                Tally(n_old, bad_old, slow_old, said_old, *old_known),
                Tally(n_new, bad_new, slow_new, said_new, *new_known),
                Pairs(pairs, differing, *pair_known),
            )
            found.append((_EMPTY, arms) if together else (arms, _EMPTY))
        return found

    def _failures(self, active: NDArray[np.int64], n: Counts) -> tuple[Counts, Counts]:
        """Failures of the new version, and how many of them the old one answered in its place."""
        errors = self.rng.binomial(n, self.world.new.error_share)
        rescued = np.zeros_like(errors)
        if self.world.fails_after is not None:
            limit, how = self.world.fails_after
            over = np.clip(self._asked[active] + n - limit, 0, n)
            gone = np.where(over > 0, over, 0)
            errors = np.maximum(errors, gone)
            rescued = gone if how == "death" else rescued
        self._asked[active] += n
        return errors, rescued

    def _laws(self, now_s: float, interval_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Latencies of both versions in the interval that begins now."""
        if self.world.laws is None:
            return self.world.old.latency, self.world.new.latency
        place = round(now_s / interval_s) if interval_s else -1
        old, new = (law[min(place, len(law) - 1)] for law in self.world.laws)
        return old, new

    def _law(self, law: NDArray[np.float64], n: Counts) -> Counts:
        likely = np.flatnonzero(law > _NEVER)  # of a law's buckets, most are as good as impossible
        found = np.zeros((len(n), len(law)), np.int64)
        if n.any():
            found[:, likely] = self.rng.multinomial(n, law[likely] / law[likely].sum())
        return found

    def _ended(
        self,
        version: str,
        law: NDArray[np.float64],
        begun: Counts,
        active: NDArray[np.int64],
        both: NDArray[np.bool_],
        interval_s: float,
    ) -> Counts:
        """Latencies of requests that ended in this interval, from those that began in it: (releases, BUCKETS).

        Requests come evenly over the interval, so one that takes a tenth of it ends in the next one time in ten; one
        that takes longer than an interval is seen in the next. The longer a version takes, the later this tells.
        """
        if not interval_s:
            return begun
        beyond = np.minimum(_LASTS_S / interval_s, 1.0)
        if float(law @ beyond) < _FEW:
            return begun
        later = self.rng.binomial(begun, beyond)
        waiting = self._under_way.setdefault(version, np.zeros((2, len(self.requests), BUCKETS), np.int64))
        together = both.astype(np.int64)  # what one version did alone is never counted with what both did at once
        found: Counts = begun - later + waiting[together, active]
        waiting[:, active] = 0
        waiting[together, active] = later
        return found

    def _harm(
        self,
        active: NDArray[np.int64],
        n: Counts,
        errors: Counts,
        rescued: Counts,
        latency: Counts,
        uncounted: Counts,
        law: NDArray[np.float64],
    ) -> None:
        """What users got of it; those beyond the comparison fare as those within."""
        world, rng = self.world, self.rng
        shown = n > 0
        failed = np.where(shown, errors - rescued, 0)
        late = _late_shares(max(world.slo_s - world.beyond_s, 0.0))
        slow = np.where(shown, rng.binomial(latency, late).sum(axis=1), 0)
        wrong = rng.binomial(np.where(shown, n - errors, 0), world.disagree_share)
        if uncounted.any():
            more, saved = self._failures(active, uncounted)
            failed = failed + more - saved
            wrong = wrong + rng.binomial(uncounted - more, world.disagree_share)
            slow = slow + rng.binomial(uncounted - more, min(1.0, float(law @ late)))
        self.failed[active] += failed
        self.wrong[active] += wrong
        self.served[active] -= np.where(shown, rescued, 0)
        self.late[active] += rng.binomial(slow, 1 - world.disagree_share)

    def _labels(
        self, active: NDArray[np.int64], old_n: Counts, new_n: Counts, compared: Counts, end_s: float, interval_s: float
    ) -> Sequence[Known]:
        """Labels that become known by the interval's end: (labelled, wrong) of each arm, and of the pairs."""
        if not self.world.labelled or not interval_s:
            return [_NONE] * len(active)
        rng, world = self.rng, self.world
        alone_old, alone_new = np.where(compared > 0, 0, old_n), np.where(compared > 0, 0, new_n)
        old_wrong = rng.binomial(alone_old, world.old.wrong_share)
        new_wrong = rng.binomial(alone_new, world.new.wrong_share)
        only = world.only_new_wrong, world.only_old_wrong
        parts = rng.multinomial(compared, [*only, max(0.0, 1 - sum(only))])
        made = np.column_stack([alone_old - old_wrong, old_wrong, alone_new - new_wrong, new_wrong, parts])
        # Requests come evenly over the interval, so that those before its end less the delay's odd part are known a
        # decision before the others.
        whole, odd = divmod(world.label_delay_s / interval_s, 1.0)
        early = rng.binomial(made, 1 - odd)
        for later, counts in ((whole, early), (whole + 1, made - early)):
            self._waiting.append((end_s + later * interval_s, active, counts))
        return self._known(active, end_s)

    def _known(self, active: NDArray[np.int64], now_s: float) -> Sequence[Known]:
        """What is due by now, for each release."""
        due = [entry for entry in self._waiting if entry[0] <= now_s + 1e-9]
        self._waiting = [entry for entry in self._waiting if entry[0] > now_s + 1e-9]
        known = np.zeros((len(self.requests), 7), np.int64)
        for _, whose, counts in due:
            known[whose] += counts
        return [
            ((ok_old + bad_old, bad_old), (ok_new + bad_new, bad_new), (new + old + same, new, old))
            for ok_old, bad_old, ok_new, bad_new, new, old, same in known[active].tolist()
        ]


def _share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


@cache
def _late_shares(slo_s: float) -> NDArray[np.float64]:
    """Of the requests in each bucket, the share that took longer: all, none, or a part of the SLO's own. (BUCKETS,)"""
    found, bucket = np.ones(BUCKETS), bucket_of(slo_s)
    found[: bucket + 1] = 0
    if 0 < bucket < BUCKETS - 1:
        low, high = EDGES_S[bucket - 1], EDGES_S[bucket]
        found[bucket] = np.clip((high - slo_s) / (high - low), 0, 1)
    return found
