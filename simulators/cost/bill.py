"""A bill: what was used, times its prices, with the arithmetic of every line."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from data.errors import InvalidValue
from data.prices import Machine, Price, PriceList
from data.prices.units import ROLES
from simulators.cost.money import HOURS_A_MONTH, cents, number, product, quotient, total, usd

MACHINE = "machine.hour"
"""The role of a machine of one's own, which a list keeps apart from its prices."""
STAFF = "staff.hour"


@dataclass(frozen=True, slots=True)
class Used:
    """A quantity that somebody bills, in one month."""

    role: str
    """A key of `data.prices.units.ROLES`, or `MACHINE`."""
    amount: Decimal
    """In the unit that its price counts: hours, GB-s, requests …"""
    how: str = ""
    """Where the amount comes from, such as ``3,000,000 requests × 1,000 ms × 512 MB``."""
    id: str = ""
    """Which price or machine, where several have the role."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a bill."""

    part: str
    """What it is for, as `ROLES` words it."""
    item: str
    usd: Decimal
    """Exact; rounded only when shown."""
    arithmetic: str
    price_id: str = ""
    """Empty for an amount that is no listed price's."""
    role: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Bill:
    """What a month costs."""

    lines: tuple[Line, ...]
    requests: Decimal
    """Predictions in the month."""
    hours: Decimal = HOURS_A_MONTH
    """Hours that the month was taken to have."""

    @property
    def exact_usd(self) -> Decimal:
        return total(line.usd for line in self.lines)

    @property
    def usd(self) -> Decimal:
        """The sum, rounded once, to whole cents."""
        return cents(self.exact_usd)

    def usd_per(self, predictions: int) -> Decimal:
        """Exact cost of so many predictions."""
        if not self.requests:
            raise InvalidValue("requests", 0, "has no cost per prediction", "forecast at least one request a month")
        return quotient(product(self.exact_usd, Decimal(predictions)), self.requests)

    def of_role(self, role: str) -> Decimal:
        """Exact sum of the lines of that role."""
        return total(line.usd for line in self.lines if line.role == role)

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(line.note for line in self.lines if line.note))


def bill(
    used: Iterable[Used],
    prices: PriceList,
    *,
    requests: Decimal,
    hours: Decimal = HOURS_A_MONTH,
    free_tier: bool = False,
    staff_usd: Decimal | None = None,
) -> Bill:
    """Price what was used.

    Parameters
    ----------
    used
        Quantities of one month; those of nothing are left out.
    free_tier
        Whether the provider's monthly allowances are taken off; they are an account's, not a deployment's.
    staff_usd
        What an hour of work costs, where the list has no price for it.

    Raises
    ------
    InvalidValue
        The list has no price for something that was used, or several and none was named.
    """
    merged = _merged(used)
    lines: list[Line] = []
    for each in merged:
        if each.role == MACHINE:
            lines += _machine(each, prices, hours, staff_usd)
        elif each.role == STAFF and staff_usd is not None:
            lines.append(_staff(each.amount, each.how, staff_usd))
        elif each.amount:
            lines.append(_line(each, prices, free_tier))
    return Bill(tuple(lines), requests, hours)


def _merged(used: Iterable[Used]) -> list[Used]:
    """One entry for each price; amounts of the same add up, as one allowance is taken off their sum."""
    found: dict[tuple[str, str], Used] = {}
    for each in used:
        key = each.role, each.id
        if key in found:
            before = found[key]
            how = " + ".join(filter(None, (before.how, each.how)))
            found[key] = replace(before, amount=total((before.amount, each.amount)), how=how)
        else:
            found[key] = each
    return list(found.values())


def _line(each: Used, prices: PriceList, free_tier: bool) -> Line:
    price = prices.price(each.role, each.id)
    billed, said = each.amount, _quantity(each, price)
    allowance = prices.allowances.get(each.role) if free_tier else None
    if allowance is not None:
        billed = max(total((each.amount, -allowance.quantity)), Decimal(0))
        said = f"({said} − {number(allowance.quantity)} free)"
    amount = quotient(product(billed, price.usd), price.per)
    unit = price.unit if price.per == 1 else f"{number(price.per)} {price.measure}"
    text = f"{said} × {number(price.usd)} USD per {unit} = {usd(amount)}"
    return Line(ROLES[each.role], price.item, amount, text, price.id, each.role, _beyond(billed, price))


def _quantity(each: Used, price: Price) -> str:
    amount = f"{number(each.amount)} {price.measure}"
    return f"{each.how} = {amount}" if each.how else amount


def _beyond(amount: Decimal, price: Price) -> str:
    """Where a cheaper price begins that the list does not have."""
    if price.first is None or amount <= price.first:
        return ""
    return (
        f"{price.item}: the price holds for the first {number(price.first)} {price.measure} a month; beyond, the "
        "provider asks less, so this line is too high."
    )


def _machine(each: Used, prices: PriceList, hours: Decimal, staff_usd: Decimal | None) -> Sequence[Line]:
    machine = machine_of(prices, each.id)
    count = quotient(each.amount, hours)
    said = f"{number(count)} × "
    purchase = quotient(product(count, machine.purchase_usd), product(machine.life_years, Decimal(12)))
    kwh = quotient(product(machine.power_w, machine.pue, each.amount), Decimal(1_000))
    power = product(kwh, machine.usd_per_kwh)
    lines = [
        Line(
            "Machine of one's own: purchase", machine.item, purchase,
            f"{said}{number(machine.purchase_usd)} USD over {number(machine.life_years)} years × 12 months "
            f"= {usd(purchase)}", machine.id, MACHINE,
        ),
        Line(
            "Machine of one's own: power", machine.item, power,
            f"{number(machine.power_w)} W × {number(machine.pue)} × {number(each.amount)} hours = {number(kwh)} kWh "
            f"× {number(machine.usd_per_kwh)} USD per kWh = {usd(power)}", machine.id, MACHINE,
        ),
    ]  # fmt: skip
    if machine.staff_hours_per_month:
        price = staff_usd if staff_usd is not None else prices.price(STAFF).usd
        worked = product(count, machine.staff_hours_per_month)
        how = f"{said}{number(machine.staff_hours_per_month)} hours on {machine.item}"
        lines.append(_staff(worked, how, price))
    return lines


def machine_of(prices: PriceList, id: str) -> Machine:
    """The machine of that id; `InvalidValue` tells those that the list has."""
    if id not in prices.machines:
        there = ", ".join(prices.machines) or "none"
        raise InvalidValue("machine", id, f"is not in the price list {prices.name}", f"choose from: {there}")
    return prices.machines[id]


def _staff(hours: Decimal, how: str, price: Decimal) -> Line:
    amount = product(hours, price)
    said = f"{how} = {number(hours)} hours" if how else f"{number(hours)} hours"
    return Line(ROLES[STAFF], "Work", amount, f"{said} × {number(price)} USD per hour = {usd(amount)}", "", STAFF)
