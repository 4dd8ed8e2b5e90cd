"""The contract of a kind of deployment files: a shipment goes in, files come out.

One file in simulators/shipping/files/ is one kind; the file's name is its name. A kind writes everything under paths
of its own, and says for which candidates it makes sense.
"""

import textwrap
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import yaml

from simulators.shipping.shipment import Shipment

Files = Mapping[str, bytes]
"""Path, with forward slashes, to content."""


class FileKind(ABC):
    """A kind of files."""

    title: ClassVar[str]
    summary: ClassVar[str]
    """What they are for and how they are used, in one or two sentences."""
    strategies: ClassVar[tuple[str, ...]] = ("api",)
    """Strategies that it makes sense for."""
    use: ClassVar[str]
    """The command that puts them to use."""

    def why_not(self, shipment: Shipment) -> str:
        """Empty where the files make sense; otherwise why they do not, for people to read."""
        if shipment.candidate.strategy in self.strategies:
            return ""
        return f"It is for the strategies {' and '.join(self.strategies)}, and this is {shipment.candidate.strategy}."

    @abstractmethod
    def files(self, shipment: Shipment) -> Files:
        """The files."""


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, and no aliases: files are read by people."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def as_yaml(*documents: Mapping[str, Any], about: str = "") -> bytes:
    """Documents as YAML, in the order of their keys as given, under a comment that says what they are."""
    head = "".join(f"# {line}\n" for line in textwrap.wrap(about, 110))
    body = yaml.dump_all(documents, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)
    return (head + body).encode()
