"""Money in exact decimal numbers: sums are exact, and only what is shown is rounded."""

from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from typing import Any

HOURS_A_MONTH = Decimal(730)
"""8,760 hours of a year over 12 months; some comparisons count 720 (30 days) instead."""
_CENT = Decimal("0.01")
_EXACT = Context(prec=60)


def decimal(value: Any) -> Decimal:
    """A number as an exact decimal; a float by its shortest text, so that 0.1 is a tenth."""
    if isinstance(value, Decimal):
        return value
    return Decimal(value) if isinstance(value, int) else Decimal(repr(float(value)))


def cents(value: Decimal) -> Decimal:
    """Rounded to whole cents, halves away from zero, as invoices are.

    >>> str(cents(Decimal("18.735")))
    '18.74'
    """
    return value.quantize(_CENT, ROUND_HALF_UP, context=_EXACT)


def product(*factors: Decimal) -> Decimal:
    """The product of all, to 60 digits."""
    with localcontext(_EXACT):
        result = Decimal(1)
        for factor in factors:
            result *= factor
        return result


def total(values: Any) -> Decimal:
    """The sum of all, to 60 digits."""
    with localcontext(_EXACT):
        return sum(values, Decimal(0))


def quotient(a: Decimal, b: Decimal) -> Decimal:
    """a over b, to 60 digits."""
    with localcontext(_EXACT):
        return a / b


def number(value: Decimal) -> str:
    """A quantity or price as people read it: thousands apart, no digits that say nothing.

    >>> number(Decimal("1100000.000")), number(Decimal("0.0000166667"))
    ('1,100,000', '0.0000166667')
    """
    short = value.quantize(Decimal("1e-10"), ROUND_HALF_UP, context=_EXACT) if value else Decimal(0)
    if abs(short) >= 1_000:
        short = short.quantize(_CENT, ROUND_HALF_UP, context=_EXACT)
    text = f"{short:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def usd(value: Decimal) -> str:
    """An amount as people read it, in whole cents.

    >>> usd(Decimal("1234.5"))
    '1,234.50 USD'
    """
    return f"{cents(value):,f} USD"
