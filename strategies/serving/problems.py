"""Why a request is refused: what every protocol puts into its own words."""

from collections.abc import Mapping

from data.errors import InvalidRow, InvalidValue

_SHOWN = 120


class Problem(Exception):
    """A request cannot be answered. `status` is the HTTP status; the rest says what was wrong, as far as it applies."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        *,
        field: str = "",
        value: str = "",
        rule: str = "",
        remedy: str = "",
        row: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail = status, title, detail
        self.field, self.value, self.rule, self.remedy, self.row = field, value, rule, remedy, row
        self.headers = dict(headers or {})

    @property
    def code(self) -> str:
        """The title as a stable name for programs."""
        return self.title.lower().replace(" ", "-")

    @classmethod
    def from_value(cls, error: InvalidValue, status: int = 422) -> "Problem":
        """What `InvalidValue` and `InvalidRow` say, as a problem."""
        return cls(
            status,
            "Invalid value",
            _cut(str(error), 600),
            field=_cut(error.name),
            value=_cut(repr(error.value)),
            rule=error.rule,
            remedy=_cut(error.remedy, 600),
            row=error.row if isinstance(error, InvalidRow) else None,
        )


def invalid(field: str, value: object, rule: str, remedy: str) -> InvalidValue:
    """An `InvalidValue` whose value is cut to what can be shown, however large it was sent."""
    return InvalidValue(_cut(field), _Shown(_cut(repr(value))), rule, remedy)


class _Shown(str):
    """A representation that stands for itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _cut(text: str, limit: int = _SHOWN) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
