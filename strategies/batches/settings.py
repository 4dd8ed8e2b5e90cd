"""What only the batch strategy knows."""

from dataclasses import dataclass, fields, replace

from data.discovery import kind
from data.errors import InvalidValue
from strategies.batches.engines.contract import Engine
from strategies.contract import Limits

_MOST = 100_000_000


@dataclass(frozen=True, slots=True)
class Settings:
    """When a job begins, and where it computes."""

    every_s: float = 0.0
    """Seconds between jobs, counted from the deployment's start; 0 waits for the end of the requests."""
    max_rows: int = 0
    """A job begins as soon as so many requests wait; 0 sets no number."""
    engine: str = "processes"

    @classmethod
    def of(cls, limits: Limits) -> "Settings":
        """The settings in `limits`; an unknown name or a value out of bounds is refused."""
        known = {field.name for field in fields(cls)}
        for name, value in limits.settings.items():
            if name not in known:
                rule, remedy = "is not a setting of batch", f"choose from {', '.join(sorted(known))}"
                raise InvalidValue(name, value, rule, remedy)
            if name != "engine":
                kinds = (int, float) if name == "every_s" else (int,)
                if isinstance(value, bool) or not isinstance(value, kinds) or not 0 <= value <= _MOST:
                    number = "number" if float in kinds else "whole number"
                    raise InvalidValue(name, value, f"must be a {number} from 0 to {_MOST:,}", "correct the setting")
        found = replace(cls(), **limits.settings)  # type: ignore[arg-type]
        kind("strategies.batches.engines", Engine, str(found.engine))  # type: ignore[type-abstract]
        return found
