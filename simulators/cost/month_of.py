"""What a candidate uses in a month of the forecast traffic."""

import math
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache

from data.prices import Machine, Price, PriceList
from simulators.cost.bill import STAFF, Used
from simulators.cost.meters import (
    balancer,
    broker,
    data_out,
    endpoint,
    functions,
    gateway,
    instances,
    own_machines,
    provisioned,
    storage,
    tasks,
)
from simulators.cost.meters.functions import billed_ms, mean_billed_ms
from simulators.cost.money import decimal
from simulators.cost.month import Month
from simulators.cost.shape import Shape, Work
from simulators.cost.sizing import instance, memory_mb, most_replicas, replicas, task_size

_GB = 2**30
_LEAST_JOB_S = 60.0
"""Machines for a job are billed for at least a minute."""


def used_in(shape: Shape, work: Work, month: Month, prices: PriceList) -> tuple[Used, ...]:
    """Everything that somebody bills. Raises `InvalidValue` where the list has nothing to run it on."""
    payload = month.payload_bytes if month.payload_bytes is not None else work.payload_bytes
    found: list[Used] = []
    if shape.platform in ("endpoint", "endpoint_functions") and len(work.shares) == 2:
        # Only the model is on the endpoint; the rest of the application stays on servers of its own.
        servers = replace(shape, platform="machines", instance="", least=1, most=None, busy_share=None)
        found += _replicas(servers, work.of_unit(0), month, prices, payload)
        work = work.of_unit(1)
    if shape.platform in ("functions", "endpoint_functions"):
        found += _functions(shape, work, month, prices)
    else:
        found += _replicas(shape, work, month, prices, payload)
    found += _job(shape, work, month, prices)
    if shape.strategy == "streaming":
        found += broker(month.brokers, _d(month.hours))
    if month.nat_gateways:
        found.append(Used("nat.hour", _d(month.nat_gateways) * _d(month.hours), f"{month.nat_gateways} gateways"))
    kept = work.package_bytes + shape.batch_rows * payload
    if prices.has("storage.gb_month"):
        found += storage(_d(kept / _GB), "model and stored answers")
    if prices.has("egress.gb"):
        found += data_out(_d(month.requests), _d(payload))
    if shape.staff_hours:
        found.append(Used(STAFF, _d(shape.staff_hours), "as stated"))
    return tuple(found)


def cold_share(shape: Shape, month: Month) -> float:
    """Share of requests that wait for an instance: exp(-λT) at the rate of their hour, exact for rare requests.

    With instances kept ready, none is taken to be.
    """
    if shape.provisioned:
        return 0.0
    rates = month.by_hour_rps
    total = sum(rates)
    return sum(rate * math.exp(-rate * shape.idle_expiry_s) for rate in rates) / total if total else 0.0


def release_fleet_hours(release: str, rate_rps: float) -> float:
    """Hours for which a second whole fleet runs while one new version is released, by simulation of a good one."""
    if release in ("basic", "none"):
        return 0.0
    # What a policy takes hardly depends on traffic within a factor of two, and simulating it takes a while.
    return _fleet_hours(release, 2.0 ** round(math.log2(min(max(rate_rps, 0.01), 1_000.0))))


@lru_cache(maxsize=256)
def _fleet_hours(release: str, rate_rps: float) -> float:
    from data.discovery import kind
    from simulators.releases import Traffic, World, simulate_releases
    from strategies.releases.contract import ReleasePolicy

    policy = kind("strategies.releases", ReleasePolicy, release)()  # type: ignore[type-abstract]
    world = World.same(instances=1)
    outcomes = simulate_releases(policy, world, Traffic(rate_rps), releases=20, seed=1, horizon_s=86_400.0)
    return sum(outcome.extra_instance_h for outcome in outcomes) / len(outcomes)


