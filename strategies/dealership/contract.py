"""What the dealership's components have in common: a document in, a document out, and others asked by name."""

from abc import ABC, abstractmethod
from typing import Any, Literal, Protocol

from data.errors import DrydockError

COMPONENTS = ("gateway", "customers", "features", "model", "ranking")
"""In the order in which a request meets them."""
Form = Literal["monolith", "microservices"]
FORMS: tuple[Form, ...] = ("monolith", "microservices")
Document = dict[str, Any]


class Unknown(DrydockError):
    """A component was asked about something that there is not; its text is for the customer."""


class Ask(Protocol):
    """How a component reaches another: within the process, or over the network."""

    async def __call__(self, component: str, document: Document) -> Document: ...


class Component(ABC):
    """One of the five; it knows nothing of where the others run."""

    @abstractmethod
    async def answer(self, document: Document) -> Document:
        """Its answer; raises `Unknown` for what it cannot find."""
