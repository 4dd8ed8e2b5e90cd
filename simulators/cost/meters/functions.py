"""Functions: memory size times billed duration, and requests.

Each provider rounds durations and sizes in its own way; the price says how (`step_ms`, `least_ms`, `step_mb`). AWS
bills the initialisation of an instance with the request that waited for it, for zip packages too since 2025-08-01.
"""

import math
from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from data.prices import Price, PriceList
from simulators.cost.bill import Used
from simulators.cost.money import decimal, number, product, quotient

MB_PER_GB = Decimal(1_024)
_SECOND = Decimal(1_000)


def billed_ms(milliseconds: float, price: Price) -> int:
    """One duration as it is billed.

    >>> from data.prices import price_list
    >>> billed_ms(100.1, price_list("aws-us-east-1").price("function.gb_s"))
    101
    """
    # What binary fractions cannot say must not cost a step more.
    steps = math.ceil(round(max(milliseconds, price.least_ms) / price.step_ms, 9))
    return int(steps * price.step_ms)


def billed_mb(memory_mb: int, price: Price) -> int:
    """A memory size as it is billed."""
    return math.ceil(memory_mb / price.step_mb) * price.step_mb


def mean_billed_ms(milliseconds: Sequence[float], price: Price) -> Decimal:
    """Mean of what each of these durations is billed: rounding up first, averaging afterwards."""
    values = np.maximum(np.asarray(milliseconds, np.float64), price.least_ms)
    steps = np.ceil(np.round(values / price.step_ms, 9)) * price.step_ms
    return decimal(float(steps.mean()))


def billed_gb_s(requests: Decimal, ms: Decimal, memory_mb: int) -> Decimal:
    """GB-seconds of requests that are billed so many milliseconds each; a GB has 1,024 MB."""
    return quotient(product(requests, ms, Decimal(memory_mb)), product(_SECOND, MB_PER_GB))


def functions(
    prices: PriceList,
    *,
    requests: Decimal,
    ms: Decimal,
    memory_mb: int,
    vcpu: Decimal = Decimal(1),
    cold_starts: Decimal = Decimal(0),
    init_ms: Decimal = Decimal(0),
    managed: bool = False,
) -> tuple[Used, ...]:
    """What functions use.

    Parameters
    ----------
    ms
        Mean billed duration of a request, rounded as the provider does, without initialisation.
    vcpu
        Processors of an instance, where they are billed apart from memory.
    cold_starts, init_ms
        How many requests waited for an instance, and the mean duration that each initialisation is billed.
    managed
        Whether a managed endpoint runs them, at a price of its own.
    """
    role = "endpoint.gb_s" if managed else "function.gb_s"
    asked = () if managed else (Used("function.requests", requests),)
    starts = cold_starts if init_ms else Decimal(0)
    if not managed and not prices.has(role) and prices.has("function.vcpu_s"):
        seconds = quotient(product(requests, ms) + product(starts, init_ms), _SECOND)
        gib = quotient(Decimal(memory_mb), MB_PER_GB)
        how = f"{number(requests)} requests × {number(ms)} ms" + _said(starts, init_ms)
        return (
            Used("function.vcpu_s", product(seconds, vcpu), f"({how}) × {number(vcpu)} vCPU"),
            Used("function.gib_s", product(seconds, gib), f"({how}) × {number(gib)} GiB"),
            *asked,
        )
    mb = billed_mb(memory_mb, prices.price(role))
    amount = billed_gb_s(requests, ms, mb) + billed_gb_s(starts, init_ms, mb)
    how = f"({number(requests)} requests × {number(ms)} ms{_said(starts, init_ms)}) × {mb:,} MB"
    return (Used(role, amount, how), *asked)


def provisioned(
    *, instances: Decimal, memory_mb: int, hours: Decimal, requests: Decimal, ms: Decimal
) -> tuple[Used, ...]:
    """What instances that are kept ready use, whether they serve or not; `ms` is what each request is billed."""
    gb = quotient(Decimal(memory_mb), MB_PER_GB)
    idle = product(instances, gb, hours, Decimal(3_600))
    how = f"{number(instances)} instances × {memory_mb:,} MB × {number(hours)} hours"
    return (
        Used("function.provisioned_gb_s", idle, how),
        Used(
            "function.provisioned_duration_gb_s", billed_gb_s(requests, ms, memory_mb),
            f"{number(requests)} requests × {number(ms)} ms × {memory_mb:,} MB",
        ),
        Used("function.requests", requests),
    )  # fmt: skip


def _said(starts: Decimal, init_ms: Decimal) -> str:
    return f" + {number(starts)} cold starts × {number(init_ms)} ms" if starts else ""
