"""Mann-Whitney on the intervals' figures, with the confidence and the tolerance of Kayenta's judge.

A metric is a series, one figure an interval. It fails when the confidence interval of the shift (Hodges-Lehmann, .98)
lies above 0.25 times its estimate; a metric without data passes by itself, and half of all metrics without data
fail the canary. The score is the share of metrics that pass: below `marginal` rolls back, from `pass_score` on passes
(spinnaker/kayenta, NetflixACAJudge and MannWhitneyClassifier).
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from data.errors import InvalidValue
from strategies.releases.evidence import Evidence, Tally, quantile_s
from strategies.releases.judges.contract import Finding, Judge, Judgement, Sense, Signal, check_probability
from strategies.releases.statistics.ranks import shift


@dataclass(slots=True)
class MannWhitney(Judge):
    title: ClassVar[str] = "Mann-Whitney (Kayenta)"
    summary: ClassVar[str] = "Compares the two versions' figures interval by interval, by rank."
    peeking: ClassVar[bool] = False

    confidence: float = 0.98
    tolerance: float = 0.25
    marginal: float = 75.0
    pass_score: float = 95.0
    points: int = 6
    """Intervals with data before it says anything."""
    _series: dict[Signal, tuple[list[float], list[float]]] = field(default_factory=dict, init=False)
    _windows: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        Judge.__post_init__(self)
        check_probability("confidence", self.confidence)
        if self.points < 4:
            raise InvalidValue("points", self.points, "must be at least 4", "fewer have no interval")
        self.signals = tuple(s for s in self.signals if s is not Signal.DISAGREEMENT)
        self._series = {signal: ([], []) for signal in self.signals}

    def judge(self, seen: Evidence) -> Judgement:
        old, new = seen.window.old, seen.window.new
        self._windows += bool(old.requests or new.requests)
        for signal, (olds, news) in self._series.items():
            pair = _figure(signal, old), _figure(signal, new)
            if not any(np.isnan(pair)):
                olds.append(pair[0])
                news.append(pair[1])
        findings = tuple(self._compare(signal) for signal in self.signals)
        return self._score(findings, new.requests > 0)

    def _score(self, findings: tuple[Finding, ...], traffic: bool) -> Judgement:
        if self._windows < self.points:
            return Judgement(findings, False, traffic, False)
        silent = sum(f.n == 0 for f in findings)
        if findings and silent / len(findings) >= 0.5 and silent < len(findings):
            # With no data at all the release waits: silence is no harm. With half of it missing, something broke.
            return Judgement(findings, True, False, False)
        score = 100 * sum(f.sense is not Sense.BAD for f in findings) / max(len(findings), 1)
        ready = all(f.n >= f.needs for f in findings)
        passed = traffic and score >= self.pass_score
        return Judgement(findings, score < self.marginal, passed, passed and ready)

    def _compare(self, signal: Signal) -> Finding:
        olds, news = self._series[signal]
        n = len(olds)
        if n < self.points:
            middle = tuple(float(np.median(values)) if n else float("nan") for values in (olds, news))
            return Finding(signal, Sense.OPEN, 0.0, 0.0, middle[0], middle[1], n, self.points)
        old, new = np.asarray(olds), np.asarray(news)
        found = shift(new, old, self.confidence)
        boundary = self.tolerance * abs(found.estimate)
        bad = found.low > boundary or (signal is Signal.DRIFT and found.high < -boundary)
        medians = float(np.median(old)), float(np.median(new))
        return Finding(signal, Sense.BAD if bad else Sense.GOOD, found.low, boundary, *medians, n, self.points)


def _figure(signal: Signal, tally: Tally) -> float:
    """A window's figure: larger is worse, NaN without data."""
    if signal is Signal.ERRORS:
        return tally.error_share
    if signal is Signal.LATENCY:
        return quantile_s(tally.latency, 0.95)
    if signal is Signal.QUALITY:
        return tally.wrong / tally.labelled if tally.labelled else float("nan")
    total = int(tally.answers.sum())
    return float(np.arange(len(tally.answers)) @ tally.answers / total) if total else float("nan")
