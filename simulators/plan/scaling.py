"""How many replicas a unit has: fixed, an autoscaler's choice, or one per request in flight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from simulators.plan._rules import not_negative, positive, regular, whole
from simulators.plan.errors import InvalidPlan
from simulators.plan.laws import Law, check_law

MAX_REPLICAS = 10_000


@dataclass(frozen=True)
class Fixed:
    """Always the same number."""

    replicas: int = 1

    def __post_init__(self) -> None:
        whole("replicas", self.replicas, 1, MAX_REPLICAS)

    @property
    def most(self) -> int:
        return self.replicas


@dataclass(frozen=True)
class Autoscaled:
    """Kubernetes' HorizontalPodAutoscaler: every `sync_s`, desired = ceil(current · metric / target).

    Nothing changes while |metric/target - 1| ≤ `tolerance`. Replicas that are not ready count as idle when scaling up.
    Scaling down takes the highest wish of the last `down_stabilisation_s`, scaling up the lowest of the last
    `up_stabilisation_s`. Within `period_s` it adds at most max(`up_replicas`, `up_share` of what there was).
    Source: Kubernetes documentation, "Horizontal Pod Autoscaling", algorithm details and default behaviour.
    """

    target: float
    """Of the metric, per replica: a share for utilisation, a number of requests for in_flight."""
    minimum: int = 1
    maximum: int = 10
    initial: int | None = None
    """Replicas at the start; None: the minimum."""
    metric: Literal["utilisation", "in_flight"] = "utilisation"
    """What is averaged since the last sync: share of workers (or cores, where the unit states them) that were busy, or
    requests in the replica, waiting or in service."""
    sync_s: float = 15.0
    tolerance: float = 0.1
    down_stabilisation_s: float = 300.0
    up_stabilisation_s: float = 0.0
    up_replicas: int = 4
    up_share: float = 1.0
    period_s: float = 15.0

    def __post_init__(self) -> None:
        positive("target", self.target)
        whole("maximum", self.maximum, 1, MAX_REPLICAS // 2)
        whole("minimum", self.minimum, 1, self.maximum)
        if self.initial is not None:
            whole("initial", self.initial, self.minimum, self.maximum)
        if self.metric not in ("utilisation", "in_flight"):
            raise InvalidPlan("metric", self.metric, "is not a metric", "give utilisation or in_flight")
        regular("sync_s", self.sync_s)
        not_negative("tolerance", self.tolerance)
        not_negative("down_stabilisation_s", self.down_stabilisation_s)
        not_negative("up_stabilisation_s", self.up_stabilisation_s)
        whole("up_replicas", self.up_replicas, 1, MAX_REPLICAS)
        not_negative("up_share", self.up_share)
        positive("period_s", self.period_s)

    @property
    def begins_with(self) -> int:
        return self.minimum if self.initial is None else self.initial

    @property
    def most(self) -> int:
        return self.maximum


@dataclass(frozen=True)
class PerRequest:
    """Serverless: each request has an instance to itself.

    A request takes the newest idle instance (the one created last); without one it starts another and waits for it: a
    cold start, as long as the unit's `start_up`. An instance that stays idle for `idle_expiry_s` is removed; the clock
    starts again whenever it becomes idle. At `concurrency` instances a request waits or is refused, as the station's
    `queue_limit` says.
    """

    idle_expiry_s: float = 600.0
    concurrency: int = 1_000
    provisioned: int = 0
    """Instances that are always kept ready; they never expire."""
    cold_service: Law | None = None
    """Service law of an instance's first request, where it differs; None: as any other."""
    start_cores: float | None = None
    """Processors that all start-ups under way share equally, as on one machine; None: each has its own."""

    def __post_init__(self) -> None:
        positive("idle_expiry_s", self.idle_expiry_s)
        whole("concurrency", self.concurrency, 1, MAX_REPLICAS)
        whole("provisioned", self.provisioned, 0, self.concurrency)
        if self.cold_service is not None:
            check_law("cold_service", self.cold_service)
        if self.start_cores is not None:
            positive("start_cores", self.start_cores)

    @property
    def most(self) -> int:
        return self.concurrency


Scaling = Fixed | Autoscaled | PerRequest
