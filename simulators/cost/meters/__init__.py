"""From what happened to what is billed, by kind of resource, each with its provider's rules of rounding."""

from simulators.cost.meters.functions import billed_gb_s, billed_ms, functions, provisioned
from simulators.cost.meters.machines import endpoint, instances, own_machines, tasks
from simulators.cost.meters.traffic import balancer, broker, data_out, gateway, storage

__all__ = [
    "balancer", "billed_gb_s", "billed_ms", "broker", "data_out", "endpoint", "functions", "gateway", "instances",
    "own_machines", "provisioned", "storage", "tasks",
]  # fmt: skip