def _functions(shape: Shape, work: Work, month: Month, prices: PriceList) -> list[Used]:
    managed = shape.platform == "endpoint_functions"
    role = "endpoint.gb_s" if managed else "function.gb_s" if prices.has("function.gb_s") else "function.vcpu_s"
    price = prices.price(role)
    again = month.releases * release_fleet_hours(shape.release, month.rate_rps) * 3_600 * month.rate_rps
    mb, each = memory_mb(shape, work), len(work.shares)
    # Where one function calls another, a request is as many invocations, and each is billed by itself.
    requests, ms = _d((month.requests + again) * each), _billed(work, price)
    if shape.provisioned and not managed:
        found = list(provisioned(
            instances=_d(shape.provisioned), memory_mb=mb, hours=_d(month.hours), requests=requests, ms=ms
        ))  # fmt: skip
    else:
        starts = _d(round(month.requests * each * cold_share(shape, month)))
        found = list(functions(
            prices, requests=requests, ms=ms, memory_mb=mb, vcpu=_d(shape.vcpu or 1.0), cold_starts=starts,
            init_ms=_d(billed_ms(work.init_s * 1e3, price) if work.init_s else 0), managed=managed,
        ))  # fmt: skip
    if managed:
        payload = month.payload_bytes if month.payload_bytes is not None else work.payload_bytes
        found.append(Used("endpoint.data_gb", _d(month.requests * payload / _GB)))
    elif prices.has("gateway.requests"):
        found += gateway(_d(month.requests + again))
    return found


def _billed(work: Work, price: Price) -> Decimal:
    """Mean billed duration of an invocation: each rounded up, then averaged."""
    if not work.samples_s:
        return _d(sum(billed_ms(work.service_s * share * 1e3, price) for share in work.shares) / len(work.shares))
    return mean_billed_ms([seconds * share * 1e3 for share in work.shares for seconds in work.samples_s], price)


def _replicas(shape: Shape, work: Work, month: Month, prices: PriceList, payload: int) -> list[Used]:
    count, hours = replicas(shape, work, month), _d(month.hours)
    # A new version of the model doubles the unit that holds the model, and no other.
    extra_h = month.releases * release_fleet_hours(shape.release, month.rate_rps) * count / len(work.shares)
    average = _d(count + extra_h / month.hours)
    found: list[Used] = []
    if shape.platform == "tasks":
        found += tasks(average, hours, *task_size(shape, work))
    elif shape.platform == "endpoint":
        chosen = instance(prices, shape, work, "endpoint.hour")
        found += endpoint(average, hours, _d(month.requests * payload / _GB), chosen.id)
    else:
        chosen = instance(prices, shape, work, "instance.hour")
        own = isinstance(chosen, Machine)
        bought = _d(math.ceil(average - Decimal("1e-9")))
        found += own_machines(bought, hours, chosen.id) if own else instances(average, hours, chosen.id)
    several = most_replicas(shape, work, month) > 1
    if several and shape.platform != "endpoint" and prices.has("balancer.hour") and shape.strategy != "streaming":
        found += balancer(_d(month.rate_rps), _d(payload), hours)
    return found


def _job(shape: Shape, work: Work, month: Month, prices: PriceList) -> list[Used]:
    """The machine that a regular job runs on, while it runs."""
    if shape.batch_every_s is None or not shape.batch_rows:
        return []
    jobs = month.hours * 3_600 / shape.batch_every_s
    lasts_s = max(shape.batch_rows * work.row_s, _LEAST_JOB_S)
    job_h = _d(jobs * min(lasts_s, shape.batch_every_s) / 3_600)
    if prices.has("task.vcpu_hour"):
        vcpu, gb = task_size(shape, work)
        how = f"{jobs:,.0f} jobs × {lasts_s:,.0f} s"
        return [Used("task.vcpu_hour", job_h * vcpu, how), Used("task.gb_hour", job_h * gb, how)]
    chosen = instance(prices, shape, work, "instance.hour")
    # A machine of one's own is there anyway; a rented one is rented for the job.
    return [] if isinstance(chosen, Machine) else list(instances(job_h / _d(month.hours), _d(month.hours), chosen.id))


def _d(value: float) -> Decimal:
    return decimal(value)
