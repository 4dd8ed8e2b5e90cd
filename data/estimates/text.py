"""Figures as people read them: three digits, the interval, n; and no number where there is none to show."""

from data.estimate import Figure, TooFew

_SHARE = "share"


def as_text(figure: Figure | None, *, interval: bool = True) -> str:
    """A figure in words.

    >>> from data.estimate import Estimate
    >>> as_text(Estimate(12.345, 11.9, 12.87, 4000, "ms"))
    '12.3 ms (11.9–12.9, n=4,000)'
    >>> as_text(Estimate(0.012, 0.0098, 0.0145, 4000, "share"))
    '1.20% (0.980–1.45, n=4,000)'
    >>> as_text(Estimate(9.0, 9.0, 9.0, 21, "alarms"))
    '9 alarms (n=21)'
    >>> as_text(TooFew("p99", 100, 368))
    'not estimable (n=100, needs 368)'
    >>> as_text(None)
    'not measured'
    """
    if figure is None:
        return "not measured"
    if isinstance(figure, TooFew):
        return f"not estimable (n={figure.n:,}, needs {figure.needs:,})"
    if figure.unit != _SHARE and figure.low == figure.value == figure.high and float(figure.value).is_integer():
        counted = f"{figure.value:,.0f} {figure.unit}".strip()  # a count has no digits to round, and no interval
        return f"{counted} (n={figure.n:,})" if interval else counted
    scale, unit = (100.0, "%") if figure.unit == _SHARE else (1.0, f" {figure.unit}")
    text = f"{digits(figure.value * scale)}{unit}"
    if not interval:
        return text
    return f"{text} ({digits(figure.low * scale)}–{digits(figure.high * scale)}, n={figure.n:,})"


def digits(value: float) -> str:
    """Three significant digits, without an exponent where people would not write one.

    >>> [digits(v) for v in (0, 0.04567, 1.005, 12.34, 999.7, 12345.6)]
    ['0', '0.0457', '1.00', '12.3', '1,000', '12,346']
    """
    if value == 0:
        return "0"
    if abs(value) < 1e-4:
        return f"{value:.2e}"
    rounded = float(f"{value:.2e}")
    if abs(rounded) >= 100:
        return f"{value:,.0f}"
    places = next(p for p in range(8) if abs(rounded) * 10**p >= 100 - 1e-9)
    return f"{value:.{places}f}"
