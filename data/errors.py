"""Every error Drydock raises on purpose.

    DrydockError
    ├── InvalidValue          a value breaks a rule
    │   ├── InvalidFile       ... inside a file that someone gave us, with each place
    │   ├── InvalidRow        ... inside one of many rows
    │   └── InvalidScenario   ... inside a scenario file
    ├── DiscoveryError        a kind's file cannot be used
    │   └── UnknownKind       no kind has that name
    ├── NotEstimable          too few samples for the figure asked for
    ├── Cancelled             the user stopped it
    └── Unavailable           something this machine lacks, with how to get it

An error names the value received, the rule it breaks and the remedy, so that nobody has to read our code to go on.
"""

from collections.abc import Iterable
from dataclasses import dataclass


class DrydockError(Exception):
    """Root of all errors that Drydock raises on purpose."""


class InvalidValue(DrydockError):
    """A value breaks a rule.

    >>> raise InvalidValue("rate_rps", -3, "must be above 0", "give the mean number of requests per second")
    Traceback (most recent call last):
    ...
    data.errors.InvalidValue: rate_rps = -3 must be above 0: give the mean number of requests per second.
    """

    def __init__(self, name: str, value: object, rule: str, remedy: str) -> None:
        self.name, self.value, self.rule, self.remedy = name, value, rule, remedy.rstrip(".")
        super().__init__(f"{name} = {_short(value)} {rule}: {self.remedy}.")

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.name, self.value, self.rule, self.remedy)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file.

    >>> str(Problem(12, "price", "cheap", "is not a number"))
    "line 12, column price: 'cheap' is not a number"
    """

    line: int
    """Line of the text file, from 1; for a Parquet file the row, from 1. 0 where the whole file is meant."""
    column: str
    """The column's name; empty where the whole line is meant."""
    value: str
    rule: str
    place: str = "line"

    def __str__(self) -> str:
        where = [f"{self.place} {self.line}"] if self.line else []
        where += [f"column {self.column}"] if self.column else []
        if not where and not self.value:
            return f"it {self.rule}"
        return f"{', '.join(where) or 'the file'}: {_short(self.value)} {self.rule}"


class InvalidFile(InvalidValue):
    """A file is not what it should be; `problems` are the first of them, `total` is how many there are."""

    SHOWN = 5

    def __init__(self, file: str, problems: tuple[Problem, ...], remedy: str, total: int | None = None) -> None:
        self.problems, self.total = problems, len(problems) if total is None else total
        first = problems[0]
        super().__init__(file, first.value, first.rule, remedy)
        shown = "; ".join(str(problem) for problem in problems[: self.SHOWN])
        more = f"; and {self.total - self.SHOWN:,} more" if self.total > self.SHOWN else ""
        self.args = (f"{file}: {shown}{more}. {self.remedy[:1].upper()}{self.remedy[1:]}.",)

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.name, self.problems, self.remedy, self.total)


class InvalidRow(InvalidValue):
    """A value in one of many rows breaks a rule; `row` counts from 0, `name` is the feature's.

    >>> raise InvalidRow(3, "price", "cheap", "must be a number", "send a number")
    Traceback (most recent call last):
    ...
    data.errors.InvalidRow: row 3: price = 'cheap' must be a number: send a number.
    """

    def __init__(self, row: int, name: str, value: object, rule: str, remedy: str) -> None:
        super().__init__(name, value, rule, remedy)
        self.row = row
        self.args = (f"row {row}: {self.args[0]}",)

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.row, self.name, self.value, self.rule, self.remedy)


class InvalidScenario(InvalidValue):
    """A value in a scenario breaks a rule; `line` is its line in the TOML file, where the text is known.

    `others` are further values that break one; the message tells all, a line each.
    """

    def __init__(
        self,
        name: str,
        value: object,
        rule: str,
        remedy: str,
        line: int | None = None,
        others: "tuple[InvalidScenario, ...]" = (),
    ) -> None:
        super().__init__(name, value, rule, remedy)
        self.line, self.others = line, others
        own = self.args[0] if line is None else f"line {line}: {self.args[0]}"
        self.args = ("\n".join([own, *map(str, others)]),)

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.name, self.value, self.rule, self.remedy, self.line, self.others)


class DiscoveryError(DrydockError):
    """A kind's file cannot be used: it fails to import, defines no kind or several, or repeats a name."""


class UnknownKind(DiscoveryError):
    """No kind of this family has that name.

    >>> raise UnknownKind("strategy", "apu", ["api", "embedded"])
    Traceback (most recent call last):
    ...
    data.errors.UnknownKind: no strategy is named 'apu': choose one of api, embedded.
    """

    def __init__(self, family: str, name: str, known: Iterable[str]) -> None:
        self.family, self.name, self.known = family, name, sorted(known)
        super().__init__(f"no {family} is named {name!r}: choose one of {', '.join(self.known) or '(none exist)'}.")

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.family, self.name, self.known)


class NotEstimable(DrydockError):
    """There are too few samples for the figure asked for; `n` were there, `needs` are required."""

    def __init__(self, figure: str, n: int, needs: int) -> None:
        self.figure, self.n, self.needs = figure, n, needs
        super().__init__(f"{figure} is not estimable (n={n:,}, needs {needs:,}).")

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.figure, self.n, self.needs)


class Cancelled(DrydockError):
    """The user stopped the work; whatever had begun was cleaned up."""


class Unavailable(DrydockError):
    """Something this machine lacks; the message says what, and how to get it."""

    def __init__(self, what: str, remedy: str) -> None:
        self.what, self.remedy = what, remedy.rstrip(".")
        super().__init__(f"{what}: {self.remedy}.")

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.what, self.remedy)


def _short(value: object, limit: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
