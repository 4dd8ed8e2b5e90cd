"""The contract of a judge: from what was seen so far to a finding about each signal, and what follows from them."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar, Self

from data.errors import InvalidValue
from strategies.releases.evidence import Evidence


class Signal(StrEnum):
    """What can tell a bad version from a good one."""

    ERRORS = "errors"
    LATENCY = "latency"
    DISAGREEMENT = "disagreement"
    """Both versions answered the same requests differently."""
    DRIFT = "drift"
    """The new version's answers are distributed otherwise."""
    QUALITY = "quality"
    """Wrong answers, once true ones are known."""


class Sense(StrEnum):
    """What a signal says."""

    GOOD = "good"
    """Nothing speaks against the new version, with enough requests to have seen it."""
    OPEN = "open"
    """Nothing speaks against it yet."""
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one signal said at one moment: the evidence behind a decision."""

    signal: Signal
    sense: Sense
    statistic: float
    boundary: float
    """The statistic at or beyond this speaks against the new version."""
    old: float
    """The signal's figure for the old version, such as its share of errors."""
    new: float
    n: int
    """Requests in the smaller arm."""
    needs: float
    """Requests in each arm that it takes to see the harm looked for."""

    def __str__(self) -> str:
        against = "at or beyond" if self.sense is Sense.BAD else "short of"
        return (
            f"{self.signal}: {self.statistic:.3g} {against} {self.boundary:.3g} "
            f"(old {self.old:.3g}, new {self.new:.3g}, n={self.n:,})"
        )


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a judge says at one moment."""

    findings: tuple[Finding, ...]
    harmful: bool
    """The new version should go."""
    passed: bool
    """This look was passed: the new version may get more."""
    enough: bool
    """It may get everything, as there was enough traffic to have seen the harm looked for."""

    @property
    def shortest(self) -> Finding | None:
        """The signal that is furthest from having enough requests; None where all have."""
        short = [f for f in self.findings if f.n < f.needs]
        return max(short, key=lambda f: f.needs - f.n if math.isfinite(f.needs) else math.inf) if short else None


@dataclass(slots=True)
class Judge(ABC):
    """One file in strategies/releases/judges/ is one judge; its fields are its settings."""

    title: ClassVar[str]
    summary: ClassVar[str]
    peeking: ClassVar[bool]
    """Whether its error stays what it says however often one looks."""
    signals: tuple[Signal, ...] = (Signal.ERRORS, Signal.LATENCY)

    def __post_init__(self) -> None:
        self.signals = tuple(Signal(name) for name in self.signals)

    @abstractmethod
    def judge(self, seen: Evidence) -> Judgement:
        """One look. A judge may count its looks, so that each is asked for once."""

    def fresh(self) -> Self:
        """The same settings, before its first look."""
        return replace(self)


def conclude(findings: Sequence[Finding], traffic: bool) -> Judgement:
    """Harmful if any signal is bad; enough if all are good; passed if none is bad and there was any traffic."""
    harmful = any(f.sense is Sense.BAD for f in findings)
    enough = not harmful and all(f.sense is Sense.GOOD for f in findings)
    return Judgement(tuple(findings), harmful, traffic and not harmful, enough and traffic)


def check_probability(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise InvalidValue(name, value, "must lie between 0 and 1", "0.05 is usual")


def sense_of(bad: bool, n: int, needs: float) -> Sense:
    return Sense.BAD if bad else Sense.GOOD if n >= needs else Sense.OPEN
