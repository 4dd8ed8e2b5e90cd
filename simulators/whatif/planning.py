"""From a question to a plan and its traffic."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from data.discovery import kind
from data.errors import InvalidValue
from data.workloads.contract import MAX_REQUESTS, Workload
from simulators.architectures.contract import Architecture
from simulators.plan import Load, PerRequest, Plan, offered_load, overload_warnings
from simulators.presets.contract import Preset
from simulators.whatif.profiles import Known
from simulators.whatif.question import MOST_RPS, Question


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A question with all that it stands for."""

    question: Question
    known: Known
    preset: Preset
    architecture: type[Architecture]
    calm: Plan
    """The architecture's plan, without what the preset does to it."""
    plan: Plan
    workload: Workload
    why_not: str
    """Why the preset cannot happen to this plan; empty where it can."""

    @property
    def requests(self) -> float:
        """Requests to be expected."""
        return self.workload.mean_rate_rps * self.workload.duration_s

    def loads(self) -> tuple[Load, ...]:
        """What each station is offered at the mean rate."""
        return offered_load(self.calm, self.question.rate_rps)

    @property
    def utilisation(self) -> float:
        """Of the station that is offered the most, at the mean rate."""
        return max((load.utilisation for load in self.loads()), default=0.0)

    @property
    def capacity_rps(self) -> float:
        """The mean rate at which that station would be offered all that it can do; inf where nothing is limited."""
        busiest = self.utilisation
        return self.question.rate_rps / busiest if busiest else float("inf")

    def overload(self) -> tuple[str, ...]:
        """A sentence for each station that is offered more than it can do, at the mean rate."""
        return overload_warnings(self.calm, self.question.rate_rps)


def ask(question: Question, profiles: Mapping[str, Known]) -> Asked:
    """Put the question together.

    Raises
    ------
    UnknownKind
        No preset or architecture has that name.
    InvalidValue
        The strategy makes no sense in the architecture, a setting is out of its bounds, the profile lacks something,
        or there would be more requests than can be held.
    """
    if question.profile not in profiles:
        known = ", ".join(profiles)
        raise InvalidValue("profile", question.profile, "is not on this machine", f"choose one of {known}")
    known_profile = profiles[question.profile]
    preset = kind("simulators.presets", Preset, question.preset)()  # type: ignore[type-abstract]
    architecture = kind("simulators.architectures", Architecture, question.architecture)  # type: ignore[type-abstract]
    settings = {name: _as(architecture, name, value) for name, value in question.settings}
    calm = _plan(architecture, known_profile, question.strategy, tuple(settings.items()))
    workload = preset.traffic(question.rate_rps, question.duration_s, question.trace)
    expected = workload.mean_rate_rps * workload.duration_s
    if expected > MAX_REQUESTS:
        rule = f"must not exceed {MAX_REQUESTS:,}"
        raise InvalidValue("requests", f"{expected:,.0f}", rule, "lower the rate, or simulate a shorter time")
    plan = preset.disturbed(calm, question.duration_s)
    return Asked(question, known_profile, preset, architecture, calm, plan, workload, preset.why_not(calm))


def suited(question: Question, preset: str) -> Question:
    """The question for another preset, with the settings that it is best seen with, where the architecture has them."""
    chosen = kind("simulators.presets", Preset, preset)  # type: ignore[type-abstract]
    name = chosen.architecture or question.architecture
    architecture = kind("simulators.architectures", Architecture, name)  # type: ignore[type-abstract]
    strategy = question.strategy if question.strategy in architecture.strategies else architecture.strategies[0]
    kept = question if name == question.architecture else question.without_settings()
    fitting = {key: float(value) for key, value in chosen.settings.items() if key in architecture.settings}
    return replace(kept, preset=preset, architecture=name, strategy=strategy).with_settings(**fitting)


def at_load(question: Question, profiles: Mapping[str, Known], load: float, most_rps: float = MOST_RPS) -> Question:
    """The question at the rate that makes this utilisation of its bottleneck, or at `most_rps` where that is less.

    As it is where nothing can run out of workers, or only functions can.
    """
    asked = ask(question, profiles)
    endless = all(isinstance(unit.scaling, PerRequest) for unit in asked.calm.units)
    if endless or not 0 < asked.capacity_rps < float("inf"):
        return question
    return replace(question, rate_rps=float(f"{min(load * asked.capacity_rps, most_rps):.2g}"))


def _as(architecture: type[Architecture], name: str, value: float) -> float:
    """A whole number where the setting is one; the architecture checks the rest."""
    setting = architecture.settings.get(name)
    return int(value) if setting is not None and isinstance(setting.default, int) and value == int(value) else value


@lru_cache(maxsize=64)
def _plan(
    architecture: type[Architecture], known: Known, strategy: str, settings: tuple[tuple[str, float], ...]
) -> Plan:
    return architecture().plan(known.profile, strategy=strategy, settings=dict(settings))
