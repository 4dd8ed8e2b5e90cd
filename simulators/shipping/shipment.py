"""What is to be shipped: a model, the chosen candidate, what is promised, and how large it was measured to be."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from data.errors import InvalidValue
from data.estimate import Estimate
from data.estimates import Summary
from data.profile import ServiceProfile
from data.scenario import Candidate, Slo
from strategies.packaging.package import ModelPackage
from strategies.streams.names import ROOT, Names

MIB = 1 << 20
PORT = 8080
_SPARE_MEMORY = 1.5
"""Times the highest memory that was measured: beyond it the kernel ends the container."""
_BUSY_SHARE = 0.5
"""Share of its processors that a replica is meant to use on average, so that one more request finds room."""
_REGISTRY = re.compile(r"^[a-z0-9]([a-z0-9.:/_-]*[a-z0-9])?$")


@dataclass(frozen=True, slots=True)
class Resources:
    """What one replica is given, and where that comes from."""

    cpus: float = 0.5
    memory_bytes: int = 512 * MIB
    basis: str = "assumed: nothing was measured"

    @classmethod
    def measured(cls, cpu_s: float, memory_bytes: int, rate_rps: float, replicas: int) -> "Resources":
        """From processor time for a request and the highest memory, at the forecast rate over so many replicas.

        Parameters
        ----------
        cpu_s
            Processor seconds of a request.
        memory_bytes
            Highest memory of one replica.
        """
        for name, value in (("cpu_s", cpu_s), ("memory_bytes", memory_bytes), ("rate_rps", rate_rps)):
            if not 0 < value < math.inf:
                raise InvalidValue(name, value, "must be above 0", "measure the candidate first")
        wanted = cpu_s * rate_rps / replicas / _BUSY_SHARE
        cpus = max(0.1, math.ceil(wanted * 20) / 20)
        memory = max(128 * MIB, math.ceil(memory_bytes * _SPARE_MEMORY / (16 * MIB)) * 16 * MIB)
        basis = (
            f"measured: {cpu_s * 1e3:.3g} ms of processor a request at {rate_rps:g} requests/s on "
            f"{replicas} {'replica' if replicas == 1 else 'replicas'}, "
            f"half busy; {memory_bytes / MIB:.0f} MiB at most, and half as much again"
        )
        return cls(cpus, memory, basis)

    @classmethod
    def of_profile(cls, profile: ServiceProfile, rate_rps: float, replicas: int) -> "Resources":
        """From a service profile."""
        return cls.measured(profile.cpu_s, profile.memory_bytes // profile.workers, rate_rps, replicas)

    @classmethod
    def of_summary(cls, summary: Summary, rate_rps: float, replicas: int) -> "Resources":
        """From measured runs; the assumption where they did not measure processor time and memory."""
        cpu_s, peak_mib = summary.cpu_s_per_1000, summary.peak_mib
        if not isinstance(cpu_s, Estimate) or not isinstance(peak_mib, Estimate) or summary.origin != "measured":
            return cls()
        return cls.measured(cpu_s.value / 1e3, int(peak_mib.value * MIB / replicas), rate_rps, replicas)

    @property
    def mib(self) -> int:
        return self.memory_bytes // MIB

    @property
    def millicores(self) -> int:
        return round(self.cpus * 1_000)


@dataclass(frozen=True)
class Shipment:
    """Everything that the files depend on."""

    package: ModelPackage
    candidate: Candidate
    slo: Slo = field(default_factory=Slo)
    resources: Resources = field(default_factory=Resources)
    rate_rps: float = 10.0
    """Forecast traffic, at which the workflow measures."""
    registry: str = "registry.example.com"
    """Where images are pushed to."""

    def __post_init__(self) -> None:
        if not _REGISTRY.match(self.registry):
            remedy = "give a host and a path, such as registry.example.com/team"
            raise InvalidValue("registry", self.registry, "is no address of a registry", remedy)
        if not 0 < self.rate_rps < math.inf:
            raise InvalidValue("rate_rps", self.rate_rps, "must be above 0", "give the forecast in requests per second")

    @property
    def name(self) -> str:
        """As Kubernetes, Docker and AWS all take it: small letters, digits and dashes, 40 at most."""
        text = re.sub(r"[^a-z0-9]+", "-", self.package.manifest.name.lower()).strip("-")
        return (text if text[:1].isalpha() else f"model-{text}")[:40].strip("-")

    @property
    def version(self) -> str:
        return self.package.version

    @property
    def image(self) -> str:
        return f"{self.registry}/{self.name}:{self.version}"

    @property
    def names(self) -> Names:
        """Of streams and consumers on the broker."""
        return Names(ROOT + self.name.replace("-", "_"))

    @property
    def replicas(self) -> int:
        return int(self.setting("minimum", self.setting("model_replicas", self.candidate.workers)))

    @property
    def most_replicas(self) -> int:
        return max(self.replicas, int(self.setting("maximum", 2 * self.replicas)))

    def setting(self, name: str, default: float) -> float:
        """A number among the candidate's settings."""
        value = self.candidate.settings.get(name, default)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else default

    @property
    def labels(self) -> Mapping[str, str]:
        return {"app.kubernetes.io/name": self.name, "app.kubernetes.io/version": self.version}

    @property
    def selector(self) -> Mapping[str, str]:
        return {"app.kubernetes.io/name": self.name}

    @property
    def listens(self) -> bool:
        """Whether it answers HTTP: what embedded and batch ship is a job, or part of something else."""
        return self.candidate.strategy == "api"
