"""How many replicas a month's traffic takes, and which instance they fit on."""

import math
from decimal import Decimal

from data.errors import InvalidValue
from data.prices import Machine, Price, PriceList
from simulators.cost.month import Month
from simulators.cost.shape import FULL_CORE_MB, Shape, Work

_MIB = 2**20
_TASK_STEP_MB = 512


def replicas(shape: Shape, work: Work, month: Month) -> float:
    """Replicas on average over the month, of all units together.

    Fixed: for the peak, with headroom, ⌈λ_peak · S · (1 + h) / workers⌉. Autoscaled: hour by hour, ⌈λ · S / (workers ·
    target)⌉ within its limits. Either way with the replicas that redundancy adds, and for each unit that is deployed
    apart by itself: five services are five replicas at the least.
    """
    return sum(_replicas_of_a_unit(shape, work, month, share) for share in work.shares)


def most_replicas(shape: Shape, work: Work, month: Month) -> int:
    """Replicas at the peak, of all units together."""
    return sum(_most_of_a_unit(shape, work, month, share) for share in work.shares)


def most_of_a_unit(shape: Shape, work: Work, month: Month) -> int:
    """Replicas at the peak, of the unit that takes most."""
    return max(_most_of_a_unit(shape, work, month, share) for share in work.shares)


def overloaded(shape: Shape, work: Work, month: Month) -> bool:
    """Whether the peak asks for more than all replicas that an autoscaler may add can do."""
    limited = shape.busy_share is not None and shape.most is not None
    return limited and _erlangs(month.peak_rps, work) * max(work.shares) > (shape.most or 0) * shape.workers


def memory_mb(shape: Shape, work: Work) -> int:
    """Size of a replica: as stated, or what was measured and a quarter more."""
    if shape.memory_mb:
        return shape.memory_mb
    measured = math.ceil(work.memory_bytes * 1.25 / _MIB)
    functions = shape.platform in ("functions", "endpoint_functions")
    return max(measured, FULL_CORE_MB if functions else _TASK_STEP_MB)


def task_size(shape: Shape, work: Work) -> tuple[Decimal, Decimal]:
    """Processors and memory in GB of a container task, in the steps that are sold: a quarter, half or whole number."""
    vcpu = shape.vcpu if shape.vcpu is not None else float(shape.workers)
    sold = next((v for v in (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0) if v >= vcpu), 16.0)
    steps = math.ceil(memory_mb(shape, work) / _TASK_STEP_MB)
    gb = max(steps * _TASK_STEP_MB / 1_024, 2 * sold)  # at least 2 GB for each processor
    return Decimal(repr(sold)), Decimal(repr(gb))


def instance(prices: PriceList, shape: Shape, work: Work, role: str) -> Price | Machine:
    """The instance or machine that a replica runs on: the one named, or the cheapest that is large enough."""
    if shape.instance in prices.machines and role == "instance.hour":
        return prices.machines[shape.instance]
    if shape.instance:
        return prices.price(role, shape.instance)
    vcpu, gib = shape.vcpu or shape.workers, memory_mb(shape, work) / 1_024
    fitting = [p for p in prices.with_role(role) if (p.vcpu or 0) >= vcpu and (p.memory_gib or 0) >= gib]
    if fitting:
        return fitting[0]
    own = [m for m in prices.machines.values() if m.vcpu >= vcpu and m.memory_gib >= gib]
    if own and role == "instance.hour":
        return min(own, key=lambda machine: (machine.purchase_usd, machine.id))
    needs = f"{vcpu:g} processors and {gib:.1f} GiB"
    rule = f"has none in {prices.name} that is large enough ({needs})"
    raise InvalidValue("instance", role, rule, "name one in cost.instance, lower the workers, or choose another list")


def _replicas_of_a_unit(shape: Shape, work: Work, month: Month, share: float) -> float:
    if shape.busy_share is None:
        busy = _erlangs(month.peak_rps, work) * share
        needed = math.ceil(busy * (1 + month.headroom_share) / shape.workers - 1e-9)
        return float(max(needed, shape.least) + month.redundancy)
    by_hour = [_wanted(rate, shape, work, share) + month.redundancy for rate in month.by_hour_rps]
    return sum(by_hour) / len(by_hour)


def _most_of_a_unit(shape: Shape, work: Work, month: Month, share: float) -> int:
    if shape.busy_share is None:
        return round(_replicas_of_a_unit(shape, work, month, share))
    return _wanted(month.peak_rps, shape, work, share) + month.redundancy


def _wanted(rate_rps: float, shape: Shape, work: Work, share: float) -> int:
    assert shape.busy_share is not None
    needed = math.ceil(_erlangs(rate_rps, work) * share / (shape.workers * shape.busy_share) - 1e-9)
    return min(max(needed, shape.least), shape.most or needed + shape.least)


def _erlangs(rate_rps: float, work: Work) -> float:
    return rate_rps * work.service_s
