"""How far to trust a prediction: the error seen nearest to it, and whether it goes beyond what was measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from simulators.fidelity.report import FidelityReport, Nearest, folder, stored_report
from simulators.plan import Plan
from simulators.whatif.planning import Asked

COMPARED = ("p50_ms", "p95_ms", "p99_ms", "throughput_rps")
"""Figures that the fidelity report knows."""
_FUNCTIONS = ("serverless", "managed_serverless")


@dataclass(frozen=True, slots=True)
class Trust:
    """What can be said of one question's predictions."""

    errors: Mapping[str, Nearest]
    """By figure; empty while nothing was measured."""
    beyond: tuple[str, ...]
    """In which respects the prediction goes beyond what was measured; empty where it does not."""

    def text(self, figure: str) -> str:
        """The error seen nearest, in a few words.

        >>> Trust({}, ()).text("p50_ms")
        'no error measured yet'
        """
        found = self.errors.get(figure)
        if found is None or found.cell.quoted is None:
            return "no error measured yet"
        cell = found.cell
        words = f"{cell.quoted:+.0%} ({cell.subject}, load {cell.utilisation:.0%}, {cell.traffic})"
        return f"{words}, extrapolated" if found.extrapolated or self.beyond else words


def trust(asked: Asked) -> Trust:
    """Look it up in this machine's fidelity report."""
    report = fidelity_report()
    if report is None:
        return Trust({}, ())
    traffic = "poisson" if asked.preset.steady else "bursty"
    where = _host(asked)
    near = {
        name: found
        for name in COMPARED
        if (found := report.nearest(asked.question.strategy, where, asked.utilisation, traffic, name)) is not None
    }
    return Trust(near, _beyond(asked, where, near))


def _host(asked: Asked) -> str:
    """The host of what was measured that is most like it, as the report calls them."""
    name = asked.question.architecture
    if name in _FUNCTIONS:
        return "function"
    if len(asked.known.profile.components) > 1:
        return "dealership microservices" if name == "microservices" else "dealership monolith"
    return "process"


def _beyond(asked: Asked, where: str, near: Mapping[str, Nearest]) -> tuple[str, ...]:
    found: list[str] = []
    if not asked.known.measured_here:
        found.append("the reference profile was not measured on this machine")
    cells = [n.cell for n in near.values()]
    if cells and not any((c.strategy, c.host) == (asked.question.strategy, where) for c in cells):
        found.append(f"{asked.question.strategy} on {where} was never measured here")
    elif any(n.extrapolated for n in near.values()):
        found.append(f"a load of {asked.utilisation:.0%} was never measured here")
    if _scaled(asked.calm):
        found.append("several replicas or workers were not measured")
    if asked.plan != asked.calm:
        found.append("nothing was disturbed on purpose in what was measured")
    if dict(asked.question.settings).get("extra_hop_ms"):
        found.append("a slower network was not measured")
    return tuple(found)


def _scaled(plan: Plan) -> bool:
    return any(unit.scaling.most > 1 and unit.scales is False for unit in plan.units) or any(
        (station.workers or 1) > 1 for station in plan.stations
    )


def fidelity_report() -> FidelityReport | None:
    """This machine's fidelity report, read once; None while there is none."""
    path = folder() / "report.json"
    return _loaded(path.stat().st_mtime_ns, str(path)) if path.exists() else None


@lru_cache(maxsize=2)
def _loaded(_modified_ns: int, _path: str) -> FidelityReport | None:
    return stored_report()
