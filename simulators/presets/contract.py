"""The contract of a preset: what traffic comes, and what goes wrong meanwhile, as pure values.

One file in simulators/presets/ is one preset; the file's name is its name. It knows no architecture: it is told a plan
and answers with one.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from data.workloads.contract import Workload
from simulators.plan import Plan

TRACE = "flights"
"""The trace that is replayed where none is named."""


class Preset(ABC):
    """A situation to put an architecture into."""

    title: ClassVar[str]
    summary: ClassVar[str]
    """What happens, in a sentence or two; moments are shares of the simulated time."""
    watch: ClassVar[str]
    """What to look at, in a sentence."""
    order: ClassVar[int]
    """Its place in a list, from calm to wild."""
    steady: ClassVar[bool] = False
    """Whether traffic and plan stay the same all the time, so that there is a steady state to look for."""
    load: ClassVar[float] = 0.6
    """Mean utilisation of the bottleneck at which it is best seen; above 1 in its worst moments."""
    architecture: ClassVar[str] = ""
    """The architecture it is best seen in; empty for any."""
    settings: ClassVar[Mapping[str, int | float]] = {}
    """Settings it is best seen with; those that an architecture does not have are left out."""

    @abstractmethod
    def traffic(self, rate_rps: float, duration_s: float, trace: str = TRACE) -> Workload:
        """Requests of that mean rate; `trace` is what a replay replays."""

    def disturbed(self, plan: Plan, duration_s: float) -> Plan:  # noqa: ARG002
        """The plan with what goes wrong in it; by default nothing does."""
        return plan

    def why_not(self, plan: Plan) -> str:  # noqa: ARG002
        """Empty where it can happen to this plan; otherwise why it cannot, for people to read."""
        return ""
