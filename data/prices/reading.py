"""A price list out of its TOML text, with the line, value, rule and remedy of all that is wrong with it."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError
from pydantic_core import PydanticCustomError

from data.errors import InvalidFile
from data.errors import Problem as Place
from data.prices.model import Allowance, Machine, Price, PriceList
from data.prices.units import ROLES, UNITS
from data.scenario.lines import Path, key_lines, line_of
from data.scenario.parts import Name, Part, Text
from data.scenario.problems import Fields, Problem, problems_of

_ID = re.compile(r"[a-z0-9][a-z0-9_.-]{0,79}")
_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
MOST_ENTRIES = 2_000


def _is_id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise PydanticCustomError("id", "must be 1 to 80 of a–z, 0–9, _, . and -, beginning with a letter or digit")
    return text


def _is_date(text: str) -> str:
    if not _DATE.fullmatch(text):
        raise PydanticCustomError("date", "must be a year, a month or a day, such as 2026-03")
    return text


def _is_unit(text: str) -> str:
    if text not in UNITS:
        remedy = {"remedy": f"choose one of {', '.join(UNITS)}"}
        raise PydanticCustomError("unit", "is not a unit that prices have", remedy)
    return text


def _is_role(text: str) -> str:
    if text and text not in ROLES:
        raise PydanticCustomError("role", "is not a part of a bill", {"remedy": f"choose one of {', '.join(ROLES)}"})
    return text


def _decimal(value: object) -> object:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not (whole or isinstance(value, Decimal)):
        raise PydanticCustomError("decimal", "must be a number")
    return Decimal(value)  # type: ignore[arg-type]


Number = Annotated[Decimal, BeforeValidator(_decimal)]
Id = Annotated[str, AfterValidator(_is_id)]


class _Entry(Part):
    id: Id = Field(description="A name that no other entry of the list has.")
    item: Text = Field(min_length=1, description="What it is, for people.")
    as_of: Annotated[str, AfterValidator(_is_date)] = Field(description="When it was so: a year, month or day.")
    confidence: Literal["high", "medium", "low"] = Field(description="How far it is to be trusted.")
    source: Text = Field(min_length=1, description="Where it was read.")


class _PriceRow(_Entry):
    role: Annotated[str, AfterValidator(_is_role)] = Field("", description="The part of a bill that takes it.")
    unit: Annotated[str, AfterValidator(_is_unit)] = Field(description="What one price pays for.")
    usd: Number = Field(ge=0, le=1_000_000, description="The price of one unit in US dollars.")
    first: Number | None = Field(None, gt=0, description="How many a month the price holds for.")
    vcpu: Number | None = Field(None, gt=0, description="An instance's virtual processors.")
    memory_gib: Number | None = Field(None, gt=0, description="An instance's memory in GiB.")
    step_ms: int = Field(1, ge=1, le=60_000, description="What a duration is rounded up to, in ms.")
    least_ms: int = Field(0, ge=0, le=60_000, description="The shortest duration that is billed, in ms.")
    step_mb: int = Field(1, ge=1, le=10_240, description="What a function's memory is rounded up to, in MB.")


class _AllowanceRow(_Entry):
    role: Annotated[str, AfterValidator(_is_role)] = Field(min_length=1, description="The part of a bill it is for.")
    quantity: Number = Field(gt=0, description="How many cost nothing each month.")


class _MachineRow(_Entry):
    vcpu: Number = Field(gt=0, description="The number of processor threads.")
    memory_gib: Number = Field(gt=0, description="The memory in GiB.")
    purchase_usd: Number = Field(ge=0, description="The purchase price in US dollars.")
    life_years: Number = Field(gt=0, le=50, description="The years over which it is written off.")
    power_w: Number = Field(ge=0, description="The mean power that it draws, in watts.")
    usd_per_kwh: Number = Field(ge=0, description="The price of electricity.")
    pue: Number = Field(Decimal(1), ge=1, le=5, description="Energy of the whole room over the machine's own.")
    staff_hours_per_month: Number = Field(Decimal(0), ge=0, description="Hours of work on it in a month.")


class _ListFile(Part):
    name: Name = Field(description="What scenarios call the list.")
    title: Text = Field("", description="What people call it.")
    provider: Text = Field(min_length=1, description="Whose prices they are.")
    region: Text = Field(min_length=1, description="Where they hold.")
    prices: tuple[_PriceRow, ...] = Field((), strict=False, max_length=MOST_ENTRIES, description="Tables [[prices]].")
    allowances: tuple[_AllowanceRow, ...] = Field((), strict=False, max_length=200, description="Free tiers.")
    machines: tuple[_MachineRow, ...] = Field((), strict=False, max_length=200, description="Machines of one's own.")


_FIELDS: Mapping[Path, Fields] = {
    (): _ListFile.model_fields,
    ("prices", 0): _PriceRow.model_fields,
    ("allowances", 0): _AllowanceRow.model_fields,
    ("machines", 0): _MachineRow.model_fields,
}


def read_price_list(text: str, file: str = "price list") -> PriceList:
    """The list that a TOML text holds; numbers are taken exactly as they are written.

    Raises `InvalidFile`, which tells the line, value, rule and remedy of the first things wrong.
    """
    try:
        raw = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        line = re.search(r"at line (\d+)", str(error))
        problem = Place(int(line[1]) if line else 0, "", "", f"is not TOML ({error})")
        raise InvalidFile(file, (problem,), "mend this line") from None
    try:
        found = _ListFile.model_validate(raw)
    except ValidationError as error:
        raise _refused(file, problems_of(error.errors(include_url=False), raw, _FIELDS), text) from None
    if problems := list(_repeated(found, raw)):
        raise _refused(file, problems, text)
    return _built(found)


def _refused(file: str, problems: Iterable[Problem], text: str) -> InvalidFile:
    lines = key_lines(text)
    places = [
        Place(
            line_of(lines, problem.path) or 0, str(problem.path[-1]) if problem.path else "", _shown(problem.value),
            f"{problem.rule}: {problem.remedy}",
        )
        for problem in problems
    ]  # fmt: skip
    places.sort(key=lambda place: place.line)
    return InvalidFile(file, tuple(places), "mend these lines; nothing of the list was kept")


def _shown(value: object) -> str:
    return "" if value is None else str(value)


def _repeated(found: _ListFile, raw: Mapping[str, Any]) -> Iterator[Problem]:
    seen: set[str] = set()
    for family in [name for name in raw if name in ("prices", "allowances", "machines")]:
        rows: tuple[_Entry, ...] = getattr(found, family)
        for place, row in enumerate(rows):
            if row.id in seen:
                yield Problem((family, place, "id"), row.id, "is another entry's id too", "give each an id of its own")
            seen.add(row.id)
    if not (found.prices or found.machines):
        yield Problem((), "", "holds neither prices nor machines", "add a table [[prices]] or [[machines]]")


def _built(found: _ListFile) -> PriceList:
    def values(row: BaseModel) -> dict[str, Any]:
        return {name: getattr(row, name) for name in type(row).model_fields}

    return PriceList(
        found.name,
        found.title or found.name,
        found.provider,
        found.region,
        {row.id: Price(**values(row)) for row in found.prices},
        {row.role: Allowance(**values(row)) for row in found.allowances},
        {row.id: Machine(**values(row)) for row in found.machines},
    )
