"""A price list in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from data.errors import InvalidValue
from data.prices.units import ROLES, UNITS

Confidence = Literal["high", "medium", "low"]
DAYS_A_MONTH = 30.4375
OLD_MONTHS = 18
"""From this age on a price is shown with a warning: providers change theirs about once in so long."""


@dataclass(frozen=True, slots=True)
class Dated:
    """What every entry of a list says about itself."""

    id: str
    item: str
    as_of: str
    """Year, year and month, or day."""
    confidence: Confidence
    source: str

    def age_months(self, today: date) -> float:
        """Months since the earliest day that `as_of` can mean."""
        year, month, day = (*(int(part) for part in self.as_of.split("-")), 1, 1)[:3]
        return max((today - date(year, month, day)).days / DAYS_A_MONTH, 0.0)


@dataclass(frozen=True, slots=True)
class Price(Dated):
    """What one unit of something costs."""

    role: str
    """What part of a bill takes it, a key of `ROLES`; empty for a price that is only chosen by its id."""
    unit: str
    usd: Decimal
    """US dollars for one `unit`, exactly as the list writes it."""
    first: Decimal | None = None
    """The price holds for so many a month (counted as `measure` says); what comes beyond is billed at it too, and the
    bill says so."""
    vcpu: Decimal | None = None
    memory_gib: Decimal | None = None
    """Size of an instance."""
    step_ms: int = 1
    """A duration is rounded up to a multiple of this."""
    least_ms: int = 0
    """The shortest duration that is billed."""
    step_mb: int = 1
    """A function's memory is rounded up to a multiple of this."""

    @property
    def measure(self) -> str:
        """What is counted, such as ``requests``."""
        return UNITS[self.unit][0]

    @property
    def per(self) -> Decimal:
        """How many of it the price is for."""
        return UNITS[self.unit][1]


@dataclass(frozen=True, slots=True)
class Allowance(Dated):
    """What costs nothing each month, where a free tier is counted."""

    role: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Machine(Dated):
    """A machine of one's own: bought, written off over its life, powered and looked after."""

    vcpu: Decimal
    memory_gib: Decimal
    purchase_usd: Decimal
    life_years: Decimal
    power_w: Decimal
    """Mean draw, all day."""
    usd_per_kwh: Decimal
    pue: Decimal = Decimal(1)
    """Energy of the whole room over that of the machine (power usage effectiveness)."""
    staff_hours_per_month: Decimal = Decimal(0)
    """Work on this machine by its owner."""


@dataclass(frozen=True, slots=True)
class PriceList:
    """One provider's prices in one region, or a team's own."""

    name: str
    title: str
    provider: str
    region: str
    prices: Mapping[str, Price] = field(default_factory=dict)
    """By id."""
    allowances: Mapping[str, Allowance] = field(default_factory=dict)
    """By role."""
    machines: Mapping[str, Machine] = field(default_factory=dict)
    """By id."""

    def with_role(self, role: str) -> tuple[Price, ...]:
        """All prices that a part of a bill can take, cheapest first."""
        return tuple(sorted((p for p in self.prices.values() if p.role == role), key=lambda p: (p.usd, p.id)))

    def has(self, role: str) -> bool:
        return any(price.role == role for price in self.prices.values())

    def price(self, role: str, id: str = "") -> Price:
        """The price for a part of a bill: that of `id`, or the only one there is.

        Raises `InvalidValue` where the list has none, or several and none was named.
        """
        known = self.with_role(role)
        named = [price for price in known if price.id == id] if id else list(known)
        if len(named) == 1:
            return named[0]
        what = ROLES.get(role, role)
        if id:
            there = ", ".join(price.id for price in known) or "none"
            raise InvalidValue("price", id, f"is not a price of {self.name} for {what!r}", f"choose from: {there}")
        if not named:
            rule = f"has no price in {self.name} ({what})"
            raise InvalidValue("price", role, rule, "choose another list, or add the price to one of your own")
        raise InvalidValue(
            "price", role, f"has several prices in {self.name} ({what})",
            f"name one of {', '.join(price.id for price in known)}",
        )  # fmt: skip

    @property
    def entries(self) -> tuple[Dated, ...]:
        return (*self.prices.values(), *self.allowances.values(), *self.machines.values())

    def age_months(self, today: date) -> tuple[float, float]:
        """Age of the newest and of the oldest entry."""
        ages = [entry.age_months(today) for entry in self.entries]
        return min(ages), max(ages)

    def changed(self, id: str, usd: Decimal) -> "PriceList":
        """The same list with another price for one id."""
        from dataclasses import replace

        return replace(self, prices={**self.prices, id: replace(self.prices[id], usd=usd)})
