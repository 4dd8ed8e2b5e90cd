"""Simulated answers, kept for as long as they are the latest few: drawing another chart asks nothing twice."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from dashboard.training.packages import packages
from simulators.runs.result import SimulationResult
from simulators.whatif import Asked, Known, Question, ask, known_profiles
from simulators.whatif.load_curve import LoadCurve, load_curve
from simulators.whatif.moving import Movement, moving
from simulators.whatif.one_request import OneRequest, picked
from simulators.whatif.running import run


def profiles() -> Mapping[str, Known]:
    """All profiles, the user's models by the names that people know."""
    return known_profiles({package.version: f"{package.manifest.name} {package.version}" for package in packages()})


def asked(question: Question) -> Asked:
    """The question put together; `DrydockError` says what does not go together."""
    found = profiles()
    return _asked(question, found[question.profile]) if question.profile in found else ask(question, found)


def answer(of: Asked) -> SimulationResult:
    """Counts, figures and timeline."""
    return _answer(of)


def curve(of: Asked) -> LoadCurve:
    """Latency against load; the same whatever the preset and the rate, where the plan can run out of workers."""
    return _curve(_Same(of))


def requests(of: Asked) -> Mapping[str, OneRequest]:
    """Single requests."""
    return _requests(of)


def movement(of: Asked) -> Movement:
    """A handful of requests on their way."""
    return _movement(of)


@lru_cache(maxsize=32)
def _asked(question: Question, known: Known) -> Asked:
    return ask(question, {question.profile: known})


@lru_cache(maxsize=16)
def _answer(of: Asked) -> SimulationResult:
    return run(of)


@lru_cache(maxsize=8)
def _requests(of: Asked) -> Mapping[str, OneRequest]:
    return picked(of)


@lru_cache(maxsize=8)
def _movement(of: Asked) -> Movement:
    return moving(of, answer(of))


class _Same:
    """A question as the load curve sees it: by the plan and the seed, and by the rate where rates follow from it."""

    def __init__(self, of: Asked) -> None:
        endless = of.capacity_rps == float("inf") or any(unit.scales for unit in of.calm.units)
        rate_rps = of.question.rate_rps if endless else 0.0
        question = replace(of.question, preset="", rate_rps=1.0, slo_ms=1.0, duration_s=1.0, precision=0.1, trace="")
        self.of, self._key = of, (question, id(of.known), rate_rps)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


@lru_cache(maxsize=8)
def _curve(same: _Same) -> LoadCurve:
    return load_curve(same.of)
