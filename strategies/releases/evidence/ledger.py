"""Keeps what was seen the way policies read it, for the router and the simulators alike."""

from typing import Protocol

from strategies.releases.evidence.tally import Arms, Evidence


class _Shares(Protocol):
    @property
    def counted(self) -> float: ...
    @property
    def mirrored(self) -> float: ...


def compares(split: _Shares) -> bool:
    """Whether both versions answer at the same time, so that their requests can be told apart by nothing but chance."""
    return split.counted > 0 or split.mirrored > 0


class Ledger:
    """Windows in, evidence out.

    What one version did alone is never mixed with what both did at once: as soon as there is any of the latter, it
    alone is the evidence.
    """

    def __init__(self) -> None:
        self._apart, self._together = Arms(), Arms()
        self.compared = False
        """Whether both versions have answered at the same time."""

    def add(self, apart: Arms, together: Arms, *, compared: bool, ready: bool = True) -> Evidence:
        """The evidence after one more window."""
        self.compared = self.compared or compared
        if self.compared:
            self._together = self._together.plus(together)
            return Evidence(together, self._together, True, ready)
        self._apart = self._apart.plus(apart)
        return Evidence(apart, self._apart, False, ready)
