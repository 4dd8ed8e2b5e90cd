"""What a decision rests on beside the traces: the model's profile, and how large its package is."""

from dataclasses import dataclass

from data.errors import DrydockError
from data.profile import ServiceProfile
from data.scenario import Application, Scenario
from simulators.comparison.models import package_for
from simulators.fidelity import FidelityReport, stored_report
from strategies.dealership.profiles import kept_application
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
    apart: ServiceProfile | None = None
    """Of a whole application: the same, measured with a process for each component. None for a lone model."""

    def of(self, architecture: str) -> ServiceProfile | None:
        """The profile that an architecture's predictions are made of: the form that is most like it."""
        return self.apart if self.apart is not None and architecture == "microservices" else self.profile

    @property
    def about(self) -> str:
        """A sentence on where simulated durations come from."""
        if self.profile is None:
            return ""
        machine = self.profile.machine
        place = f"{machine.get('cores', '?')} cores, {machine.get('memory_gib', '?')} GiB"
        what = f"model {self.version}" if self.apart is None else f"the dealership around model {self.version}"
        return (
            f"Simulated candidates are made of what was measured of {what} on "
            f"{self.profile.measured_at[:10]} on {place}."
        )


def fidelity_report() -> FidelityReport | None:
    """This machine's; None without one that can be read."""
    try:
        return stored_report()
    except DrydockError:
        return None


def fidelity_said() -> str:
    """What this machine's fidelity report says of predictions in general; empty without one that can be read."""
    report = fidelity_report()
    totals = [t for t in report.totals() if t.median_error is not None and t.figure.endswith("_ms")] if report else []
    if not totals:
        return ""
    each = ", ".join(f"{t.figure.removesuffix('_ms')} {t.median_error:.0%} (of {t.cells} runs)" for t in totals)
    return f"In this machine's fidelity report the median error of predictions is: {each}."


def evidence_of(package: ModelPackage, rows: int, application: Application = "model") -> Evidence:
    """The package's size, and the profile of what is served where it is on the shelf."""
    size = sum(path.stat().st_size for path in package.folder.iterdir() if path.is_file())
    if application == "dealership":
        forms = kept_application(package.version)
        whole, apart = (forms["monolith"], forms["microservices"]) if forms else (None, None)
        return Evidence(whole, package.version, size, rows, apart)
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
    return evidence_of(package, len(request_rows(scenario, package)), scenario.application)
