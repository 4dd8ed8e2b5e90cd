"""None: the new version is as good as the old one. It shows how often a release goes wrong by itself."""

from dataclasses import dataclass
from typing import ClassVar

from strategies.releases.faults.contract import Fault


@dataclass(slots=True)
class NoFault(Fault):
    title: ClassVar[str] = "No fault"
    summary: ClassVar[str] = "The new version is as good as the old one: a rollback would be a false alarm."
