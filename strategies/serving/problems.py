"""Why a request is refused: what every protocol puts into its own words."""

from collections.abc import Mapping
from typing import Any

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

    def document(self) -> dict[str, Any]:
        """As RFC 9457 writes it, with field, value, rule, remedy and row where there is one."""
        document: dict[str, Any] = {
            "type": f"urn:drydock:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        found = {k: getattr(self, k) for k in ("field", "value", "rule", "remedy")}
        document |= {name: value for name, value in found.items() if value}
        return document if self.row is None else document | {"row": self.row}

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
