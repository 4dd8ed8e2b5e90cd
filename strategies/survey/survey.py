"""One strategy on one host, as it was found when it ran."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from data.home import home
from data.store.run import now
from strategies.survey.parts import Parts
from strategies.survey.taking_up import TakingUp

FOLDER = "surveys"


@dataclass(frozen=True, slots=True)
class Survey:
    """What a strategy is made of and how it took a new model up."""

    strategy: str
    host: str
    workers: int
    made_at: str
    """Moment in UTC, ISO 8601."""
    parts: Parts
    needs_deployment: bool
    """Whether a new model reaches users only with a new release of the application."""
    taking_up: TakingUp | None
    """None where the application must be released for it."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "strategy": self.strategy, "host": self.host, "workers": self.workers, "made_at": self.made_at,
            "parts": self.parts.to_dict(), "needs_deployment": self.needs_deployment,
            "taking_up": self.taking_up.to_dict() if self.taking_up else None,
        }  # fmt: skip

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "Survey":
        taking_up = value["taking_up"]
        return cls(
            **{
                **value,
                "parts": Parts.from_dict(value["parts"]),
                "taking_up": TakingUp.from_dict(taking_up) if taking_up else None,
            }
        )

    @property
    def update_steps(self) -> int:
        """What somebody does for a new model: publish it, and release each unit that it reaches only so."""
        return 1 + int(self.needs_deployment)

    @property
    def total(self) -> int:
        """Everything that was counted, added up; each counts one."""
        parts = self.parts
        counted = len(parts.units) + parts.processes + parts.ports + len(parts.stores) + parts.brokers
        return counted + self.update_steps


def save_survey(survey: Survey) -> None:
    """Keep it for everybody on this machine, in place of an earlier one; it tells nothing of the model."""
    path = home() / FOLDER / f"{survey.strategy}.{survey.host}.json"
    path.parent.mkdir(exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(survey.to_dict(), indent=1) + "\n", encoding="utf-8")
    partial.replace(path)


def read_surveys(host: str = "process") -> dict[str, Survey]:
    """The newest survey of each strategy on that host; one that an older version wrote otherwise is left out."""
    found = {}
    for path in sorted((home() / FOLDER).glob(f"*.{host}.json")):
        try:
            survey = Survey.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, KeyError, TypeError, AttributeError, OSError):
            continue
        found[survey.strategy] = survey
    return found


def made_now(
    strategy: str, host: str, workers: int, parts: Parts, needs_deployment: bool, taking_up: TakingUp | None
) -> Survey:
    """A survey made at this moment."""
    return Survey(strategy, host, workers, now(), parts, needs_deployment, taking_up)
