"""Whatever is billed by the hour: virtual machines, container tasks, managed endpoints, machines of one's own."""

from decimal import Decimal

from simulators.cost.bill import MACHINE, Used
from simulators.cost.money import number, product


def instances(count: Decimal, hours: Decimal, id: str = "", role: str = "instance.hour") -> tuple[Used, ...]:
    """So many virtual machines, on average, all month."""
    return (Used(role, product(count, hours), f"{number(count)} × {number(hours)} hours", id),)


def endpoint(count: Decimal, hours: Decimal, data_gb: Decimal, id: str = "") -> tuple[Used, ...]:
    """Instances of a managed endpoint, and the data that goes in and out of them."""
    return (*instances(count, hours, id, "endpoint.hour"), Used("endpoint.data_gb", data_gb))


def own_machines(count: Decimal, hours: Decimal, id: str) -> tuple[Used, ...]:
    """Machines of one's own; their purchase is paid whether they are busy or not."""
    return (Used(MACHINE, product(count, hours), "", id),)


def tasks(count: Decimal, hours: Decimal, vcpu: Decimal, memory_gb: Decimal, clusters: int = 1) -> tuple[Used, ...]:
    """Containers on an orchestrator whose machines the provider looks after, and the control plane."""
    each = f"{number(count)} tasks × {number(hours)} hours"
    return (
        Used("task.vcpu_hour", product(count, hours, vcpu), f"{each} × {number(vcpu)} vCPU"),
        Used("task.gb_hour", product(count, hours, memory_gb), f"{each} × {number(memory_gb)} GB"),
        Used("orchestrator.hour", product(Decimal(clusters), hours), f"{clusters} × {number(hours)} hours"),
    )
