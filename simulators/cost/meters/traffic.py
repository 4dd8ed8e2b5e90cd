"""Whatever stands between users and the model, and what goes through it."""

from decimal import Decimal

from simulators.cost.bill import Used
from simulators.cost.money import number, product, quotient

GB = Decimal(2**30)
LCU_CONNECTIONS = Decimal(25)
"""New connections per second that one capacity unit of a load balancer covers."""
_HOUR = Decimal(3_600)


def gateway(requests: Decimal) -> tuple[Used, ...]:
    """An API gateway in front of functions."""
    return (Used("gateway.requests", requests),)


def balancer(rate_rps: Decimal, payload_bytes: Decimal, hours: Decimal, count: int = 1) -> tuple[Used, ...]:
    """A load balancer: its hours, and capacity units by whichever is more, new connections or bytes.

    A unit covers 25 new connections a second or 1 GB an hour. Every request is taken for a new connection, which is
    the most it can be.
    """
    by_connections = quotient(rate_rps, LCU_CONNECTIONS)
    by_bytes = quotient(product(rate_rps, payload_bytes, _HOUR), GB)
    units = max(by_connections, by_bytes)
    why = "connections" if by_connections >= by_bytes else "bytes"
    return (
        Used("balancer.hour", product(Decimal(count), hours), f"{count} × {number(hours)} hours"),
        Used(
            "balancer.capacity_hour", product(units, hours), f"{number(units)} units by {why} × {number(hours)} hours"
        ),
    )


def broker(count: int, hours: Decimal) -> tuple[Used, ...]:
    """Brokers of a message stream."""
    return (Used("broker.hour", product(Decimal(count), hours), f"{count} brokers × {number(hours)} hours"),)


def storage(gb: Decimal, how: str = "") -> tuple[Used, ...]:
    """What is kept all month."""
    return (Used("storage.gb_month", gb, how),)


def data_out(requests: Decimal, answer_bytes: Decimal) -> tuple[Used, ...]:
    """Answers that leave for the internet."""
    gb = quotient(product(requests, answer_bytes), GB)
    return (Used("egress.gb", gb, f"{number(requests)} answers × {number(answer_bytes)} bytes"),)
