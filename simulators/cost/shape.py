"""How one candidate is run and what a request takes of it, as far as its bill goes."""

from dataclasses import dataclass, replace
from typing import Literal

from simulators.architectures.contract import Platform

FULL_CORE_MB = 1_769
"""A function of this size has one whole processor on AWS Lambda ("Configure Lambda function memory"); service times
were measured on whole processors, so this is the size taken unless a scenario names another."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes that somebody chose."""

    platform: Platform = "machines"
    strategy: str = "api"
    workers: int = 1
    """Requests that a replica serves at once."""
    least: int = 1
    """Fewest replicas."""
    most: int | None = None
    """Most replicas that an autoscaler may add; None: no limit."""
    busy_share: float | None = None
    """Share of busy workers that an autoscaler aims at; None: a fixed number, for the peak with headroom."""
    instance: str = ""
    """Id of the price or machine; empty takes the cheapest that is large enough."""
    memory_mb: int = 0
    """Of a replica or function; 0: what was measured, and for a function at least a whole processor's worth."""
    vcpu: float | None = None
    """Processors of a task or function; None: one for each worker."""
    idle_expiry_s: float = 600.0
    """How long a function's instance is kept without a request."""
    provisioned: int = 0
    """Instances of a function that are always kept ready."""
    batch_every_s: float | None = None
    """Time between two jobs, where a job predicts beforehand."""
    batch_rows: int = 0
    staff_hours: float = 0.0
    """Work on it in a month, as stated."""
    release: str = "basic"


@dataclass(frozen=True, slots=True)
class Work:
    """What a request takes, measured; with the 95% interval of its mean."""

    service_s: float
    """Mean occupancy of a worker."""
    service_low_s: float
    service_high_s: float
    n: int
    """Samples behind it."""
    init_s: float = 0.0
    """Mean start of a function's instance."""
    row_s: float = 0.0
    """What a job takes for one row, at its best batch size."""
    payload_bytes: int = 0
    """Of a request and its answer."""
    memory_bytes: int = 0
    package_bytes: int = 0
    samples_s: tuple[float, ...] = ()
    """Service times, for providers that round each of them up; without any, the mean is rounded."""
    origin: Literal["measured", "profile"] = "measured"
    """Whether it comes from the candidate's own runs, or from a profile of its parts."""
    shares: tuple[float, ...] = (1.0,)
    """Of the service time, for each unit that is deployed and scaled apart; they add up to 1."""

    def scaled(self, service: float = 1.0, init: float = 1.0, payload: float = 1.0) -> "Work":
        """The same with service times, starts and payloads so many times as large."""
        return replace(
            self,
            service_s=self.service_s * service,
            service_low_s=self.service_low_s * service,
            service_high_s=self.service_high_s * service,
            row_s=self.row_s * service,
            samples_s=tuple(seconds * service for seconds in self.samples_s),
            init_s=self.init_s * init,
            payload_bytes=round(self.payload_bytes * payload),
        )

    def of_unit(self, place: int) -> "Work":
        """What a request takes of one unit alone."""
        share = self.shares[place]
        return replace(self.scaled(share), row_s=self.row_s, shares=(1.0,))
