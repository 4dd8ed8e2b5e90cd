"""What a decision rests on beside the traces: the model's profile, and how large its package is."""

from dataclasses import dataclass

from data.errors import DrydockError
from data.profile import ServiceProfile
from data.scenario import Scenario
from simulators.comparison.models import package_for
from simulators.fidelity import stored_report
from strategies.packaging.package import ModelPackage
from strategies.profiling.shelf import kept_profiles


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """The same for all candidates."""

    profile: ServiceProfile | None
    """None while the model has not been profiled on this machine."""
    version: str = ""
    package_bytes: int = 0
    rows: int = 1
    """Different rows that requests carry."""

    @property
    def about(self) -> str:
        """A sentence on where simulated durations come from."""
        if self.profile is None:
            return ""
        machine = self.profile.machine
        place = f"{machine.get('cores', '?')} cores, {machine.get('memory_gib', '?')} GiB"
        return (
            f"Simulated candidates are made of what was measured of model {self.version} on "
            f"{self.profile.measured_at[:10]} on {place}."
        )


def fidelity_said() -> str:
    """What this machine's fidelity report says of predictions in general; empty without one that can be read."""
    try:
        report = stored_report()
    except DrydockError:
        return ""
    totals = [t for t in report.totals() if t.median_error is not None and t.figure.endswith("_ms")] if report else []
    if not totals:
        return ""
    each = ", ".join(f"{t.figure.removesuffix('_ms')} {t.median_error:.0%} (of {t.cells} runs)" for t in totals)
    return f"In this machine's fidelity report the median error of predictions is: {each}."


def evidence_of(package: ModelPackage, rows: int) -> Evidence:
    """The package's size, and its profile where one is on the shelf."""
    size = sum(path.stat().st_size for path in package.folder.iterdir() if path.is_file())
    return Evidence(kept_profile(package.version), package.version, size, rows)


def kept_profile(version: str) -> ServiceProfile | None:
    """The profile of that version; None where there is none that can be read."""
    path = kept_profiles().get(version)
    if path is None:
        return None
    try:
        return ServiceProfile.load(path)
    except DrydockError:
        return None


def evidence_for(scenario: Scenario) -> Evidence:
    """The evidence for a scenario whose model is on the shelf."""
    from strategies.measuring.rows import request_rows

    package = package_for(scenario)
    return evidence_of(package, len(request_rows(scenario, package)))
