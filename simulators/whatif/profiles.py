"""Where a prediction's durations come from: the user's own model, what the fidelity report measured, the reference."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal

from data.errors import DrydockError
from data.profile import ServiceProfile
from simulators.fidelity.report import folder
from simulators.presets.reference import reference_profile
from strategies.profiling.shelf import kept_profiles

REFERENCE = "reference"
Origin = Literal["own model", "this machine", "reference"]


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """A profile and where it is from."""

    name: str
    title: str
    origin: Origin
    """own model: a package of the user's, measured here. this machine: measured here for the fidelity report.
    reference: ships with Drydock, measured elsewhere."""
    profile: ServiceProfile
    about: str
    """A sentence for people to read."""

    @property
    def measured_here(self) -> bool:
        return self.origin != "reference"


def known_profiles(labels: Mapping[str, str] | None = None) -> Mapping[str, Known]:
    """All that can be chosen, by name: own models first, the reference last.

    A file that cannot be read is left out. `labels` tells what people call a package's version.
    """
    found: list[Known] = []
    for version, path in kept_profiles().items():
        found += _own(version, path, _stamp(path), (labels or {}).get(version, ""))
    for path in sorted((folder() / "profiles").glob("*.json")):
        found += _measured(path, _stamp(path))
    return {known.name: known for known in (*found, reference_known())}


@lru_cache(maxsize=32)
def _own(version: str, path: Path, _modified_ns: int, label: str) -> tuple[Known, ...]:
    """The user's model alone, and inside the reference application."""
    profile = _read(path)
    if profile is None:
        return ()
    reference, title = reference_known(), label or f"{profile.name} {version}"
    about = f"Measured on this machine on {profile.measured_at[:10]}, on your model {title}."
    alone = Known(f"model/{version}", f"Your model {title}", "own model", profile, about)
    about = f"Your model {title}, measured on this machine, inside the reference application. {reference.about}"
    name, inside = f"application/{version}", _inside(reference.profile, profile)
    return alone, Known(name, f"Reference application with {title}", "reference", inside, about)


@lru_cache(maxsize=32)
def _measured(path: Path, _modified_ns: int) -> tuple[Known, ...]:
    profile = _read(path)
    if profile is None:
        return ()
    about = f"Measured on this machine on {profile.measured_at[:10]} for the fidelity report."
    return (Known(f"fidelity/{path.stem}", f"Measured here: {path.stem}", "this machine", profile, about),)


@lru_cache(maxsize=1)
def reference_known() -> Known:
    """The profile that ships."""
    profile = reference_profile()
    machine = profile.machine
    about = (
        f"A reference, not your machine: the car dealership's five components, measured on {profile.measured_at[:10]} "
        f"on {machine.get('cores', '?')} cores, {machine.get('memory_gib', '?')} GiB."
    )
    return Known(REFERENCE, "Reference: car dealership", "reference", profile, about)


def _inside(application: ServiceProfile, model: ServiceProfile) -> ServiceProfile:
    """The application around another model, with what only that model's profile knows."""
    own = {name: getattr(model, name) for name in ("lookup_s", "broker_s", "cold_starts") if getattr(model, name)}
    changed = application.with_component(model.component("model"))
    return replace(changed, name=f"{application.name} with {model.name}", **own)


def _read(path: Path) -> ServiceProfile | None:
    try:
        return ServiceProfile.load(path)
    except (DrydockError, OSError):
        return None


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
