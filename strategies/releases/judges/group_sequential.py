"""Group sequential: K looks planned beforehand, each with a boundary that leaves the whole an error of α.

Looks happen when each arm has k/K of the planned requests. z compares the shares of bad answers with pooled variance;
two-sided boundaries are used, of which only the harmful side ends the release, so the false rollback is about α/2. α
is divided by the number of signals.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from data.errors import InvalidValue
from strategies.releases.evidence import Evidence
from strategies.releases.judges._shares import TwoShares, shares_of, two_proportion_z
from strategies.releases.judges.contract import Finding, Judge, Judgement, Sense, Signal, check_probability, conclude
from strategies.releases.statistics.boundaries import inflation, obrien_fleming, pocock
from strategies.releases.statistics.sample_size import per_arm_pooled

_SHAPES = {"obrien_fleming": obrien_fleming, "pocock": pocock}


@dataclass(slots=True)
class GroupSequential(Judge):
    title: ClassVar[str] = "Group sequential"
    summary: ClassVar[str] = "A few looks planned beforehand, with boundaries by Pocock or O'Brien and Fleming."
    peeking: ClassVar[bool] = True

    signals: tuple[Signal, ...] = (Signal.ERRORS, Signal.LATENCY)
    shape: Literal["obrien_fleming", "pocock"] = "obrien_fleming"
    looks: int = 5
    alpha: float = 0.05
    power: float = 0.8
    usual_share: float = 0.01
    """Share of bad answers that the old version is expected to have."""
    harm: float = 0.02
    """Increase of that share that must not be missed."""
    slow_s: float = 0.5
    """Latency beyond which an answer counts as bad."""
    boundaries: tuple[float, ...] = field(default=(), init=False)
    planned: float = field(default=0.0, init=False)
    """Requests in each arm at the last look."""
    _done: dict[Signal, Finding] = field(default_factory=dict, init=False)
    _taken: dict[Signal, int] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        Judge.__post_init__(self)
        check_probability("alpha", self.alpha)
        if self.shape not in _SHAPES:
            raise InvalidValue("shape", self.shape, "is not a boundary's shape", f"choose {' or '.join(_SHAPES)}")
        self.signals = tuple(s for s in self.signals if s not in (Signal.DISAGREEMENT, Signal.DRIFT))
        alpha = self.alpha / max(len(self.signals), 1)
        self.boundaries = _SHAPES[self.shape](self.looks, alpha)
        fixed = per_arm_pooled(self.usual_share, self.usual_share + self.harm, alpha, self.power)
        self.planned = fixed * _inflation(self.boundaries, alpha, self.power)

    def judge(self, seen: Evidence) -> Judgement:
        findings = [self._look(signal, shares_of(signal, seen, self.slow_s)) for signal in self.signals]
        return conclude(findings, seen.window.new.requests > 0)

    def _look(self, signal: Signal, shares: TwoShares) -> Finding:
        """A look, where one is due; until the next, the last one stands."""
        taken = self._taken.get(signal, 0)
        due = min(int(shares.n / self.planned * self.looks + 1e-9), self.looks)
        if due > taken:  # looks that went by between two decisions are left out, which only makes it more careful
            self._taken[signal] = due
            z, boundary = two_proportion_z(shares), self.boundaries[due - 1]
            sense = Sense.BAD if z >= boundary else Sense.GOOD if due == self.looks else Sense.OPEN
            self._done[signal] = Finding(signal, sense, z, boundary, shares.old, shares.new, shares.n, self.planned)
        last = self._done.get(signal)
        if last is not None and last.sense is not Sense.OPEN:
            return last
        z, boundary = two_proportion_z(shares), self.boundaries[min(due, self.looks - 1)]
        return Finding(signal, Sense.OPEN, z, boundary, shares.old, shares.new, shares.n, self.planned)


_inflations: dict[tuple[object, ...], float] = {}


def _inflation(boundaries: tuple[float, ...], alpha: float, power: float) -> float:
    key = boundaries, alpha, power
    if key not in _inflations:
        _inflations[key] = inflation(boundaries, alpha, power)
    return _inflations[key]
