"""The units that prices are for: what is counted, and how many of it one price pays for."""

from collections.abc import Mapping
from decimal import Decimal

_MILLION = Decimal(1_000_000)

UNITS: Mapping[str, tuple[str, Decimal]] = {
    "hour": ("hours", Decimal(1)),
    "GB-s": ("GB-s", Decimal(1)),
    "GiB-s": ("GiB-s", Decimal(1)),
    "vCPU-s": ("vCPU-s", Decimal(1)),
    "vCPU-hour": ("vCPU-hours", Decimal(1)),
    "GB-hour": ("GB-hours", Decimal(1)),
    "LCU-hour": ("LCU-hours", Decimal(1)),
    "GB-month": ("GB-months", Decimal(1)),
    "GB": ("GB", Decimal(1)),
    "kWh": ("kWh", Decimal(1)),
    "requests": ("requests", Decimal(1)),
    "1e6 requests": ("requests", _MILLION),
    "1e6 units": ("units", _MILLION),
    "1e6 executions": ("executions", _MILLION),
}
"""Unit as a list writes it, to the name of what is counted and how many of it the price is for."""

ROLES: Mapping[str, str] = {
    "instance.hour": "A virtual machine",
    "task.vcpu_hour": "Processor of containers without machines to look after",
    "task.gb_hour": "Memory of containers without machines to look after",
    "orchestrator.hour": "Control plane of an orchestrator",
    "function.gb_s": "Functions: memory size times duration",
    "function.vcpu_s": "Functions: processors times duration",
    "function.gib_s": "Functions: memory times duration, where processors are billed apart",
    "function.requests": "Functions: requests",
    "function.provisioned_gb_s": "Functions: memory kept ready",
    "function.provisioned_duration_gb_s": "Functions: duration on memory that was kept ready",
    "gateway.requests": "Gateway: requests",
    "balancer.hour": "Load balancer",
    "balancer.capacity_hour": "Load balancer: capacity units in use",
    "nat.hour": "NAT gateway",
    "broker.hour": "Message broker",
    "stream.shard_hour": "Stream: shards",
    "stream.put_units": "Stream: payload units put",
    "queue.requests": "Queue: requests",
    "storage.gb_month": "Storage",
    "egress.gb": "Data out to the internet",
    "endpoint.hour": "Managed endpoint: instance",
    "endpoint.gb_s": "Managed endpoint without servers: memory size times duration",
    "endpoint.data_gb": "Managed endpoint: data in and out",
    "staff.hour": "Operating effort",
}
"""What each price is for, as a bill says it. A price without a role is only chosen by its id."""
